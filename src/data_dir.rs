//! Where `stage up` keeps everything: one directory that one program at a time may use.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};

use crate::{failure::Failure, secret};

pub(crate) struct DataDir {
    path: PathBuf,
    /// Held as long as the program lives; the kernel lets go of it however the program ends.
    _lock: File,
}

impl DataDir {
    /// Creates what is missing and takes the lock.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |source| Failure::DataDir { path: path.to_owned(), source };
        private_dir(path).map_err(failed)?;
        let path = path.canonicalize().map_err(failed)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Failure::DataDirInUse(path)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let data = Self { path, _lock: lock };
        for part in ["secrets", "logs", "objects"] {
            data.dir(part)?;
        }
        Ok(data)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn join(&self, part: &str) -> PathBuf {
        self.path.join(part)
    }

    /// A directory in here that only its owner may enter.
    pub(crate) fn dir(&self, part: &str) -> Result<PathBuf, Failure> {
        let path = self.path.join(part);
        private_dir(&path).map_err(|source| Failure::DataDir { path: path.clone(), source })?;
        Ok(path)
    }

    pub(crate) fn secret_path(&self, name: &str) -> PathBuf {
        secret_path(&self.path, name)
    }

    /// The secret of this name, generated at the first time.
    pub(crate) fn secret(&self, name: &str) -> Result<SecretString, Failure> {
        self.secret_or(name, secret::generate)
    }

    pub(crate) fn secret_or(
        &self,
        name: &str,
        new: impl FnOnce() -> SecretString,
    ) -> Result<SecretString, Failure> {
        if let Some(secret) = secret_of(&self.path, name)? {
            return Ok(secret);
        }
        let path = self.secret_path(name);
        let secret = new();
        write_private(&path, secret.expose_secret()).map_err(|source| Failure::DataDir { path, source })?;
        Ok(secret)
    }

    pub(crate) fn log_path(&self, name: &str) -> PathBuf {
        self.path.join("logs").join(format!("{name}.log"))
    }
}

pub(crate) fn secret_path(data: &Path, name: &str) -> PathBuf {
    data.join("secrets").join(name)
}

/// The secret of this name in a data directory, also in one that another process uses.
pub(crate) fn secret_of(data: &Path, name: &str) -> Result<Option<SecretString>, Failure> {
    let path = secret_path(data, name);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(SecretString::from(text.trim()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Failure::DataDir { path, source }),
    }
}

/// Opens a child's log to write at its end; one from before is set aside once it has grown.
pub(crate) fn append(log: &Path) -> Result<File, Failure> {
    const ENOUGH: u64 = 8 << 20;
    let failed = |source| Failure::DataDir { path: log.to_owned(), source };
    if fs::metadata(log).is_ok_and(|found| found.len() > ENOUGH) {
        fs::rename(log, log.with_extension("log.1")).map_err(failed)?;
    }
    OpenOptions::new().create(true).append(true).mode(0o600).open(log).map_err(failed)
}

fn private_dir(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes a file that only its owner may read, whole or not at all.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    // The new name is on the disk only once the directory is.
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}
