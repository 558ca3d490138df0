//! Whom the services run as. PostgreSQL refuses to be root.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::{data_dir::DataDir, failure::Failure};

#[derive(Clone, Copy)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl User {
    /// `None`: as whoever started us. Data of an ordinary user stays theirs when root starts the program later.
    pub(super) fn to_run_as(data: &DataDir) -> Result<Option<Self>, Failure> {
        if !nix::unistd::geteuid().is_root() {
            return Ok(None);
        }
        if let Ok(found) = fs::metadata(data.join("postgres"))
            && found.uid() != 0
        {
            return Ok(Some(Self { uid: found.uid(), gid: found.gid() }));
        }
        let user = ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| nix::unistd::User::from_name(name).ok().flatten())
            .ok_or(Failure::NoUser)?;
        Ok(Some(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
    }
}

/// Gives a file or directory to the user whom a service runs as.
pub(super) fn give(user: Option<&User>, path: &Path) -> Result<(), Failure> {
    let Some(user) = user else { return Ok(()) };
    std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid))
        .map_err(|source| Failure::DataDir { path: path.to_owned(), source })
}

/// A directory that a service can use wherever it is: the services are not root and could not walk through, say,
/// root's home. An open directory needs no walking, and its path is short, which a Unix socket wants (107 bytes).
pub(crate) struct OpenDir {
    path: PathBuf,
    handle: std::os::fd::OwnedFd,
}

impl OpenDir {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        use nix::{
            fcntl::{OFlag, open},
            sys::stat::Mode,
        };
        // Without O_CLOEXEC: children inherit it under the same number.
        let handle = open(path, OFlag::O_RDONLY | OFlag::O_DIRECTORY, Mode::empty())
            .map_err(|errno| Failure::DataDir { path: path.to_owned(), source: io::Error::from(errno) })?;
        Ok(Self { path: path.to_owned(), handle })
    }

    /// The path that means this directory in this process and in its children.
    pub(super) fn alias(&self) -> PathBuf {
        use std::os::fd::AsRawFd as _;
        if Path::new("/proc/self/fd").exists() {
            PathBuf::from(format!("/proc/self/fd/{}", self.handle.as_raw_fd()))
        } else {
            self.path.clone()
        }
    }
}
