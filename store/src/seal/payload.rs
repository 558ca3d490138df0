//! Finds the personal values of an event's payload, seals and opens them.
//!
//! In clear a value is `{"personal":{"subject":…,"value":…}}`, sealed it is
//! `{"personal":{"subject":…,"sealed":…,"at":…}}`. `sealed` is the base64 of nonce and ciphertext, `at` the place that
//! is bound to it: stream, sequence and JSON pointer (RFC 6901).

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{SubjectKeys, cipher};
use crate::StoreError;

/// Whether there may be anything personal in this JSON. A text that says so stands escaped, `\"personal\"`, and
/// does not match.
pub(crate) fn is_suspect(json: &str) -> bool {
    json.contains("\"personal\"")
}

/// Where an event stands, for [`Personal`] values to be bound to.
///
/// [`Personal`]: stage_domain::Personal
pub(crate) fn place(stream_type: &str, stream_id: &str, sequence: u64) -> String {
    format!("{stream_type}/{stream_id}/{sequence}")
}

/// Everyone whom the payload says something personal about.
pub(crate) fn subjects(payload: &Value, found: &mut Vec<Uuid>) {
    match (subject_of(payload), payload) {
        (Some(subject), _) if found.contains(&subject) => {}
        (Some(subject), _) => found.push(subject),
        (None, Value::Object(fields)) => fields.values().for_each(|value| subjects(value, found)),
        (None, Value::Array(items)) => items.iter().for_each(|value| subjects(value, found)),
        (None, _) => {}
    }
}

/// The payload as JSON, every personal value in it sealed. It is sealed while it is written, so that there is no second
/// tree of it in memory.
pub(crate) fn sealed(payload: &Value, event: &str, keys: &SubjectKeys) -> Result<String, StoreError> {
    let mut json = String::with_capacity(SEALED);
    write_sealed(payload, &mut event.to_owned(), keys, &mut json)?;
    Ok(json)
}

/// About as long as a person's registration is when it is sealed.
const SEALED: usize = 1024;

