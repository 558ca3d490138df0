use serde::Serialize;

use super::CheckpointError;
use crate::Position;

/// What is not as it was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The event says something else than the one that was signed.
    Changed { position: Position },
    /// The event's payload was emptied, and no event tells that somebody was allowed to.
    Emptied { position: Position },
    /// There was an event that is gone.
    Missing { position: Position },
    /// There is an event that was not there when those around it were signed.
    Inserted { position: Position },
    /// The events and the stored leaves were both changed, so that only the checkpoints tell: the first event that
    /// differs is one of those after `after` up to `up_to`.
    Rewritten { after: Position, up_to: Position },
    /// The log ends after `after`, though a checkpoint is about more events than it has.
    Short { after: Position, events: u64, signed: u64 },
    /// A stored checkpoint is not one. `position` is where it claims to end.
    Checkpoint { size: u64, position: Position, cause: CheckpointError },
    /// The auditor's own checkpoint was signed for other events: the first that differs is one of those up to `up_to`.
    Kept { size: u64, up_to: Position },
}

impl Finding {
    /// The first position that is known to differ, where there is one.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Changed { position }
            | Self::Emptied { position }
            | Self::Missing { position }
            | Self::Inserted { position } => Some(*position),
            Self::Checkpoint { position, .. } => Some(*position),
            Self::Rewritten { .. } | Self::Short { .. } | Self::Kept { .. } => None,
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Changed { position } => write!(f, "the event at position {position} was changed"),
            Self::Emptied { position } => {
                write!(f, "the event at position {position} was emptied, and no event tells of a redaction")
            }
            Self::Missing { position } => write!(f, "the event at position {position} is missing"),
            Self::Inserted { position } => write!(f, "the event at position {position} was inserted"),
            Self::Rewritten { after, up_to } => write!(
                f,
                "events after position {after}, up to {up_to}, were changed together with the tree; the first that \
                 differs is among them"
            ),
            Self::Short { after, events, signed } => write!(
                f,
                "the log ends after position {after}: it has {events} events, and {signed} were signed"
            ),
            Self::Checkpoint { size, position, cause } => {
                write!(f, "the checkpoint of {size} events, up to position {position}: {cause}")
            }
            Self::Kept { size, up_to } => write!(
                f,
                "the checkpoint that you kept was signed for other events: one of the first {size}, up to position \
                 {up_to}, differs"
            ),
        }
    }
}
