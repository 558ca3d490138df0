//! A log that is signed.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use stage_domain::stage::Stage;
use stage_store::{
    Position,
    proof::{Checkpoint, Entry, Notary, NotaryKey, ProofError, PublicKey, Report, Verify},
};
use uuid::Uuid;

use super::{Store, at, create, fresh, raw_insert, store};

/// More than 256, so that the tree has stored nodes too, and not a power of two.
pub(crate) const EVENTS: u64 = 273;

pub(crate) struct Signed {
    pub(crate) store: Store,
    pub(crate) key: NotaryKey,
    pub(crate) former: Vec<PublicKey>,
    /// Of all events, in order.
    pub(crate) positions: Vec<Position>,
}

pub(crate) fn key(seed: u8) -> NotaryKey {
    NotaryKey::new("example.org/stage", &[seed; 32]).unwrap()
}

/// A log of [`EVENTS`] events with a gap after every fifth, signed with a checkpoint after every fourth.
pub(crate) async fn signed(key: NotaryKey) -> Signed {
    let mut signed = Signed { store: store().await, key, former: Vec::new(), positions: Vec::new() };
    signed.append(EVENTS).await;
    signed.sign().await;
    signed
}

impl Signed {
    pub(crate) fn pool(&self) -> &PgPool {
        self.store.log.pool()
    }

    pub(crate) async fn append(&mut self, events: u64) {
        for _ in 0..events {
            let command = create(&format!("stage-{}", self.positions.len()));
            let receipt = self.store.log.execute::<Stage>(Uuid::now_v7(), command, fresh()).await.unwrap();
            self.positions.push(receipt.position);
            if self.positions.len().is_multiple_of(5) {
                let mut undone = self.pool().begin().await.unwrap();
                raw_insert(&mut undone).await;
                undone.rollback().await.unwrap();
            }
        }
    }

    pub(crate) async fn notary(&self, connection: &mut PgConnection) -> Result<Notary, ProofError> {
        Notary::take_up(connection, self.key.clone(), &self.former).await
    }

    /// As the notary does it, to the end.
    pub(crate) async fn sign(&self) {
        let mut connection = self.pool().acquire().await.unwrap();
        let mut notary = self.notary(&mut connection).await.unwrap();
        while notary.extend(&mut connection, Position::MAX, 4, at()).await.unwrap().is_some() {}
    }

    /// As somebody with all rights on the database, who has switched every guard off.
    pub(crate) async fn tamper(&self, sql: &str) {
        const TABLES: [&str; 4] = ["events", "tree_leaves", "tree_nodes", "checkpoints"];
        let each = |what: &str| TABLES.map(|table| format!("ALTER TABLE {table} {what};")).concat();
        let (off, on) = (each("DISABLE TRIGGER ALL"), each("ENABLE TRIGGER ALL"));
        sqlx::raw_sql(&format!("{off} {sql}; {on}")).execute(self.pool()).await.unwrap();
    }

    /// The leaf of the event as it is now, in hex.
    pub(crate) async fn leaf(&self, position: Position) -> String {
        let row: (String, String, i64, String, String, DateTime<Utc>, String, String) = sqlx::query_as(
            "SELECT aggregate_type, aggregate_id, sequence, event_type, event_version, recorded_at, payload::text,
                    metadata::text
             FROM events WHERE position = $1",
        )
        .bind(position)
        .fetch_one(self.pool())
        .await
        .unwrap();
        let entry = Entry {
            position,
            stream_type: &row.0,
            stream_id: &row.1,
            sequence: row.2,
            event_type: &row.3,
            event_version: &row.4,
            recorded_at: row.5,
            payload: &row.6,
            metadata: &row.7,
            redacted_digest: None,
        };
        hex::encode(entry.leaf(&mut Vec::new()).unwrap())
    }

    /// The last checkpoint of at most so many events, as an auditor keeps it.
    pub(crate) async fn checkpoint(&self, size: u64) -> Checkpoint {
        let stored = stage_store::proof::checkpoint(self.pool(), Some(size)).await.unwrap().unwrap();
        Checkpoint::read(&stored.note, std::slice::from_ref(self.key.public())).unwrap()
    }
}

/// With the keys that sign, and an auditor's own checkpoint.
pub(crate) async fn verify(signed: &Signed, kept: Option<Checkpoint>) -> Report {
    let keys = [std::slice::from_ref(signed.key.public()), &signed.former].concat();
    Verify::begin(signed.pool().clone(), &keys, kept, None).await.unwrap().run(|_| ()).await.unwrap()
}
