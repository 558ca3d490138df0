//! Refusals of a value: which field, and what is wrong with it.

use serde::Serialize;

/// One field at fault. `field` is a JSON pointer into the request body (RFC 6901) without its leading
/// slash, so `name` or `include/terms/0`; `code` is stable and the key of the text in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    pub field: String,
    pub code: &'static str,
    /// English, for people who read logs and curl.
    pub message: String,
}

impl FieldError {
    #[must_use]
    pub fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { field: field.into(), code, message: message.into() }
    }
}

/// At least one field at fault. All of them are named at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(|e| format!("{}: {}", e.field, e.message)).collect::<Vec<_>>().join("; "))]
pub struct Invalid(pub Vec<FieldError>);

impl Invalid {
    #[must_use]
    pub fn one(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self(vec![FieldError::new(field, code, message)])
    }
}

/// Text that a person wrote into one line: trimmed, 1 to `max` characters, no control characters.
pub fn line(field: &str, value: &str, max: usize) -> Result<String, FieldError> {
    let value = value.trim();
    if value.is_empty() {
        return Err(FieldError::new(field, "required", "must not be empty"));
    }
    if value.chars().count() > max {
        return Err(FieldError::new(field, "too_long", format!("must have at most {max} characters")));
    }
    if value.chars().any(char::is_control) {
        return Err(FieldError::new(field, "control_characters", "must not contain control characters"));
    }
    Ok(value.to_owned())
}

/// Gathers the fields at fault, so that a person is told of all of them at once.
#[derive(Debug, Default)]
pub struct Fields(Vec<FieldError>);

impl Fields {
    /// The value, or `T::default()` with the fault kept for [`Fields::done`].
    pub fn take<T: Default>(&mut self, result: Result<T, FieldError>) -> T {
        result.unwrap_or_else(|fault| {
            self.0.push(fault);
            T::default()
        })
    }

    pub fn fault(&mut self, fault: FieldError) {
        self.0.push(fault);
    }

    pub fn done(self) -> Result<(), Invalid> {
        if self.0.is_empty() { Ok(()) } else { Err(Invalid(self.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_bounded() {
        assert_eq!(line("name", "  Rathaus ", 10), Ok("Rathaus".to_owned()));
        assert_eq!(line("name", " ", 10).map_err(|e| e.code), Err("required"));
        assert_eq!(line("name", "12345678901", 10).map_err(|e| e.code), Err("too_long"));
        assert_eq!(line("name", "a\u{0}b", 10).map_err(|e| e.code), Err("control_characters"));
    }
}
