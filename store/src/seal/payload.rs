//! Finds the personal values of an event's payload, seals and opens them.
//!
//! In clear a value is `{"personal":{"subject":…,"value":…}}`, sealed it is
//! `{"personal":{"subject":…,"sealed":…,"at":…}}`. `sealed` is the base64 of nonce and ciphertext, `at` the place that
//! is bound to it: stream, sequence and JSON pointer (RFC 6901).

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
pub(crate) fn subjects(payload: &mut Value, found: &mut Vec<Uuid>) -> Result<(), StoreError> {
    walk(payload, &mut String::new(), &mut |_, subject, _| {
        if !found.contains(&subject) {
            found.push(subject);
        }
        Ok(())
    })
}

pub(crate) fn seal(payload: &mut Value, event: &str, keys: &SubjectKeys) -> Result<(), StoreError> {
    walk(payload, &mut event.to_owned(), &mut |at, subject, mark| {
        let Some(value) = mark.remove("value") else { return Ok(()) };
        let key = keys.get(subject).ok_or(StoreError::NoSubjectKey)?;
        let plain = Zeroizing::new(value.to_string());
        let sealed = cipher::seal(key, at, plain.as_bytes())?;
        mark.insert("sealed".to_owned(), BASE64_STANDARD.encode(sealed).into());
        mark.insert("at".to_owned(), at.into());
        Ok(())
    })
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

/// The inner object of a personal value and its subject.
pub(crate) fn mark_of(value: &mut Value) -> Option<(Uuid, &mut Map<String, Value>)> {
    let outer = value.as_object_mut()?;
    if outer.len() != 1 {
        return None;
    }
    let mark = outer.get_mut("personal")?.as_object_mut()?;
    let subject = text(mark, "subject").and_then(|subject| Uuid::try_parse(subject).ok())?;
    Some((subject, mark))
}

type Visit<'a> = dyn FnMut(&str, Uuid, &mut Map<String, Value>) -> Result<(), StoreError> + 'a;

/// Visits every personal value with its place: `path` and the JSON pointer behind it.
pub(crate) fn walk(value: &mut Value, path: &mut String, visit: &mut Visit<'_>) -> Result<(), StoreError> {
    if let Some((subject, mark)) = mark_of(value) {
        return visit(path, subject, mark);
    }
    match value {
        Value::Object(fields) => fields.iter_mut().try_for_each(|(name, value)| {
            step(value, path, &name.replace('~', "~0").replace('/', "~1"), visit)
        }),
        Value::Array(items) => items
            .iter_mut()
            .enumerate()
            .try_for_each(|(index, value)| step(value, path, &index.to_string(), visit)),
        _ => Ok(()),
    }
}

fn step(value: &mut Value, path: &mut String, name: &str, visit: &mut Visit<'_>) -> Result<(), StoreError> {
    let length = path.len();
    path.push('/');
    path.push_str(name);
    let result = walk(value, path, visit);
    path.truncate(length);
    result
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
            let mut sealed = payload.clone();
            seal(&mut sealed, "account/a/1", &keys).unwrap();
            prop_assert!(!sealed.to_string().contains("secret-"));
            prop_assert_eq!(is_suspect(&payload.to_string()), payload.to_string().contains("secret-"));
            open(&mut sealed, "account/a/1", &keys).unwrap();
            prop_assert_eq!(sealed, payload);
        }
    }

    #[test]
    fn a_place_is_a_json_pointer_into_the_event() {
        let mut payload = json!({"A": {"b/c": [0, personal("x")]}});
        seal(&mut payload, "account/a/1", &keys()).unwrap();
        assert_eq!(payload["A"]["b/c"][1]["personal"]["at"], "account/a/1/A/b~1c/1");
    }

    #[test]
    fn a_text_that_only_speaks_of_it_is_not_suspected() {
        let payload = json!({"text": r#"he said "personal" and meant it: {"personal":{}}"#});
        assert!(!is_suspect(&payload.to_string()));
        assert!(is_suspect(&personal("x").to_string()));
    }
}
