use serde::{Deserialize, Serialize};

/// Why a post was redacted: a code and no text, so that the log says nothing about whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedactionReason {
    /// Somebody whom the post is about asked for it (Art. 17 GDPR).
    PersonalData,
    /// It infringes somebody's right in a work or a picture.
    Copyright,
    /// It may not be published for another reason, such as a court's order.
    Unlawful,
}
