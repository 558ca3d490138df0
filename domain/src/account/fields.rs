//! The forms of an address and a telephone number.

use crate::{FieldError, field};

/// An address as people write it: one `@`, something before it, a domain behind it. Whether it exists is
/// shown by a mail alone. At most 254 characters (RFC 5321, section 4.5.3.1.3 less the brackets).
pub fn email_address(field: &str, value: &str) -> Result<String, FieldError> {
    let value = field::line(field, value, 254)?;
    let wrong = || FieldError::new(field, "not_an_email", "must be an e-mail address");
    let (local, domain) = value.rsplit_once('@').ok_or_else(wrong)?;
    let plain = |c: char| !c.is_whitespace() && !"<>()[],;:\\\"".contains(c);
    let labels = domain
        .split('.')
        .all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-'));
    if local.is_empty()
        || local.chars().count() > 64
        || local.contains('@')
        || !local.chars().all(plain)
        || !labels
    {
        return Err(wrong());
    }
    Ok(value)
}

/// A telephone number as people write it: 3 to 20 digits with the usual separators.
pub(super) fn phone_number(field: &str, value: &str) -> Result<String, FieldError> {
    let value = field::line(field, value, 40)?;
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let usual = value.chars().all(|c| c.is_ascii_digit() || " +-/().".contains(c));
    if !(3..=20).contains(&digits) || !usual {
        return Err(FieldError::new(field, "not_a_phone_number", "must be a telephone number"));
    }
    Ok(value)
}
