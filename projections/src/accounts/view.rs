use chrono::{DateTime, Utc};
use stage_domain::{AccountId, Language, Personal, account::Purpose};

/// What somebody is called; nothing once they were erased.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NameView {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
}

impl NameView {
    /// First and last name, where both are known.
    #[must_use]
    pub fn whole(&self) -> Option<String> {
        Some(format!("{} {}", self.first_name.as_ref()?, self.last_name.as_ref()?))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    pub id: AccountId,
    pub first_name: Personal<String>,
    pub last_name: Personal<String>,
    pub email: Personal<String>,
    pub phone: Option<Personal<String>>,
    pub language: Language,
    pub registered_at: DateTime<Utc>,
    pub last_login_at: Option<DateTime<Utc>>,
    pub email_verified: bool,
    pub version: u64,
    /// Since when the data is kept and not used; `None` where it is used.
    pub restricted_at: Option<DateTime<Utc>>,
    /// What the person objects to.
    pub objections: Vec<Purpose>,
}
