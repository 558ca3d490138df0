use crate::{FieldError, field};

/// Handles that paths of the program itself begin with.
const RESERVED: &[&str] =
    &["api", "v1", "health", "metrics", "docs", "openapi", "admin", "static", "www", "assets"];

/// A stage's handle: 3 to 40 lower-case letters, digits and hyphens, the first a letter or digit, no
/// hyphen at the end. It is the stage's place in public addresses.
pub fn handle(value: &str) -> Result<String, FieldError> {
    let value = field::line("handle", value, 40)?.to_ascii_lowercase();
    let plain = value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if value.len() < 3 || !plain || value.starts_with('-') || value.ends_with('-') {
        let text = "must have 3 to 40 letters a-z, digits or hyphens, with no hyphen at either end";
        return Err(FieldError::new("handle", "not_a_handle", text));
    }
    if RESERVED.contains(&value.as_str()) {
        return Err(FieldError::new("handle", "reserved", "is reserved; choose another"));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_plain_lower_case_and_not_one_of_our_own_paths() {
        assert_eq!(handle("Rathaus-1"), Ok("rathaus-1".to_owned()));
        for wrong in ["", "ab", "-ab", "ab-", "a b c", "größe", "api"] {
            assert!(handle(wrong).is_err(), "{wrong:?} must be refused");
        }
    }
}
