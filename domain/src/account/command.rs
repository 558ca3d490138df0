use chrono::{DateTime, Utc};

use crate::{AccountId, FieldError, Invalid, Language, Personal, field};

#[derive(Clone, Debug)]
pub enum AccountCommand {
    Register {
        registration: Registration,
        at: DateTime<Utc>,
    },
    LogIn {
        at: DateTime<Utc>,
    },
    RequestEmailVerification {
        at: DateTime<Utc>,
    },
    /// Mails to this address are read by whoever asks.
    VerifyEmail {
        email: Personal<String>,
        at: DateTime<Utc>,
    },
    RequestPasswordReset {
        at: DateTime<Utc>,
    },
    ChangePassword {
        by_reset: bool,
        at: DateTime<Utc>,
    },
}

/// What a person gives to register, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    pub first_name: Personal<String>,
    pub last_name: Personal<String>,
    pub email: Personal<String>,
    pub phone: Option<Personal<String>>,
    pub language: Language,
}

impl Registration {
    /// Checks every field and names all that are at fault.
    pub fn new(
        subject: AccountId,
        first_name: &str,
        last_name: &str,
        email: &str,
        phone: Option<&str>,
        language: Language,
    ) -> Result<Self, Invalid> {
        let mut fields = field::Fields::default();
        let first_name = fields.take(field::line("first_name", first_name, 100));
        let last_name = fields.take(field::line("last_name", last_name, 100));
        let email = fields.take(email_address("email", email));
        let phone = phone.filter(|p| !p.trim().is_empty()).map(|p| fields.take(phone_number("phone", p)));
        fields.done()?;
        let personal = |value| Personal::new(subject, value);
        Ok(Self {
            first_name: personal(first_name),
            last_name: personal(last_name),
            email: personal(email),
            phone: phone.map(personal),
            language,
        })
    }
}

/// An address as people write it: one `@`, something before it, a domain behind it. Whether it exists is
/// shown by a mail alone. At most 254 characters (RFC 5321, section 4.5.3.1.3 less the brackets).
fn email_address(field: &str, value: &str) -> Result<String, FieldError> {
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
fn phone_number(field: &str, value: &str) -> Result<String, FieldError> {
    let value = field::line(field, value, 40)?;
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let usual = value.chars().all(|c| c.is_ascii_digit() || " +-/().".contains(c));
    if !(3..=20).contains(&digits) || !usual {
        return Err(FieldError::new(field, "not_a_phone_number", "must be a telephone number"));
    }
    Ok(value)
}
