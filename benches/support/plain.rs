//! An account whose values are not marked as personal, so that nothing of it is sealed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use stage_domain::{Decide, Language};

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Plain {
    first_name: String,
}

#[derive(Clone)]
pub enum PlainCommand {
    Register {
        first_name: String,
        last_name: String,
        email: String,
        phone: Option<String>,
        at: DateTime<Utc>,
    },
    Correct {
        first_name: String,
        at: DateTime<Utc>,
    },
}

/// As `AccountEvent` has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PlainEvent {
    AccountRegistered {
        first_name: String,
        last_name: String,
        email: String,
        phone: Option<String>,
        language: Language,
        at: DateTime<Utc>,
    },
    AccountCorrected {
        first_name: Option<String>,
        last_name: Option<String>,
        email: Option<String>,
        phone: Option<String>,
        phone_removed: bool,
        language: Option<Language>,
        at: DateTime<Utc>,
    },
}

#[derive(Debug, thiserror::Error)]
#[error("the name is this one already")]
pub struct PlainError;

stage_domain::event_types!(PlainEvent { AccountRegistered = "1", AccountCorrected = "1" });

stage_domain::aggregate!(Plain, "plain", PlainCommand, PlainEvent, PlainError);

impl Decide for Plain {
    fn decide(&self, command: PlainCommand) -> Result<Vec<PlainEvent>, PlainError> {
        let event = match command {
            PlainCommand::Register { first_name, last_name, email, phone, at } => {
                let language = Language::De;
                PlainEvent::AccountRegistered { first_name, last_name, email, phone, language, at }
            }
            PlainCommand::Correct { first_name, .. } if first_name == self.first_name => {
                return Err(PlainError);
            }
            PlainCommand::Correct { first_name, at } => PlainEvent::AccountCorrected {
                first_name: Some(first_name),
                last_name: None,
                email: None,
                phone: None,
                phone_removed: false,
                language: None,
                at,
            },
        };
        Ok(vec![event])
    }
}

impl Plain {
    fn on(&mut self, event: PlainEvent) {
        match event {
            PlainEvent::AccountRegistered { first_name, .. } => self.first_name = first_name,
            PlainEvent::AccountCorrected { first_name, .. } => {
                if let Some(first_name) = first_name {
                    self.first_name = first_name;
                }
            }
        }
    }
}
