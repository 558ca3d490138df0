use chrono::{DateTime, Utc};

use super::{
    Correction, Purpose,
    fields::{email_address, phone_number},
};
use crate::{AccountId, Invalid, Language, Personal, field};

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
    EnableSecondFactor {
        at: DateTime<Utc>,
    },
    DisableSecondFactor {
        at: DateTime<Utc>,
    },
    /// Others in place of the recovery codes that there are.
    RenewRecoveryCodes {
        at: DateTime<Utc>,
    },
    /// With one of the recovery codes; `left` are left.
    LogInWithRecoveryCode {
        left: u32,
        at: DateTime<Utc>,
    },
    Correct {
        correction: Correction,
        at: DateTime<Utc>,
    },
    Restrict {
        at: DateTime<Utc>,
    },
    /// Asks for the end of a restriction. It holds until the person was told.
    AnnounceLift {
        at: DateTime<Utc>,
    },
    /// The person was told that the restriction ends.
    Lift {
        at: DateTime<Utc>,
    },
    /// Objects to a purpose, or takes the objection back.
    Object {
        purpose: Purpose,
        objects: bool,
        at: DateTime<Utc>,
    },
    Erase {
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
