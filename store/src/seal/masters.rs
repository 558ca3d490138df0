//! The master keys that a process knows: one, or two while keys are rotated.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::MasterKey;
use crate::StoreError;

type Read = dyn Fn() -> Result<Vec<MasterKey>, String> + Send + Sync;

/// Where the master keys come from. It is asked again when a key turns up that an unknown one wrapped, so that a
/// process that runs on through a rotation finds the new one.
#[derive(Clone)]
pub struct MasterKeys(Arc<Read>);

impl MasterKeys {
    /// `read` gives the present key first, then others that are still good. Its error is a sentence without a secret.
    pub fn new(read: impl Fn() -> Result<Vec<MasterKey>, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    fn read(&self) -> Result<Vec<MasterKey>, StoreError> {
        (self.0)().map_err(StoreError::MasterKeys)
    }
}

impl From<MasterKey> for MasterKeys {
    fn from(key: MasterKey) -> Self {
        Self::new(move || Ok(vec![key.clone()]))
    }
}

/// By the names under which the tables know them.
pub(super) struct Masters {
    source: MasterKeys,
    known: RwLock<HashMap<String, MasterKey>>,
}

impl Masters {
    pub(super) fn new(source: MasterKeys) -> Self {
        Self { source, known: RwLock::default() }
    }

    pub(super) fn first(&self) -> Result<MasterKey, StoreError> {
        self.source.read()?.into_iter().next().ok_or(StoreError::WrongMasterKey)
    }

    /// The names of all, the present one first.
    pub(super) fn names(&self) -> Result<Vec<String>, StoreError> {
        self.source.read()?.iter().map(MasterKey::name).collect()
    }

    /// Fails with [`StoreError::WrongMasterKey`] when we have no key of this name.
    pub(super) fn get(&self, name: &str) -> Result<MasterKey, StoreError> {
        if let Some(key) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(key.clone());
        }
        let keys = self.source.read()?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            known.insert(key.name()?, key);
        }
        known.get(name).cloned().ok_or(StoreError::WrongMasterKey)
    }
}

impl std::fmt::Debug for Masters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_list().entries(known.keys()).finish()
    }
}
