//! Holds a body against its schema in the contract, so that what is documented is what is enforced.

use regex_lite::Regex;
use serde_json::{Map, Value};
use stage_domain::FieldError;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// Faults named at once; more would help nobody.
const MOST: usize = 100;

/// Every fault of `value` against the schema `name`. A number without a fraction becomes an integer, as JSON
/// Schema sees it.
pub(crate) fn check(contract: &Value, name: &str, value: &mut Value) -> Vec<FieldError> {
    let mut faults = Faults { contract, found: vec![] };
    if let Some(schema) = contract.pointer(&format!("/components/schemas/{name}")) {
        faults.value(schema, value, "");
    }
    faults.found
}

struct Faults<'a> {
    contract: &'a Value,
    found: Vec<FieldError>,
}

impl Faults<'_> {
    fn add(&mut self, place: &str, code: &'static str, message: impl Into<String>) {
        if self.found.len() < MOST {
            self.found.push(FieldError::new(place, code, message));
        }
    }

    fn value(&mut self, schema: &Value, value: &mut Value, place: &str) {
        if let Some(reference) = schema["$ref"].as_str() {
            let pointer = reference.trim_start_matches('#');
            if let Some(schema) = self.contract.pointer(pointer) {
                self.value(schema, value, place);
            }
            return;
        }
        if let Some(Value::Array(choices)) = schema.get("oneOf").or_else(|| schema.get("anyOf")) {
            return self.one_of(choices, value, place);
        }
        whole(value);
        if !self.typed(schema, value, place) {
            return;
        }
        if let Some(Value::Array(allowed)) = schema.get("enum")
            && !allowed.contains(value)
        {
            let allowed: Vec<_> = allowed.iter().map(ToString::to_string).collect();
            return self.add(place, "not_allowed", format!("must be one of {}", allowed.join(", ")));
        }
        match value {
            Value::String(text) => self.text(schema, text, place),
            Value::Number(_) => self.number(schema, value, place),
            Value::Array(items) => self.items(schema, items, place),
            Value::Object(fields) => self.fields(schema, fields, place),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// The choices here are "null or that": the one that is not null says what is wrong.
    fn one_of(&mut self, choices: &[Value], value: &mut Value, place: &str) {
        let null = |schema: &&Value| schema["type"] == "null";
        if value.is_null() && choices.iter().any(|schema| null(&schema)) {
            return;
        }
        if let Some(schema) = choices.iter().find(|schema| !null(schema)) {
            self.value(schema, value, place);
        }
    }

    fn typed(&mut self, schema: &Value, value: &Value, place: &str) -> bool {
        let wanted: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => return true,
        };
        let is = |name: &&str| match *name {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            _ => value.is_object(),
        };
        let right = wanted.iter().any(is);
        if !right {
            self.add(place, "wrong_type", format!("must be of type {}", wanted.join(" or ")));
        }
        right
    }

    fn text(&mut self, schema: &Value, text: &str, place: &str) {
        let length = text.chars().count() as u64;
        if let Some(min) = schema["minLength"].as_u64().filter(|min| length < *min) {
            return match length {
                0 => self.add(place, "required", "must not be empty"),
                _ => self.add(place, "too_short", format!("must have at least {min} characters")),
            };
        }
        if let Some(max) = schema["maxLength"].as_u64().filter(|max| length > *max) {
            return self.add(place, "too_long", format!("must have at most {max} characters"));
        }
        if text.chars().any(char::is_control) {
            return self.add(place, "control_characters", "must not contain control characters");
        }
        if schema["format"] == "uuid" && !is_uuid(text) {
            return self.add(place, "not_a_uuid", "must be a UUID");
        }
        if let Some(pattern) = schema["pattern"].as_str()
            && !compiled(pattern).is_some_and(|pattern| pattern.is_match(text))
        {
            let (code, message) = refusal(schema["x-refusal"].as_str().unwrap_or_default());
            self.add(place, code, message);
        }
    }

    fn number(&mut self, schema: &Value, value: &Value, place: &str) {
        let Some(number) = value.as_f64() else { return };
        let below = schema["minimum"].as_f64().is_some_and(|min| number < min);
        let above = schema["maximum"].as_f64().is_some_and(|max| number > max);
        if below || above {
            let text = format!("must be {} to {}", schema["minimum"], schema["maximum"]);
            self.add(place, "out_of_range", text);
        }
    }

    fn items(&mut self, schema: &Value, items: &mut [Value], place: &str) {
        if let Some(max) = schema["maxItems"].as_u64().filter(|max| items.len() as u64 > *max) {
            return self.add(place, "too_many", format!("must have at most {max} entries"));
        }
        if let Some(schema) = schema.get("items") {
            for (index, item) in items.iter_mut().enumerate() {
                self.value(schema, item, &join(place, &index.to_string()));
            }
        }
    }

    fn fields(&mut self, schema: &Value, fields: &mut Map<String, Value>, place: &str) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                self.add(&join(place, name), "required", "is missing");
            }
        }
        for (name, value) in fields {
            let place = join(place, name);
            match schema["properties"].get(name.as_str()) {
                Some(schema) => self.value(schema, value, &place),
                None if schema["additionalProperties"] == false => {
                    self.add(&place, "unknown_field", "is not known here");
                }
                None => {}
            }
        }
    }
}

/// A step of a JSON pointer, escaped as RFC 6901 says.
fn join(place: &str, step: &str) -> String {
    let step = step.replace('~', "~0").replace('/', "~1");
    if place.is_empty() { step } else { format!("{place}/{step}") }
}

/// 15.0 is an integer to JSON Schema.
#[allow(clippy::cast_possible_truncation)]
fn whole(value: &mut Value) {
    if value.is_f64()
        && let Some(number) = value.as_f64()
        && number.fract() == 0.0
        && number.abs() < 9.0e15
    {
        *value = Value::from(number as i64);
    }
}

/// In its usual form alone: 8-4-4-4-12 hexadecimal digits.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

fn refusal(code: &str) -> (&'static str, &'static str) {
    match code {
        "required" => ("required", "must not be empty"),
        "control_characters" => ("control_characters", "must not contain control characters"),
        "not_an_email" => ("not_an_email", "must be an e-mail address"),
        "not_a_phone_number" => ("not_a_phone_number", "must be a telephone number"),
        "not_a_handle" => {
            ("not_a_handle", "must have 3 to 40 letters a-z, digits or hyphens, with no hyphen at either end")
        }
        "not_a_feed_address" => {
            ("not_a_feed_address", "must be an address such as https://example.org/feed.xml")
        }
        "not_a_word" => ("not_a_word", "must be one word with a letter or a digit, and no address"),
        "not_a_phrase" => ("not_a_phrase", "must contain a letter or a digit, and more than addresses"),
        "not_a_hashtag" => ("not_a_hashtag", "must be letters, digits and underscores, and not digits alone"),
        _ => ("wrong_form", "does not have the form that is asked for"),
    }
}

/// Patterns come from our own contract, so there are few of them.
fn compiled(pattern: &str) -> Option<Arc<Regex>> {
    static KNOWN: OnceLock<Mutex<HashMap<String, Arc<Regex>>>> = OnceLock::new();
    let mut known = KNOWN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(regex) = known.get(pattern) {
        return Some(Arc::clone(regex));
    }
    let regex = Arc::new(Regex::new(pattern).ok()?);
    known.insert(pattern.to_owned(), Arc::clone(&regex));
    Some(regex)
}
