use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Purpose;
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
    /// From here on a log-in asks for a code.
    SecondFactorEnabled {
        at: DateTime<Utc>,
    },
    SecondFactorDisabled {
        at: DateTime<Utc>,
    },
    /// In place of a code of the app; so many are left.
    RecoveryCodeUsed {
        left: u32,
        at: DateTime<Utc>,
    },
    /// Those that there were before count no more.
    RecoveryCodesRenewed {
        at: DateTime<Utc>,
    },
    PasswordChanged {
        /// By the link of a mail, and not by knowing the old one.
        by_reset: bool,
        at: DateTime<Utc>,
    },
    /// What the person corrected; `None` left a value as it was. What it was before stays sealed in the log.
    AccountCorrected {
        first_name: Option<Personal<String>>,
        last_name: Option<Personal<String>>,
        email: Option<Personal<String>>,
        phone: Option<Personal<String>>,
        /// There is no telephone number any more; then `phone` is `None`.
        phone_removed: bool,
        language: Option<Language>,
        at: DateTime<Utc>,
    },
    /// From here on the person's data is kept and not used.
    AccountRestricted {
        at: DateTime<Utc>,
    },
    /// The person is told first; until then the restriction holds.
    RestrictionLiftAnnounced {
        at: DateTime<Utc>,
    },
    RestrictionLifted {
        at: DateTime<Utc>,
    },
    ObjectionRaised {
        purpose: Purpose,
        at: DateTime<Utc>,
    },
    ObjectionWithdrawn {
        purpose: Purpose,
        at: DateTime<Utc>,
    },
    /// The person's key is destroyed with this event: nothing that was ever said about them can be read.
    AccountErased {
        at: DateTime<Utc>,
    },
}

crate::event_types!(AccountEvent {
    AccountRegistered = "1",
    AccountLoggedIn = "1",
    EmailVerificationRequested = "1",
    EmailVerified = "1",
    PasswordResetRequested = "1",
    SecondFactorEnabled = "1",
    SecondFactorDisabled = "1",
    RecoveryCodeUsed = "1",
    RecoveryCodesRenewed = "1",
    PasswordChanged = "1",
    AccountCorrected = "1",
    AccountRestricted = "1",
    RestrictionLiftAnnounced = "1",
    RestrictionLifted = "1",
    ObjectionRaised = "1",
    ObjectionWithdrawn = "1",
    AccountErased = "1",
});
