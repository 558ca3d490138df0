//! The forms of texts that clients send, as schemas. `check` enforces exactly these.
//!
//! Patterns name their characters one by one instead of classes such as `\s`, which ECMA 262, Python and
//! Rust each understand differently.

use serde_json::{Value, json};
use utoipa::openapi::{
    Object, RefOr, Schema, Type,
    extensions::ExtensionsBuilder,
    schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType},
};

/// No control characters, and at least one that is not white space.
pub(crate) const LINE: &str = r"^[^\u0000-\u001F\u007F-\u009F]*[^\u0000-\u0020\u007F-\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000][^\u0000-\u001F\u007F-\u009F]*$";
/// No control characters.
const PLAIN: &str = r"^[^\u0000-\u001F\u007F-\u009F]*$";
/// Anything but control characters and white space.
const SOLID: &str = r"[^\u0000-\u0020\u007F-\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]";
/// Letters and digits of the scripts that people here write; the test below holds it against Unicode.
pub(super) const WORD: &str = r"0-9A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u024F\u0388-\u038A\u038E-\u03A1\u03A3-\u03F5\u0400-\u0481\u048A-\u052F\u0531-\u0556\u0561-\u0586\u05D0-\u05EA\u0620-\u064A\u0671-\u06D3\u0904-\u0939\u0E01-\u0E30\u10D0-\u10FA\u1E00-\u1F15\u3041-\u3096\u30A1-\u30FA\u4E00-\u9FFF\uAC00-\uD7A3";
pub(super) fn text(min: usize, max: usize, pattern: &str, code: &str, example: Value) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(min))
        .max_length(Some(max))
        .pattern(Some(pattern))
        .examples([example])
        .extensions(Some(ExtensionsBuilder::new().add("x-refusal", code).build()))
}

fn or_null(object: ObjectBuilder) -> Object {
    object.schema_type(SchemaType::from_iter([Type::String, Type::Null])).build()
}

/// The name of a stage or a topic.
pub(crate) fn name() -> Object {
    text(1, 100, LINE, "required", json!("Rathaus")).build()
}

pub(crate) fn name_or_null() -> Object {
    or_null(text(1, 100, LINE, "required", json!("Rathaus")))
}

/// A person's first or last name.
pub(crate) fn person() -> Object {
    text(1, 100, LINE, "required", json!("Ada")).build()
}

pub(crate) fn person_or_null() -> Object {
    or_null(text(1, 100, LINE, "required", json!("Ada")))
}

pub(crate) fn email() -> Object {
    email_text().build()
}

pub(crate) fn email_or_null() -> Object {
    or_null(email_text())
}

fn email_text() -> ObjectBuilder {
    let local = r#"[^\u0000-\u0020\u007F-\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000<>()\[\],;:\\"@]{1,64}"#;
    let pattern = format!(r"^{local}@[{WORD}-]+(\.[{WORD}-]+)*$");
    // Not the format `idn-email` too: validators of that ask for registrable names, we only for the form.
    text(3, 254, &pattern, "not_an_email", json!("ada@example.org"))
}

/// At log-in any line is taken: whether it is the right one is all that is answered.
pub(crate) fn any_email() -> Object {
    text(1, 254, LINE, "required", json!("ada@example.org")).build()
}

pub(crate) fn phone() -> Object {
    let pattern = r"^([ +/().-]*([0-9][ +/().-]*){3,20})?$";
    or_null(text(0, 40, pattern, "not_a_phone_number", json!("+49 30 1234567")))
}

pub(crate) fn new_password() -> Object {
    secret(text(12, 200, PLAIN, "control_characters", json!("correct horse battery")))
}

pub(crate) fn password() -> Object {
    secret(text(1, 200, PLAIN, "control_characters", json!("correct horse battery")))
}

fn code_text() -> ObjectBuilder {
    text(6, 40, "^[0-9A-Za-z -]*$", "wrong_form", json!("123456")).write_only(true)
}

/// Of an authenticator app.
pub(crate) fn code() -> Object {
    code_text().build()
}

/// The same, or a recovery code.
pub(crate) fn code_or_null() -> Object {
    or_null(code_text())
}

/// Of a link in a mail.
pub(crate) fn token() -> Object {
    let example = json!("AZrAXk1vfKqyZ5u0m4cYJwAAAABnRuoAQ7m0");
    text(1, 200, "^[0-9A-Za-z_-]*$", "wrong_form", example).write_only(true).build()
}

fn secret(object: ObjectBuilder) -> Object {
    object.format(Some(SchemaFormat::KnownFormat(KnownFormat::Password))).write_only(true).build()
}

fn handle_text() -> ObjectBuilder {
    text(3, 40, "^[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]$", "not_a_handle", json!("rathaus"))
}

pub(crate) fn handle() -> Object {
    handle_text().build()
}

pub(crate) fn handle_or_null() -> Object {
    or_null(handle_text())
}

/// The address of a feed: http, https or without a scheme; a name or an address, a port, a path.
pub(crate) fn address() -> Object {
    let label = r"[0-9A-Za-z\u00E0-\u00F6\u00F8-\u00FE]([0-9A-Za-z\u00E0-\u00F6\u00F8-\u00FE-]{0,40}[0-9A-Za-z\u00E0-\u00F6\u00F8-\u00FE])?";
    let top = r"[A-Za-z][0-9A-Za-z]{0,40}";
    let byte = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    let v4 = format!(r"{byte}\.{byte}\.{byte}\.{byte}");
    let v6 = ipv6();
    let port = "(:[1-5]?[0-9]{1,4})?";
    let pattern =
        format!(r"^([Hh][Tt][Tt][Pp][Ss]?://)?(({label}\.){{0,8}}{top}|{v4}|\[{v6}\]){port}([/?]{SOLID}*)?$");
    text(1, 2000, &pattern, "not_a_feed_address", json!("https://example.org/feed.xml")).build()
}

/// Eight groups, or fewer with one `::` (RFC 4291, section 2.2).
fn ipv6() -> String {
    let group = "[0-9A-Fa-f]{1,4}";
    let shortened = (1..=6).map(|before| format!("({group}:){{1,{before}}}(:{group}){{1,{}}}", 7 - before));
    let rest =
        [format!("({group}:){{7}}{group}"), format!("({group}:){{1,7}}:"), format!(":((:{group}){{1,7}}|:)")];
    format!("({})", shortened.chain(rest).collect::<Vec<_>>().join("|"))
}

/// Where any text will do, because one that is nobody's handle only does not count.
pub(crate) fn any_handle() -> RefOr<Schema> {
    text(0, 100, PLAIN, "control_characters", json!("rathaus")).build().into()
}

/// Minutes between two polls.
pub(crate) fn interval() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
        .minimum(Some(5_i32))
        .maximum(Some(10_080_i32))
        .examples([json!(15)])
        .build()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_the_contract_calls_a_letter_is_one_in_unicode() {
        let word = regex_lite::Regex::new(&format!("^[{WORD}]$")).unwrap();
        let wrong: Vec<char> = ('\0'..=char::MAX)
            .filter(|c| word.is_match(c.encode_utf8(&mut [0; 4])) && !c.is_alphanumeric())
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn what_the_contract_calls_white_space_is_what_trimming_removes() {
        let solid = regex_lite::Regex::new(&format!("^{SOLID}$")).unwrap();
        for c in '\0'..=char::MAX {
            assert_eq!(
                solid.is_match(c.encode_utf8(&mut [0; 4])),
                !c.is_whitespace() && !c.is_control(),
                "{c:?}"
            );
        }
    }
}
