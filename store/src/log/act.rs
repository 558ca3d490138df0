use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use sqlx::PgConnection;
use stage_domain::AccountId;
use uuid::Uuid;

use crate::{ClaimChange, Position};

/// What goes with a command into its transaction.
#[derive(Clone, Default)]
pub struct Act {
    /// Who asks, kept in the events' metadata; `None` for the program itself and for a registration.
    pub by: Option<AccountId>,
    /// The version that the client expects the stream to be in (`If-Match`).
    pub expected: Option<u64>,
    /// The stream is a new one with a fresh id, so there is nothing to load.
    pub new: bool,
    /// The person whom this registers: their key is written first, in the same transaction.
    pub subject: Option<crate::NewSubject>,
    /// A person who must have a key when this is committed, else it fails with
    /// [`crate::StoreError::NoSubjectKey`]: an erasure waits for it, and sees what it wrote.
    pub living: Option<AccountId>,
    /// The person whom this erases: their key and their claims go in the same transaction.
    pub erased: Option<AccountId>,
    /// What must still be so when the events are appended, else it fails with [`crate::StoreError::Unmet`].
    pub only_if: Option<OnlyIf>,
    pub claims: Vec<ClaimChange>,
    pub also: Vec<Arc<dyn Also>>,
}

impl Act {
    /// Whether there is nothing to write but events, so that one statement does it.
    pub(super) fn is_plain(&self) -> bool {
        self.subject.is_none()
            && self.living.is_none()
            && self.erased.is_none()
            && self.claims.is_empty()
            && self.also.is_empty()
    }

    pub(super) fn metadata_json(&self) -> String {
        serde_json::json!(self.metadata()).to_string()
    }

    pub(super) fn metadata(&self) -> HashMap<String, String> {
        self.by.map(|by| ("by".to_owned(), by.to_string())).into_iter().collect()
    }
}

/// A condition on rows of another room. It is asked by the very statement that appends, so it costs no round trip, and what
/// was committed before that statement began counts.
#[derive(Clone, Debug)]
pub struct OnlyIf {
    /// An expression in SQL of the room that owns the table; `$1` and `$2` are the ids, `$3` the names.
    pub sql: &'static str,
    pub ids: [Uuid; 2],
    pub names: Vec<&'static str>,
}

/// Rows of another room that are written in the appending transaction. Called even when the command led
/// to no event, and again when the transaction is tried again.
#[async_trait]
pub trait Also: Send + Sync {
    async fn write(&self, tx: &mut PgConnection, appended: &Appended) -> Result<(), sqlx::Error>;
}

/// What an [`Also`] is told.
#[derive(Clone, Debug)]
pub struct Appended {
    pub receipt: Receipt,
    pub events: usize,
}

/// Where a command left its stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The position of the last event of the stream (of a batch: the highest that it wrote).
    pub position: Position,
    /// The sequence of the stream's last event; 0 when the stream is empty.
    pub version: u64,
}
