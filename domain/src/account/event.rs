use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Language, Personal};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountEvent {
    AccountRegistered {
        first_name: Personal<String>,
        last_name: Personal<String>,
        email: Personal<String>,
        phone: Option<Personal<String>>,
        language: Language,
        at: DateTime<Utc>,
    },
    AccountLoggedIn {
        at: DateTime<Utc>,
    },
    /// The person asks for the mail with the link once more.
    EmailVerificationRequested {
        at: DateTime<Utc>,
    },
    /// Whoever reads the mails at the address followed the link.
    EmailVerified {
        at: DateTime<Utc>,
    },
    /// Somebody who knows the address asks for a link to choose a new password.
    PasswordResetRequested {
        at: DateTime<Utc>,
    },
    PasswordChanged {
        /// By the link of a mail, and not by knowing the old one.
        by_reset: bool,
        at: DateTime<Utc>,
    },
}

crate::event_types!(AccountEvent {
    AccountRegistered = "1",
    AccountLoggedIn = "1",
    EmailVerificationRequested = "1",
    EmailVerified = "1",
    PasswordResetRequested = "1",
    PasswordChanged = "1",
});
