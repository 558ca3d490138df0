use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use sqlx::Row;
use stage_domain::{AccountId, SessionId};

use crate::{Actor, CommandError, Commands, Missing, Time};

/// A session ends when it was not used for this long.
pub(super) const LIFE: TimeDelta = TimeDelta::days(14);
/// Use is noted at most this often, so that a read is not a write.
const NOTED: TimeDelta = TimeDelta::minutes(10);

/// A session of a person, as they may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub begun_at: Time,
    pub last_seen_at: Time,
    pub expires_at: Time,
}

/// What is kept of a token.
pub(super) fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Commands {
    /// Who holds this token. Prolongs the session now and then.
    pub async fn authenticate(&self, token: &str, now: Time) -> Result<Actor, CommandError> {
        let row = sqlx::query(
            "SELECT id, account_id, last_seen_at FROM sessions WHERE token = $1 AND expires_at > $2",
        )
        .bind(&digest(token)[..])
        .bind(now)
        .fetch_optional(self.log.pool())
        .await?
        .ok_or(CommandError::NotLoggedIn)?;
        let actor = Actor { account: AccountId(row.get("account_id")), session: SessionId(row.get("id")) };
        if now - row.get::<Time, _>("last_seen_at") >= NOTED {
            sqlx::query("UPDATE sessions SET last_seen_at = $2, expires_at = $3 WHERE id = $1")
                .bind(actor.session.0)
                .bind(now)
                .bind(now + LIFE)
                .execute(self.log.pool())
                .await?;
        }
        Ok(actor)
    }

    /// A person's sessions that go on, the oldest first.
    pub async fn sessions(&self, actor: Actor, now: Time) -> Result<Vec<Session>, CommandError> {
        let rows = sqlx::query(
            "SELECT id, begun_at, last_seen_at, expires_at FROM sessions
             WHERE account_id = $1 AND expires_at > $2 ORDER BY begun_at, id",
        )
        .bind(actor.account.0)
        .bind(now)
        .fetch_all(self.log.pool())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| Session {
                id: SessionId(row.get("id")),
                begun_at: row.get("begun_at"),
                last_seen_at: row.get("last_seen_at"),
                expires_at: row.get("expires_at"),
            })
            .collect())
    }

    /// Ends the session that asks.
    pub async fn log_out(&self, actor: Actor) -> Result<(), CommandError> {
        match self.end_session(actor, actor.session).await {
            Err(CommandError::NotFound(Missing::Session)) => Ok(()),
            other => other,
        }
    }

    /// Ends a session of the person who asks.
    pub async fn end_session(&self, actor: Actor, session: SessionId) -> Result<(), CommandError> {
        let ended = sqlx::query("DELETE FROM sessions WHERE id = $1 AND account_id = $2")
            .bind(session.0)
            .bind(actor.account.0)
            .execute(self.log.pool())
            .await?;
        match ended.rows_affected() {
            0 => Err(CommandError::NotFound(Missing::Session)),
            _ => Ok(()),
        }
    }
}
