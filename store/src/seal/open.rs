use serde_json::Value;

use super::payload;
use crate::{Log, StoreError};

impl Log {
    /// Opens sealed values that a read model copied from the log, in order. What was erased comes back as `None`,
    /// and so does `null`, which stands for a field that was never given.
    pub async fn open(&self, sealed: &[Value]) -> Result<Vec<Option<Value>>, StoreError> {
        let mut sealed = sealed.to_vec();
        let mut subjects = Vec::new();
        for value in &mut sealed {
            if value.is_null() {
                continue;
            }
            let (subject, _) = payload::mark_of(value).ok_or(StoreError::Seal)?;
            if !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
        let keys = self.keyring().subject_keys(self.pool(), &subjects).await?;
        let open = |value: &mut Value| match payload::mark_of(value) {
            Some((subject, mark)) => payload::open_mark(mark, subject, None, &keys),
            None => Ok(None),
        };
        sealed.iter_mut().map(open).collect()
    }
}
