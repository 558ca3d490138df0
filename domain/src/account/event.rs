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
}

crate::event_types!(AccountEvent { AccountRegistered = "1", AccountLoggedIn = "1" });