fn write_sealed(
    value: &Value,
    path: &mut String,
    keys: &SubjectKeys,
    json: &mut String,
) -> Result<(), StoreError> {
    if let (Some(subject), Some(value)) = (subject_of(value), value["personal"].get("value")) {
        let key = keys.get(subject).ok_or(StoreError::NoSubjectKey)?;
        let plain = Zeroizing::new(value.to_string());
        let sealed = BASE64_STANDARD.encode(cipher::seal(key, path, plain.as_bytes())?);
        let at = Value::from(path.as_str());
        json.push_str(&format!(r#"{{"personal":{{"at":{at},"sealed":"{sealed}","subject":"{subject}"}}}}"#));
        return Ok(());
    }
    match value {
        Value::Object(fields) => {
            json.push('{');
            for (number, (name, value)) in fields.iter().enumerate() {
                if number > 0 {
                    json.push(',');
                }
                json.push_str(&Value::from(name.as_str()).to_string());
                json.push(':');
                below(path, &escaped(name), |path| write_sealed(value, path, keys, json))?;
            }
            json.push('}');
        }
        Value::Array(items) => {
            json.push('[');
            for (index, value) in items.iter().enumerate() {
                if index > 0 {
                    json.push(',');
                }
                below(path, &index.to_string(), |path| write_sealed(value, path, keys, json))?;
            }
            json.push(']');
        }
        other => json.push_str(&other.to_string()),
    }
    Ok(())
}

/// Opens every value at its own place. Whose key is gone reads as erased.
pub(crate) fn open(payload: &mut Value, event: &str, keys: &SubjectKeys) -> Result<(), StoreError> {
    walk(payload, &mut event.to_owned(), &mut |at, subject, mark| {
        if let Some(value) = open_mark(mark, subject, Some(at), keys)? {
            mark.insert("value".to_owned(), value);
        }
        mark.remove("sealed");
        mark.remove("at");
        Ok(())
    })
}

/// One value; `at` is where it must have been sealed, or `None` to take its own word for it.
pub(crate) fn open_mark(
    mark: &Map<String, Value>,
    subject: Uuid,
    at: Option<&str>,
    keys: &SubjectKeys,
) -> Result<Option<Value>, StoreError> {
    if mark.contains_key("value") {
        // Nothing is in the clear here, unless somebody changed it.
        return Err(StoreError::Seal);
    }
    let (Some(sealed), Some(own)) = (text(mark, "sealed"), text(mark, "at")) else { return Ok(None) };
    if at.is_some_and(|at| at != own) {
        return Err(StoreError::Seal);
    }
    let Some(key) = keys.get(subject) else { return Ok(None) };
    let sealed = BASE64_STANDARD.decode(sealed).map_err(|_| StoreError::Seal)?;
    let plain = Zeroizing::new(cipher::open(key, own, &sealed)?);
    serde_json::from_slice(&plain).map(Some).map_err(|_| StoreError::Seal)
}

fn text<'a>(mark: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    mark.get(name).and_then(Value::as_str)
}

/// Whom a personal value is about.
fn subject_of(value: &Value) -> Option<Uuid> {
    let outer = value.as_object()?;
    if outer.len() != 1 {
        return None;
    }
    text(outer.get("personal")?.as_object()?, "subject").and_then(|subject| Uuid::try_parse(subject).ok())
}

/// The inner object of a personal value and its subject.
pub(crate) fn mark_of(value: &mut Value) -> Option<(Uuid, &mut Map<String, Value>)> {
    let subject = subject_of(value)?;
    Some((subject, value.get_mut("personal")?.as_object_mut()?))
}

type Visit<'a> = dyn FnMut(&str, Uuid, &mut Map<String, Value>) -> Result<(), StoreError> + 'a;

/// Visits every personal value with its place: `path` and the JSON pointer behind it.
pub(crate) fn walk(value: &mut Value, path: &mut String, visit: &mut Visit<'_>) -> Result<(), StoreError> {
    if let Some((subject, mark)) = mark_of(value) {
        return visit(path, subject, mark);
    }
    match value {
        Value::Object(fields) => fields
            .iter_mut()
            .try_for_each(|(name, value)| below(path, &escaped(name), |path| walk(value, path, visit))),
        Value::Array(items) => items
            .iter_mut()
            .enumerate()
            .try_for_each(|(index, value)| below(path, &index.to_string(), |path| walk(value, path, visit))),
        _ => Ok(()),
    }
}

/// Does something one step further down.
fn below<T>(path: &mut String, name: &str, what: impl FnOnce(&mut String) -> T) -> T {
    let length = path.len();
    path.push('/');
    path.push_str(name);
    let result = what(path);
    path.truncate(length);
    result
}

/// A field's name as it stands in a JSON pointer.
fn escaped(name: &str) -> Cow<'_, str> {
    match name.contains(['~', '/']) {
        true => name.replace('~', "~0").replace('/', "~1").into(),
        false => name.into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::seal::cipher;

    const SUBJECT: Uuid = Uuid::from_u128(7);

    fn keys() -> SubjectKeys {
        SubjectKeys::from_iter([(SUBJECT, cipher::new_key().unwrap())])
    }

    fn personal(value: &str) -> Value {
        json!({"personal": {"subject": SUBJECT, "value": value}})
    }

    /// JSON of any shape with personal values anywhere in it, each recognisable.
    fn payloads() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
            "[a-z]{0,8}".prop_map(|text| personal(&format!("secret-{text}"))),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[a-z~/\"]{0,6}", inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_payload_that_is_sealed_and_opened_is_what_it_was(payload in payloads()) {
            let keys = keys();
            let json = sealed(&payload, "account/a/1", &keys).unwrap();
            prop_assert!(!json.contains("secret-"));
            prop_assert_eq!(is_suspect(&payload.to_string()), payload.to_string().contains("secret-"));
            let mut sealed: Value = serde_json::from_str(&json).unwrap();
            open(&mut sealed, "account/a/1", &keys).unwrap();
            prop_assert_eq!(sealed, payload);
        }
    }

    #[test]
    fn a_place_is_a_json_pointer_into_the_event() {
        let payload = json!({"A": {"b/c": [0, personal("x")]}});
        let sealed = sealed(&payload, "account/a/1", &keys()).unwrap();
        let payload: Value = serde_json::from_str(&sealed).unwrap();
        assert_eq!(payload["A"]["b/c"][1]["personal"]["at"], "account/a/1/A/b~1c/1");
    }

    #[test]
    fn only_the_subject_of_a_value_stands_beside_it_in_the_clear() {
        let payload = json!({"personal": {"subject": SUBJECT, "value": "secret-x", "nickname": "secret-y"}});
        let sealed = sealed(&payload, "account/a/1", &keys()).unwrap();
        assert!(!sealed.contains("secret-"), "{sealed}");
    }

    #[test]
    fn a_text_that_only_speaks_of_it_is_not_suspected() {
        let payload = json!({"text": r#"he said "personal" and meant it: {"personal":{}}"#});
        assert!(!is_suspect(&payload.to_string()));
        assert!(is_suspect(&personal("x").to_string()));
    }
}
