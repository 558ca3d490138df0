//! The JSON Canonicalization Scheme (RFC 8785).
//!
//! The crate serde_json_canonicalizer takes six times as long as parsing does, which would make verifying a log
//! several times slower, and it lets an object with the same name twice pass (docs/decisions/0040). A test holds this
//! against it.

use std::{borrow::Cow, cmp::Ordering, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use sha2::Digest as _;

use super::Digest;

/// A text that has no form in RFC 8785: no JSON, a name twice in one object, an integer that readers of JSON
/// don't agree about (RFC 7493).
#[derive(Debug, thiserror::Error)]
#[error("the JSON has no canonical form")]
pub struct NotCanonical(#[from] serde_json::Error);

/// The SHA-256 of the canonical form.
pub fn digest(json: &str) -> Result<Digest, NotCanonical> {
    let mut form = Vec::with_capacity(json.len());
    canonical(json, &mut form)?;
    Ok(sha2::Sha256::digest(&form).into())
}

/// Writes the canonical form at the end of `out`.
pub fn canonical(json: &str, out: &mut Vec<u8>) -> Result<(), NotCanonical> {
    Ok(serde_json::from_str::<Node<'_>>(json).and_then(|node| node.write(out))?)
}

/// A JSON value that borrows its texts where they have no escapes.
enum Node<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Object(Vec<(Text<'a>, Node<'a>)>),
}

struct Text<'a>(Cow<'a, str>);

impl Node<'_> {
    fn write(self, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        match self {
            Node::Null => out.extend_from_slice(b"null"),
            Node::Bool(true) => out.extend_from_slice(b"true"),
            Node::Bool(false) => out.extend_from_slice(b"false"),
            Node::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Node::Float(number) => {
                out.extend_from_slice(ryu_js::Buffer::new().format_finite(number).as_bytes());
            }
            Node::Text(text) => quote(&text, out),
            Node::List(nodes) => {
                out.push(b'[');
                for (place, node) in nodes.into_iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    node.write(out)?;
                }
                out.push(b']');
            }
            Node::Object(mut members) => {
                members.sort_unstable_by(|(a, _), (b, _)| by_utf16(&a.0, &b.0));
                if members.windows(2).any(|pair| pair[0].0.0 == pair[1].0.0) {
                    return Err(serde_json::Error::custom("a name stands twice in one object"));
                }
                out.push(b'{');
                for (place, (name, node)) in members.into_iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    quote(&name.0, out);
                    out.push(b':');
                    node.write(out)?;
                }
                out.push(b'}');
            }
        }
        Ok(())
    }
}

/// RFC 8785 sorts names by their UTF-16 code units, which differs from UTF-8 beyond U+FFFF.
fn by_utf16(a: &str, b: &str) -> Ordering {
    match a.is_ascii() && b.is_ascii() {
        true => a.cmp(b),
        false => a.encode_utf16().cmp(b.encode_utf16()),
    }
}

/// Writes a string with the escapes of RFC 8785, which are those of ECMAScript.
pub(super) fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(place) = rest.iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\')) {
        let (before, from) = rest.split_at(place);
        out.extend_from_slice(before);
        match from[0] {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x09 => out.extend_from_slice(b"\\t"),
            0x0a => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            0x0d => out.extend_from_slice(b"\\r"),
            control => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        }
        rest = &from[1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct NodeVisitor;

/// Beyond it a double, which is what most readers have, stands for several integers.
const SAFE: u64 = 1 << 53;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Node<'de>, E> {
        self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Node<'de>, E> {
        match value.unsigned_abs() < SAFE {
            true => Ok(Node::Integer(value)),
            false => Err(E::custom("an integer is beyond 2^53")),
        }
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node<'de>, E> {
        // Those that are written like an integer, also when they came as 4e18.
        match value.fract() == 0.0 && (SAFE as f64..1e21).contains(&value.abs()) {
            true => Err(E::custom("an integer is beyond 2^53")),
            false => Ok(Node::Float(value)),
        }
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node<'de>, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node<'de>, A::Error> {
        let mut members = Vec::with_capacity(8);
        while let Some(member) = entries.next_entry()? {
            members.push(member);
        }
        Ok(Node::Object(members))
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::Value;

    use super::*;

    fn form(json: &str) -> String {
        let mut out = Vec::new();
        canonical(json, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[rstest]
    #[case::white_space(" { \"b\" : [ 1 , 2 ] , \"a\" : null } ", r#"{"a":null,"b":[1,2]}"#)]
    #[case::escapes(r#""\u0041\/\u000f\n\t\"\\ü\u20ac""#, "\"A/\\u000f\\n\\t\\\"\\\\ü€\"")]
    #[case::numbers(
        "[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001,-0,100]",
        "[333333333.3333333,1e+30,4.5,0.002,1e-27,0,100]"
    )]
    // The example of RFC 8785, section 3.2.3: a name beyond U+FFFF comes before one at U+FB33.
    #[case::order(
        r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#,
        "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}"
    )]
    fn json_gets_the_form_of_rfc_8785(#[case] json: &str, #[case] expected: &str) {
        assert_eq!(form(json), expected);
    }

    #[rstest]
    #[case::twice(r#"{"a":1,"a":1}"#)]
    #[case::twice_by_escape(r#"{"a":1,"\u0061":2}"#)]
    #[case::too_big("9007199254740993")]
    #[case::too_small("-9007199254740993")]
    #[case::far_too_big("18446744073709551615")]
    #[case::written_as_a_float("4e18")]
    #[case::infinite("1e400")]
    #[case::half(r#"{"a":"#)]
    #[case::two("{} {}")]
    #[case::lone_surrogate(r#""\ud800""#)]
    fn what_readers_disagree_about_is_refused(#[case] json: &str) {
        assert!(canonical(json, &mut Vec::new()).is_err());
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-(1_i64 << 53) + 1..1_i64 << 53).prop_map(Value::from),
            prop::num::f64::NORMAL
                .prop_filter("no big integer", |number| number.fract() != 0.0 || number.abs() > 1e21)
                .prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_crate_for_it_gives_the_same_form_of_any_json(value in json()) {
            let expected = serde_json_canonicalizer::to_string(&value).unwrap();
            prop_assert_eq!(form(&value.to_string()), expected.clone());
            prop_assert_eq!(form(&expected), expected);
        }
    }
}
