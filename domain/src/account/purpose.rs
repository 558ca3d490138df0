use serde::{Deserialize, Serialize};

/// What personal data is used for beyond running the account, so that the person may object to it (Art. 21 GDPR).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Telling the operator's recipients, such as a Slack channel, who registered.
    Recipients,
}

impl Purpose {
    pub const ALL: [Self; 1] = [Self::Recipients];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recipients => "recipients",
        }
    }
}
