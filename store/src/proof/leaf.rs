use chrono::{DateTime, SecondsFormat, Utc};
use sha2::Digest as _;

use super::{
    Digest,
    canonical::{NotCanonical, canonical, quote},
};
use crate::Position;

/// A row of the log, as its leaf is made of it. Every text may be anything, because somebody may have changed the row.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub position: Position,
    pub stream_type: &'a str,
    pub stream_id: &'a str,
    pub sequence: i64,
    pub event_type: &'a str,
    pub event_version: &'a str,
    pub recorded_at: DateTime<Utc>,
    /// JSON, personal values sealed: leaves cover what is stored and so outlive the keys.
    pub payload: &'a str,
    pub metadata: &'a str,
    /// What is left of a redacted payload, which is then `{}`.
    pub redacted_digest: Option<&'a [u8]>,
}

impl Entry<'_> {
    /// The leaf of RFC 6962, section 2.1: SHA-256(0x00 ‖ canonical event). `scratch` saves making room for each event.
    pub fn leaf(&self, scratch: &mut Vec<u8>) -> Result<Digest, NotCanonical> {
        let payload = self.payload_digest(scratch)?;
        let metadata = digest(self.metadata, scratch)?;
        scratch.clear();
        scratch.push(0x00);
        self.write(&payload, &metadata, scratch);
        Ok(sha2::Sha256::digest(scratch).into())
    }

    /// Of a redacted payload, the digest that stands in its place. A row with both is a forged one: the digest would
    /// hide what the payload says.
    pub fn payload_digest(&self, scratch: &mut Vec<u8>) -> Result<Digest, NotCanonical> {
        match self.redacted_digest.map(Digest::try_from) {
            Some(Ok(left)) if self.payload == "{}" => Ok(left),
            _ => digest(self.payload, scratch),
        }
    }

    /// The canonical event: an object whose names are in the order of RFC 8785 already.
    fn write(&self, payload: &Digest, metadata: &Digest, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"metadata":""#);
        hex_into(metadata, out);
        out.extend_from_slice(br#"","payload":""#);
        hex_into(payload, out);
        out.extend_from_slice(br#"","position":"#);
        out.extend_from_slice(self.position.to_string().as_bytes());
        out.extend_from_slice(br#","sequence":"#);
        out.extend_from_slice(self.sequence.to_string().as_bytes());
        out.extend_from_slice(br#","stream_id":"#);
        quote(self.stream_id, out);
        out.extend_from_slice(br#","stream_type":"#);
        quote(self.stream_type, out);
        out.extend_from_slice(br#","time":"#);
        quote(&time(self.recorded_at), out);
        out.extend_from_slice(br#","type":"#);
        quote(self.event_type, out);
        out.extend_from_slice(br#","version":"#);
        quote(self.event_version, out);
        out.push(b'}');
    }
}

/// RFC 3339 in UTC, with exactly six digits after the point, as PostgreSQL keeps it.
pub(super) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn digest(json: &str, scratch: &mut Vec<u8>) -> Result<Digest, NotCanonical> {
    scratch.clear();
    canonical(json, scratch)?;
    Ok(sha2::Sha256::digest(scratch).into())
}

fn hex_into(digest: &Digest, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + 2 * digest.len(), 0);
    // The room is as large as it must be, so this can't fail.
    let _ = hex::encode_to_slice(digest, &mut out[start..]);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    const ENTRY: Entry<'static> = Entry {
        position: 17,
        stream_type: "stage",
        stream_id: "0193a2b4-0000-7000-8000-000000000001",
        sequence: 2,
        event_type: "StageRenamed",
        event_version: "1",
        recorded_at: DateTime::UNIX_EPOCH,
        payload: r#"{"StageRenamed":{"name":"Bürgerhaus","at":"2026-11-23T12:00:00Z"}}"#,
        metadata: "{}",
        redacted_digest: None,
    };

    fn leaf(entry: &Entry<'_>) -> Digest {
        entry.leaf(&mut Vec::new()).unwrap()
    }

    /// Worked out with another program; docs/audit.md shows the same example.
    #[test]
    fn the_leaf_of_the_documented_example_is_the_documented_one() {
        let mut canonical = Vec::new();
        let payload = ENTRY.payload_digest(&mut Vec::new()).unwrap();
        ENTRY.write(&payload, &digest("{}", &mut Vec::new()).unwrap(), &mut canonical);
        let canonical = String::from_utf8(canonical).unwrap();
        let audit = include_str!("../../../docs/audit.md");
        assert!(audit.contains(&canonical), "{canonical}");
        assert!(audit.contains(&hex::encode(leaf(&ENTRY))), "{}", hex::encode(leaf(&ENTRY)));
    }

    #[rstest]
    #[case::position(Entry { position: 18, ..ENTRY })]
    #[case::stream_type(Entry { stream_type: "post", ..ENTRY })]
    #[case::stream_id(Entry { stream_id: "0193a2b4-0000-7000-8000-000000000002", ..ENTRY })]
    #[case::sequence(Entry { sequence: 3, ..ENTRY })]
    #[case::event_type(Entry { event_type: "StageClosed", ..ENTRY })]
    #[case::event_version(Entry { event_version: "2", ..ENTRY })]
    #[case::time(Entry { recorded_at: DateTime::from_timestamp_micros(1).unwrap(), ..ENTRY })]
    #[case::payload(Entry { payload: r#"{"StageRenamed":{"name":"Burgerhaus","at":"2026-11-23T12:00:00Z"}}"#, ..ENTRY })]
    #[case::metadata(Entry { metadata: r#"{"by":"somebody"}"#, ..ENTRY })]
    #[case::digest_alone(Entry { payload: "{}", redacted_digest: Some(&[7; 32]), ..ENTRY })]
    fn whatever_of_an_event_is_changed_its_leaf_is_another(#[case] changed: Entry<'_>) {
        assert_ne!(leaf(&changed), leaf(&ENTRY));
    }

    #[test]
    fn a_redacted_event_keeps_its_leaf() {
        let kept = ENTRY.payload_digest(&mut Vec::new()).unwrap();
        let redacted = Entry { payload: "{}", redacted_digest: Some(&kept), ..ENTRY };
        assert_eq!(leaf(&redacted), leaf(&ENTRY));
    }

    #[test]
    fn a_digest_beside_a_payload_hides_nothing() {
        let kept = ENTRY.payload_digest(&mut Vec::new()).unwrap();
        let forged = Entry { payload: r#"{"forged":true}"#, redacted_digest: Some(&kept), ..ENTRY };
        assert_ne!(leaf(&forged), leaf(&ENTRY));
    }

    proptest! {
        #[test]
        fn the_canonical_event_is_in_the_form_of_rfc_8785(
            position in 1_i64..1 << 53, sequence in 0_i64..1 << 53, micros in 0_i64..1 << 52,
            stream_id: String, event_type: String, bytes: [u8; 32],
        ) {
            let recorded_at = DateTime::from_timestamp_micros(micros).unwrap();
            let (stream_id, event_type) = (stream_id.as_str(), event_type.as_str());
            let entry = Entry { position, sequence, recorded_at, stream_id, event_type, ..ENTRY };
            let mut written = Vec::new();
            entry.write(&bytes, &bytes, &mut written);
            let expected = serde_json_canonicalizer::to_vec(&json!({
                "position": position, "stream_type": "stage", "stream_id": stream_id, "sequence": sequence,
                "type": event_type, "version": "1", "time": time(recorded_at),
                "payload": hex::encode(bytes), "metadata": hex::encode(bytes),
            })).unwrap();
            prop_assert_eq!(written, expected);
        }
    }
}
