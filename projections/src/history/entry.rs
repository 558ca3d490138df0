//! What an event says in the history of a stage.

use serde_json::{Map, Value};
use stage_store::Recorded;
use uuid::Uuid;

/// What is kept of an event's own words. Nothing of a post's content and nothing personal is among them.
const KEPT: &[&str] = &[
    "name",
    "handle",
    "network",
    "address",
    "interval_minutes",
    "paused",
    "title",
    "imported",
    "revised",
    "topic_id",
    "media_id",
    "content_type",
    "bytes",
    "topics",
    "reason",
    "role",
    "invitation_id",
    "member",
];

/// Whether a stage's history tells of such an event. Imported posts are told of by their source, not one by one.
pub(super) fn is_told(event: &Recorded) -> bool {
    match event.stream_type.as_str() {
        "stage" | "source" => true,
        "post" => !matches!(event.event_type.as_str(), "PostImported" | "PostRevised"),
        _ => false,
    }
}

/// An event's type as a word for programs: `TopicDefined` is `topic_defined`.
pub(super) fn kind(event_type: &str) -> String {
    let mut kind = String::with_capacity(event_type.len() + 4);
    for (index, letter) in event_type.char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            kind.push('_');
        }
        kind.push(letter.to_ascii_lowercase());
    }
    kind
}

/// The fields of an event, which stand under its type.
pub(super) fn fields(event: &Recorded) -> Map<String, Value> {
    let payload: Value = serde_json::from_str(event.payload.get()).unwrap_or_default();
    match payload {
        Value::Object(mut payload) => match payload.remove(&event.event_type) {
            Some(Value::Object(fields)) => fields,
            _ => Map::new(),
        },
        _ => Map::new(),
    }
}

pub(super) fn detail(fields: &Map<String, Value>) -> Value {
    let mut detail = Map::new();
    for name in KEPT {
        if let Some(value) = fields.get(*name).filter(|value| !value.is_null()) {
            detail.insert((*name).to_owned(), value.clone());
        }
    }
    // Of a topic its id and its name; of a failure its kind.
    for (whole, part, name) in
        [("topic", "id", "topic_id"), ("topic", "name", "name"), ("failure", "kind", "failure")]
    {
        if let Some(value) = fields.get(whole).and_then(|value| value.get(part)) {
            detail.insert(name.to_owned(), value.clone());
        }
    }
    Value::Object(detail)
}

/// The id in this field.
pub(super) fn id(fields: &Map<String, Value>, name: &str) -> Option<Uuid> {
    fields.get(name)?.as_str()?.parse().ok()
}

/// Who asked for it, as the metadata says.
pub(super) fn by(event: &Recorded) -> Option<Uuid> {
    let metadata: Map<String, Value> = serde_json::from_str(event.metadata.get()).ok()?;
    id(&metadata, "by")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_becomes_a_word_for_programs() {
        assert_eq!(kind("StageHandleChanged"), "stage_handle_changed");
    }

    #[test]
    fn of_a_topic_its_name_is_told_and_not_its_rules() {
        let event = serde_json::json!({"topic": {"id": "1", "name": "Feste", "rules": {}}, "at": "now"});
        let Value::Object(fields) = event else { return };
        assert_eq!(detail(&fields), serde_json::json!({"topic_id": "1", "name": "Feste"}));
    }
}
