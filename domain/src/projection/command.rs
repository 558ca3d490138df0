use chrono::{DateTime, Utc};

use crate::{Invalid, field};

#[derive(Clone, Debug)]
pub enum ProjectionCommand {
    /// Go on behind an event that this version of the projection cannot apply.
    Skip { version: i32, position: i64, reason: String, at: DateTime<Utc> },
}

impl ProjectionCommand {
    /// Checks the reason: one line that somebody will understand later.
    pub fn skip(version: i32, position: i64, reason: &str, at: DateTime<Utc>) -> Result<Self, Invalid> {
        let reason = field::line("reason", reason, 500).map_err(|fault| Invalid(vec![fault]))?;
        Ok(Self::Skip { version, position, reason, at })
    }
}
