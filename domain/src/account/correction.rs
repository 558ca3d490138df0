use super::fields::{email_address, phone_number};
use crate::{AccountId, Invalid, Language, Personal, field};

/// What a person says is right about them, checked. `None` leaves a value as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Correction {
    pub first_name: Option<Personal<String>>,
    pub last_name: Option<Personal<String>>,
    pub email: Option<Personal<String>>,
    /// `Some(None)`: no telephone number any more.
    pub phone: Option<Option<Personal<String>>>,
    pub language: Option<Language>,
}

impl Correction {
    /// Checks every field and names all that are at fault. An empty telephone number removes it.
    pub fn new(
        subject: AccountId,
        first_name: Option<&str>,
        last_name: Option<&str>,
        email: Option<&str>,
        phone: Option<&str>,
        language: Option<Language>,
    ) -> Result<Self, Invalid> {
        let mut fields = field::Fields::default();
        let first_name = first_name.map(|name| fields.take(field::line("first_name", name, 100)));
        let last_name = last_name.map(|name| fields.take(field::line("last_name", name, 100)));
        let email = email.map(|email| fields.take(email_address("email", email)));
        let phone = phone.map(|phone| match phone.trim().is_empty() {
            true => None,
            false => Some(fields.take(phone_number("phone", phone))),
        });
        fields.done()?;
        let personal = |value| Personal::new(subject, value);
        Ok(Self {
            first_name: first_name.map(personal),
            last_name: last_name.map(personal),
            email: email.map(personal),
            phone: phone.map(|phone| phone.map(personal)),
            language,
        })
    }
}
