//! When each source is polled: one row a source, written with the events that change it.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use sqlx::{PgConnection, Row};
use stage_domain::{SourceId, StageId};
use stage_store::{Also, Appended};

use crate::{CommandError, Commands, Time};

/// When a source is polled, as the dashboard shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub source: SourceId,
    pub due_at: Time,
    pub polled_at: Option<Time>,
    /// Failed polls in a row.
    pub failures: u32,
}

impl Commands {
    /// When these sources are polled. Unlinked ones are left out.
    pub async fn schedules(&self, sources: &[SourceId]) -> Result<Vec<Schedule>, CommandError> {
        let ids: Vec<_> = sources.iter().map(|source| source.0).collect();
        let rows = sqlx::query(
            "SELECT source_id, due_at, polled_at, failures FROM poll_schedule WHERE source_id = ANY($1)",
        )
        .bind(ids)
        .fetch_all(self.log.pool())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| Schedule {
                source: SourceId(row.get("source_id")),
                due_at: row.get("due_at"),
                polled_at: row.get("polled_at"),
                failures: row.get::<i32, _>("failures").unsigned_abs(),
            })
            .collect())
    }
}

/// A source was linked: its first poll is due.
pub(crate) struct Begin {
    pub(crate) source: SourceId,
    pub(crate) stage: StageId,
    pub(crate) interval_minutes: u32,
    pub(crate) at: Time,
}

#[async_trait]
impl Also for Begin {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO poll_schedule (source_id, stage_id, interval_minutes, due_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(self.source.0)
        .bind(self.stage.0)
        .bind(self.interval_minutes.cast_signed())
        .bind(self.at)
        .execute(tx)
        .await
        .map(drop)
    }
}

/// A source was changed. Going on after a pause, or more often than before, it is due accordingly.
pub(super) struct Follow {
    pub source: SourceId,
    pub interval_minutes: Option<u32>,
    pub paused: Option<bool>,
    pub at: Time,
}

#[async_trait]
impl Also for Follow {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE poll_schedule SET
                 interval_minutes = coalesce($2, interval_minutes),
                 paused = coalesce($3, paused),
                 due_at = CASE WHEN paused AND NOT coalesce($3, paused) THEN $4
                     ELSE least(due_at, $4 + make_interval(mins => coalesce($2, interval_minutes))) END
             WHERE source_id = $1",
        )
        .bind(self.source.0)
        .bind(self.interval_minutes.map(u32::cast_signed))
        .bind(self.paused)
        .bind(self.at)
        .execute(tx)
        .await
        .map(drop)
    }
}

/// Somebody asks for a poll at once.
pub(super) struct DueNow {
    pub source: SourceId,
    pub at: Time,
}

#[async_trait]
impl Also for DueNow {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE poll_schedule SET due_at = $2 WHERE source_id = $1")
            .bind(self.source.0)
            .bind(self.at)
            .execute(tx)
            .await
            .map(drop)
    }
}

/// A source was unlinked.
pub(super) struct End {
    pub source: SourceId,
}

impl End {
    pub(super) async fn write_now(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM poll_schedule WHERE source_id = $1")
            .bind(self.source.0)
            .execute(connection)
            .await
            .map(drop)
    }
}

#[async_trait]
impl Also for End {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        self.write_now(tx).await
    }
}

/// How a poll ended, and so when the next one is due. A poll that a person asked for meanwhile stays due.
pub(super) struct Polled {
    pub source: SourceId,
    pub outcome: Outcome,
    pub at: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// With how long the document says that it stays as it is.
    Answered(Option<Duration>),
    /// With how long the server asked to wait.
    Failed(Option<Duration>),
}

/// After a failure the wait doubles each time, up to this or the source's own interval; and nobody makes us wait
/// longer.
const LONGEST: TimeDelta = TimeDelta::days(1);

impl Polled {
    pub(super) async fn write_now(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let (failed, at_least) = match self.outcome {
            Outcome::Answered(wait) => (false, wait),
            Outcome::Failed(wait) => (true, wait),
        };
        let at_least = at_least.and_then(|wait| TimeDelta::from_std(wait).ok()).unwrap_or_default();
        sqlx::query(
            "UPDATE poll_schedule SET
                 held_until = NULL,
                 polled_at = $2,
                 failures = CASE WHEN $3 THEN failures + 1 ELSE 0 END,
                 due_at = CASE WHEN due_at > taken_at THEN due_at ELSE $2 + greatest(
                     $4,
                     make_interval(mins => interval_minutes),
                     CASE WHEN $3 THEN least($5,
                         make_interval(mins => interval_minutes) * power(2, least(failures, 12))) END) END
             WHERE source_id = $1",
        )
        .bind(self.source.0)
        .bind(self.at)
        .bind(failed)
        .bind(at_least.min(LONGEST))
        .bind(LONGEST)
        .execute(connection)
        .await
        .map(drop)
    }
}

#[async_trait]
impl Also for Polled {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        self.write_now(tx).await
    }
}
