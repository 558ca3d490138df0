//! What is personal in events that were read from the log, for those who may see it.

use std::collections::HashSet;

use serde_json::{Map, Value, value::RawValue};
use sqlx::PgPool;
use stage_domain::AccountId;
use uuid::Uuid;

use super::{SubjectKeys, payload};
use crate::{Log, Recorded, StoreError};

/// A personal value in an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalValue {
    /// Where in the payload it stands (RFC 6901).
    pub pointer: String,
    /// Whom it is about.
    pub subject: AccountId,
    pub state: Openness,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Openness {
    /// It is there, and stays closed.
    Sealed,
    /// It was opened: the payload holds it in the clear.
    Open,
    /// The person's key is gone, and the value with it.
    Erased,
}

/// What is personal in each of these events. Nothing is opened.
pub async fn personal_values(
    pool: &PgPool,
    events: &[Recorded],
) -> Result<Vec<Vec<PersonalValue>>, StoreError> {
    let mut all = Vec::with_capacity(events.len());
    for event in events {
        let mut found = Vec::new();
        visit(event, &mut |pointer, subject, _| {
            found.push(PersonalValue { pointer, subject: AccountId(subject), state: Openness::Sealed });
            Ok(())
        })?;
        all.push(found);
    }
    let subjects: HashSet<Uuid> = all.iter().flatten().map(|value| value.subject.0).collect();
    let living = living(pool, subjects.into_iter().collect()).await?;
    for value in all.iter_mut().flatten().filter(|value| !living.contains(&value.subject.0)) {
        value.state = Openness::Erased;
    }
    Ok(all)
}

/// In the JSON of an aggregate's state, says of each personal value that has none whether it is sealed or erased.
pub async fn mark_closed(pool: &PgPool, state: &mut Value) -> Result<(), StoreError> {
    let mut subjects = Vec::new();
    payload::subjects(state, &mut subjects);
    let living = living(pool, subjects).await?;
    payload::walk(state, &mut String::new(), &mut |_, subject, mark| {
        if !mark.contains_key("value") {
            let word = if living.contains(&subject) { "sealed" } else { "erased" };
            mark.insert(word.to_owned(), true.into());
        }
        Ok(())
    })
}

/// Who still has a key.
async fn living(pool: &PgPool, subjects: Vec<Uuid>) -> Result<HashSet<Uuid>, StoreError> {
    if subjects.is_empty() {
        return Ok(HashSet::new());
    }
    let living: Vec<Uuid> = sqlx::query_scalar("SELECT subject FROM subject_keys WHERE subject = ANY($1)")
        .bind(subjects)
        .fetch_all(pool)
        .await?;
    Ok(living.into_iter().collect())
}

impl Log {
    /// Opens what is personal in these events, in their payloads, and says of each value what became of it. Who calls
    /// this answers for who gets to see it.
    pub async fn reveal(&self, events: &mut [Recorded]) -> Result<Vec<Vec<PersonalValue>>, StoreError> {
        let mut subjects = Vec::new();
        for event in events.iter() {
            visit(event, &mut |_, subject, _| {
                if !subjects.contains(&subject) {
                    subjects.push(subject);
                }
                Ok(())
            })?;
        }
        let keys = self.keyring().subject_keys(self.pool(), &subjects).await?;
        events.iter_mut().map(|event| reveal(event, &keys)).collect()
    }
}

fn reveal(event: &mut Recorded, keys: &SubjectKeys) -> Result<Vec<PersonalValue>, StoreError> {
    let place = payload::place(&event.stream_type, &event.stream_id.to_string(), event.sequence);
    let mut found = Vec::new();
    let opened = visit(event, &mut |pointer, subject, mark| {
        let value = payload::open_mark(mark, subject, Some(&format!("{place}{pointer}")), keys)?;
        let state = if value.is_some() { Openness::Open } else { Openness::Erased };
        if let Some(value) = value {
            mark.insert("value".to_owned(), value);
            mark.remove("sealed");
            mark.remove("at");
        }
        found.push(PersonalValue { pointer, subject: AccountId(subject), state });
        Ok(())
    })?;
    if let Some(opened) = opened {
        event.payload =
            RawValue::from_string(opened.to_string()).map_err(|source| event.unreadable(source))?;
    }
    Ok(found)
}

type Seen<'a> = dyn FnMut(String, Uuid, &mut Map<String, Value>) -> Result<(), StoreError> + 'a;

/// Shows every personal value of an event, and gives back the payload as it is then; `None` when there is none.
fn visit(event: &Recorded, seen: &mut Seen<'_>) -> Result<Option<Value>, StoreError> {
    if !payload::is_suspect(event.payload.get()) {
        return Ok(None);
    }
    let mut value: Value =
        serde_json::from_str(event.payload.get()).map_err(|source| event.unreadable(source))?;
    payload::walk(&mut value, &mut String::new(), &mut |pointer, subject, mark| {
        seen(pointer.to_owned(), subject, mark)
    })?;
    Ok(Some(value))
}
