use std::collections::HashMap;

use cqrs_es::{Aggregate, DomainEvent, persist::SerializedEvent};
use serde_json::Value;
use sqlx::PgConnection;
use stage_domain::account::Account;
use uuid::Uuid;

use super::{Log, upcast};
use crate::{
    Position, StoreError,
    seal::{SubjectKeys, payload},
};

/// An aggregate as its events make it. `version` 0 means that there is no such stream.
#[derive(Clone, Debug, Default)]
pub struct Loaded<A> {
    pub aggregate: A,
    pub version: u64,
    pub position: Position,
}

/// A row of a stream, its personal values open.
pub(super) struct Stored {
    pub position: Position,
    pub stream_id: String,
    pub sequence: u64,
    pub event_type: String,
    pub event_version: String,
    pub payload: Value,
}

impl Stored {
    pub(super) fn serialized(self, stream_type: &str) -> SerializedEvent {
        SerializedEvent {
            aggregate_id: self.stream_id,
            sequence: self.sequence as usize,
            aggregate_type: stream_type.to_owned(),
            event_type: self.event_type,
            event_version: self.event_version,
            payload: self.payload,
            // A decision never asks who asked before.
            metadata: Value::Object(serde_json::Map::new()),
        }
    }

    /// In its present form.
    fn event<E: DomainEvent>(self, stream_type: &str) -> Result<E, StoreError> {
        let (position, event_type) = (self.position, self.event_type.clone());
        let event = upcast::upcast(self.serialized(stream_type));
        serde_json::from_value(event.payload).map_err(|source| StoreError::Unreadable {
            position,
            event_type,
            source,
        })
    }
}

/// A row of either query; the key at its end only from [`SELECT_ONE`].
type Row = (Position, String, i64, String, String, String, Option<Vec<u8>>, Option<String>);

/// Rows that are read at once. A post's event may have hundreds of kilobytes, so a load's memory does not
/// depend on how long its streams are.
const PAGE: usize = 100;

/// What was redacted says nothing any more; an event behind it does.
///
/// One stream has a query of its own, whose order the primary key gives: with an array it took half as long again. A
/// person's own stream is about that person, so their key comes along instead of in a round trip of its own.
const SELECT_ONE: &str = "
SELECT position, aggregate_id, sequence, event_type, event_version, payload::text, own.wrapped, own.master
FROM events LEFT JOIN (SELECT wrapped, master FROM subject_keys WHERE subject = $5) AS own ON true
WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence > $3 AND redacted_digest IS NULL
ORDER BY sequence LIMIT $4";

const SELECT_MANY: &str = "
SELECT position, aggregate_id, sequence, event_type, event_version, payload::text, NULL::bytea, NULL::text
FROM events WHERE aggregate_type = $1 AND aggregate_id = ANY($2) AND (aggregate_id, sequence) > ($5, $3) AND redacted_digest IS NULL
ORDER BY aggregate_id, sequence LIMIT $4";

impl Log {
    pub async fn load<A: Aggregate>(&self, id: Uuid) -> Result<Loaded<A>, StoreError> {
        let mut many = self.load_many(&[id]).await?;
        Ok(many.pop().unwrap_or_default())
    }

