//! Personal data, marked so that the store can seal it.

use serde::{Deserialize, Serialize};

use crate::AccountId;

/// A value that says something about a person. In JSON it is `{"personal":{"subject":…,"value":…}}`; the
/// store seals every such object on its way into the log and opens it on the way out. Once the subject's
/// key is destroyed it reads back as [`Personal::Erased`]. It never shows its value in `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Marked<T>", from = "Marked<T>")]
#[serde(bound(serialize = "T: Serialize + Clone", deserialize = "T: Deserialize<'de>"))]
pub enum Personal<T> {
    Known { subject: AccountId, value: T },
    Erased { subject: AccountId },
}

impl<T> Personal<T> {
    pub fn new(subject: AccountId, value: T) -> Self {
        Self::Known { subject, value }
    }

    /// The person whom this value is about.
    pub fn subject(&self) -> AccountId {
        match self {
            Self::Known { subject, .. } | Self::Erased { subject } => *subject,
        }
    }

    /// The value, unless it was erased.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known { value, .. } => Some(value),
            Self::Erased { .. } => None,
        }
    }
}

impl<T> std::fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known { .. } => f.write_str("Personal(known)"),
            Self::Erased { .. } => f.write_str("Personal(erased)"),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Marked<T> {
    personal: Mark<T>,
}

#[derive(Serialize, Deserialize)]
struct Mark<T> {
    subject: AccountId,
    #[serde(skip_serializing_if = "Option::is_none", default = "Option::default")]
    value: Option<T>,
}

impl<T> From<Personal<T>> for Marked<T> {
    fn from(personal: Personal<T>) -> Self {
        let subject = personal.subject();
        let value = match personal {
            Personal::Known { value, .. } => Some(value),
            Personal::Erased { .. } => None,
        };
        Self { personal: Mark { subject, value } }
    }
}

impl<T> From<Marked<T>> for Personal<T> {
    fn from(marked: Marked<T>) -> Self {
        let Mark { subject, value } = marked.personal;
        match value {
            Some(value) => Self::Known { subject, value },
            None => Self::Erased { subject },
        }
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_personal_value_is_marked_in_json_and_silent_in_debug() {
        let name = Personal::new(AccountId::default(), "Ada".to_owned());
        let json = serde_json::to_value(&name).expect("serialises");
        assert_eq!(json["personal"]["value"], "Ada");
        assert_eq!(serde_json::from_value::<Personal<String>>(json).expect("reads"), name);
        assert!(!format!("{name:?}").contains("Ada"));
    }

    #[test]
    fn a_mark_without_a_value_reads_as_erased() {
        let json = serde_json::json!({"personal": {"subject": AccountId::default()}});
        let erased: Personal<String> = serde_json::from_value(json).expect("reads");
        assert_eq!(erased, Personal::Erased { subject: AccountId::default() });
    }
}
