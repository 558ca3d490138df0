//! Where an interrupted verification stands, in a file. Losing it costs time and nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use sha2::{Digest as _, Sha256};
use stage_store::proof::Standing;

use crate::{data_dir::write_private, failure::Failure};

/// How long one may go on where an interrupted one stood.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) struct Kept {
    path: PathBuf,
}

impl Kept {
    /// `names` says what is verified, against what: another log, key or checkpoint is another verification.
    pub(super) fn new(given: Option<PathBuf>, data: Option<&Path>, names: &str) -> Result<Self, Failure> {
        let dir = given.or_else(|| data.map(|data| data.join("verify"))).unwrap_or_else(state);
        fs::create_dir_all(&dir).map_err(|source| Failure::DataDir { path: dir.clone(), source })?;
        let name = hex::encode(&Sha256::digest(names)[..8]);
        Ok(Self { path: dir.join(format!("verify-{name}.json")) })
    }

    /// `None` also for one that is older than a day: what was read then may have changed since.
    pub(super) fn read(&self) -> Option<Standing> {
        let age = fs::metadata(&self.path).ok()?.modified().ok()?.elapsed().ok()?;
        if age > FRESH {
            return None;
        }
        serde_json::from_slice(&fs::read(&self.path).ok()?).ok()
    }

    pub(super) fn write(&self, standing: &Standing) {
        let written = serde_json::to_string(standing).map(|text| write_private(&self.path, &text));
        if !matches!(written, Ok(Ok(()))) {
            tracing::warn!(path = %self.path.display(), "cannot keep how far the verification is");
        }
    }

    pub(super) fn forget(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// As the XDG Base Directory Specification says.
fn state() -> PathBuf {
    let given = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/state"));
    given.or_else(home).unwrap_or_else(std::env::temp_dir).join("stage")
}
