//! Every form that an event ever had still reads. `samples/<type>.<version>.json` is a payload as the log has it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::BTreeSet, fs, path::Path};

use chrono::DateTime;
use cqrs_es::DomainEvent;
use serde_json::{Value, value::RawValue};
use stage_domain::{
    access::AccessEvent, account::AccountEvent, post::PostEvent, projection::ProjectionEvent,
    source::SourceEvent, stage::StageEvent,
};
use stage_store::Recorded;
use uuid::Uuid;

/// The type and the version of each stored sample.
fn samples() -> BTreeSet<(String, String)> {
    let names =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .map(|name| {
            let (event_type, version) = name.strip_suffix(".json").unwrap().split_once('.').unwrap();
            (event_type.to_owned(), version.to_owned())
        })
        .collect()
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples"))
}

fn payload(event_type: &str, version: &str) -> String {
    fs::read_to_string(folder().join(format!("{event_type}.{version}.json"))).unwrap()
}

fn recorded(event_type: &str, version: &str) -> Recorded {
    Recorded {
        position: 1,
        recorded_at: DateTime::UNIX_EPOCH,
        stream_type: "sample".into(),
        stream_id: Uuid::nil(),
        sequence: 1,
        event_type: event_type.into(),
        event_version: version.into(),
        payload: RawValue::from_string(payload(event_type, version)).unwrap(),
        metadata: RawValue::from_string("{}".into()).unwrap(),
        redacted: None,
    }
}

/// What a payload says to one who cannot open what is sealed in it.
fn without_sealed(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("sealed");
            if fields.contains_key("subject") {
                fields.remove("at");
            }
            fields.values_mut().for_each(without_sealed);
        }
        Value::Array(items) => items.iter_mut().for_each(without_sealed),
        _ => {}
    }
}

fn check<E: DomainEvent>(types: &[(&str, &str)], left: &mut BTreeSet<(String, String)>) {
    for (event_type, present) in types {
        let versions: Vec<String> =
            left.iter().filter(|(name, _)| name == event_type).map(|(_, version)| version.clone()).collect();
        assert!(
            versions.iter().any(|version| version == present),
            "{event_type} has no sample of version {present}"
        );
        for version in versions {
            let event: E = recorded(event_type, &version).event().unwrap();
            assert_eq!(event.event_type(), *event_type);
            assert_eq!(event.event_version(), *present);
            if version == *present {
                let mut sample = serde_json::from_str(&payload(event_type, &version)).unwrap();
                without_sealed(&mut sample);
                let now = serde_json::to_value(&event).unwrap();
                assert_eq!(
                    now, sample,
                    "{event_type} has another form now: raise its version and add an upcaster"
                );
            }
            left.remove(&((*event_type).to_owned(), version));
        }
    }
}

#[test]
fn every_event_type_has_a_sample_of_its_present_form_and_every_sample_still_reads() {
    let mut left = samples();
    check::<AccountEvent>(AccountEvent::TYPES, &mut left);
    check::<AccessEvent>(AccessEvent::TYPES, &mut left);
    check::<StageEvent>(StageEvent::TYPES, &mut left);
    check::<SourceEvent>(SourceEvent::TYPES, &mut left);
    check::<PostEvent>(PostEvent::TYPES, &mut left);
    check::<ProjectionEvent>(ProjectionEvent::TYPES, &mut left);
    assert!(left.is_empty(), "samples of no known event: {left:?}");
}
