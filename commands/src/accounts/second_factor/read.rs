use crate::{Actor, CommandError, Commands, Time};

/// Whether a second factor is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// `None` while it is off.
    pub enabled_at: Option<Time>,
    pub recovery_codes_left: u32,
}

impl Commands {
    pub async fn second_factor(&self, actor: Actor) -> Result<SecondFactor, CommandError> {
        let (enabled_at, left): (Option<Time>, i64) = sqlx::query_as(
            "SELECT (SELECT enabled_at FROM second_factors WHERE account_id = $1),
                    (SELECT count(*) FROM recovery_codes WHERE account_id = $1)",
        )
        .bind(actor.account.0)
        .fetch_one(self.log.pool())
        .await?;
        Ok(SecondFactor { enabled_at, recovery_codes_left: u32::try_from(left).unwrap_or_default() })
    }
}