    /// The aggregates with these ids, in the order of `ids`.
    pub async fn load_many<A: Aggregate>(&self, ids: &[Uuid]) -> Result<Vec<Loaded<A>>, StoreError> {
        let texts: Vec<String> = ids.iter().map(Uuid::to_string).collect();
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, id) in texts.iter().enumerate() {
            places.entry(id).or_default().push(place);
        }
        let mut many: Vec<Loaded<A>> = ids.iter().map(|_| Loaded::default()).collect();
        let asked: Vec<&str> = places.keys().copied().collect();
        let mut connection = self.pool.acquire().await?;
        let (mut after, mut keys) = (None, SubjectKeys::default());
        loop {
            let page = self.page(&mut connection, A::TYPE, &asked, after.as_ref(), &mut keys).await?;
            let full = page.len() == PAGE;
            after = page.last().map(|row| (row.stream_id.clone(), row.sequence));
            for row in page {
                let places = places.get(row.stream_id.as_str()).map_or(&[][..], Vec::as_slice);
                let (position, sequence) = (row.position, row.sequence);
                let event: A::Event = row.event(A::TYPE)?;
                for place in places {
                    many[*place].apply(event.clone(), position, sequence);
                }
            }
            if !full {
                return Ok(many);
            }
        }
    }

    /// The events of a stream, in order, and the keys of those whom they are about.
    pub(super) async fn stored(
        &self,
        connection: &mut PgConnection,
        stream_type: &str,
        id: &str,
    ) -> Result<(Vec<Stored>, SubjectKeys), StoreError> {
        let (mut stored, mut keys) = (Vec::<Stored>::new(), SubjectKeys::default());
        loop {
            let after = stored.last().map(|row| (row.stream_id.clone(), row.sequence));
            let page = self.page(connection, stream_type, &[id], after.as_ref(), &mut keys).await?;
            let full = page.len() == PAGE;
            stored.extend(page);
            if !full {
                return Ok((stored, keys));
            }
        }
    }

    /// The next [`PAGE`] events of these streams, stream by stream, after an event of one of them.
    async fn page(
        &self,
        connection: &mut PgConnection,
        stream_type: &str,
        ids: &[&str],
        after: Option<&(String, u64)>,
        keys: &mut SubjectKeys,
    ) -> Result<Vec<Stored>, StoreError> {
        let (after_id, after_sequence) = after.map_or(("", -1), |(id, at)| (id.as_str(), at.cast_signed()));
        let query = match ids {
            [id] => sqlx::query_as(SELECT_ONE).bind(stream_type).bind(*id),
            ids => sqlx::query_as(SELECT_MANY).bind(stream_type).bind(ids),
        };
        let query = query.bind(after_sequence).bind(PAGE as i64);
        let own =
            ids.first().filter(|_| stream_type == Account::TYPE).and_then(|id| Uuid::try_parse(id).ok());
        let query = if ids.len() == 1 { query.bind(own) } else { query.bind(after_id) };
        let rows: Vec<Row> = query.fetch_all(&mut *connection).await?;
        if let (Some(own), Some((.., Some(wrapped), Some(master)))) = (own, rows.first()) {
            self.keyring.open_subject(keys, own, wrapped, master)?;
        }
        let mut stored = Vec::with_capacity(rows.len());
        let mut suspects = Vec::new();
        for (position, stream_id, sequence, event_type, event_version, json, ..) in rows {
            if payload::is_suspect(&json) {
                suspects.push(stored.len());
            }
            let payload = serde_json::from_str(&json).map_err(|source| StoreError::Unreadable {
                position,
                event_type: event_type.clone(),
                source,
            })?;
            let sequence = sequence.cast_unsigned();
            stored.push(Stored { position, stream_id, sequence, event_type, event_version, payload });
        }
        self.open_stored(connection, stream_type, &mut stored, &suspects, keys).await?;
        Ok(stored)
    }

    async fn open_stored(
        &self,
        connection: &mut PgConnection,
        stream_type: &str,
        stored: &mut [Stored],
        suspects: &[usize],
        keys: &mut SubjectKeys,
    ) -> Result<(), StoreError> {
        let mut subjects = Vec::new();
        for event in suspects {
            payload::subjects(&stored[*event].payload, &mut subjects);
        }
        subjects.retain(|subject| keys.get(*subject).is_none());
        keys.extend(self.keyring.subject_keys(connection, &subjects).await?);
        for event in suspects {
            let event = &mut stored[*event];
            let place = payload::place(stream_type, &event.stream_id, event.sequence);
            payload::open(&mut event.payload, &place, keys)?;
        }
        Ok(())
    }
}

impl<A: Aggregate> Loaded<A> {
    /// Takes the next event of the stream in; `false` when this is not the next one.
    pub fn take_in(&mut self, event: A::Event, sequence: u64) -> bool {
        let is_next = sequence == self.version + 1;
        if is_next {
            self.apply(event, self.position, sequence);
        }
        is_next
    }

    fn apply(&mut self, event: A::Event, position: Position, sequence: u64) {
        self.aggregate.apply(event);
        self.version = sequence;
        self.position = position;
    }
}
