use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgPool;
use stage_store::{Position, Reader};

use super::{Known, led};
use crate::{ProjectionError, Reads};

/// How far a projection is.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Status {
    pub name: String,
    pub version: i32,
    /// The position of the last event that it applied.
    pub position: Position,
    /// running, paused or failed.
    pub state: String,
    pub error: Option<String>,
    pub failed_position: Option<Position>,
    /// How many events it ever applied.
    pub applied: i64,
}

impl Reads {
    /// Every projection of this program, in a fixed order; one that never ran is at position 0.
    pub async fn status(&self) -> Result<Vec<Status>, ProjectionError> {
        status(self.log.pool()).await
    }
}

async fn status(pool: &PgPool) -> Result<Vec<Status>, ProjectionError> {
    Ok(status_of(pool, Known::projections().collect()).await?.into_iter().map(|(_, status)| status).collect())
}

async fn status_of(pool: &PgPool, asked: Vec<Known>) -> Result<Vec<(Known, Status)>, ProjectionError> {
    let mut known: Vec<Status> = sqlx::query_as(
        "SELECT name, version, position, state, error, failed_position, applied FROM projection_checkpoints",
    )
    .fetch_all(pool)
    .await?;
    let status = |one: Known| {
        let found = known.iter().position(|status| status.name == one.name);
        let status = found.map(|index| known.swap_remove(index)).unwrap_or_else(|| Status {
            name: one.name.clone(),
            version: one.version,
            position: 0,
            state: "running".to_owned(),
            error: None,
            failed_position: None,
            applied: 0,
        });
        (one, status)
    };
    Ok(asked.into_iter().map(status).collect())
}

/// What an operator is told of a projection.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub name: String,
    /// running, paused or failed.
    pub state: String,
    /// The position of the last event that it applied.
    pub position: Position,
    /// Events that are not applied yet, and the age of the first of them.
    pub lag_events: u64,
    pub lag_seconds: f64,
    /// How many events it ever applied; and how many a second it applies, once it was looked at twice.
    pub applied: u64,
    pub rate: Option<f64>,
    /// When it was looked at.
    pub at: DateTime<Utc>,
    /// The version of the code that made the tables, and that of this program.
    pub tables_version: i32,
    pub program_version: i32,
    /// A recipient's consumer is not.
    pub rebuildable: bool,
    /// Whether a process runs it just now.
    pub led: bool,
    /// What it stands in front of.
    pub failing: Option<Failing>,
    pub rebuild: Option<RebuildReport>,
    /// What there is to do, in a sentence; `None` when all is well.
    pub remedy: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failing {
    pub position: Position,
    /// Names of types, fields and constraints; no value.
    pub error: String,
}

/// A rebuild that is under way, or was ended before its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct RebuildReport {
    pub version: i32,
    pub applied: i64,
    pub events: i64,
    pub since: DateTime<Utc>,
    pub error: Option<String>,
}

/// All projections of this program, then the consumers of recipients, as `now` finds them. `now` is the clock that the
/// log's times are compared with.
pub async fn report(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<Report>, ProjectionError> {
    let reader = Reader::new(pool.clone());
    let led = led(pool).await?;
    let mut reports = Vec::new();
    for (known, status) in status_of(pool, Known::all(pool).await?).await? {
        let ahead = reader.ahead(status.position).await?;
        let lag = ahead.since.map_or(0.0, |since| (now - since).as_seconds_f64().max(0.0));
        let failing = status.failed_position.zip(status.error.clone());
        let mut report = Report {
            state: status.state,
            position: status.position,
            lag_events: ahead.events,
            lag_seconds: lag,
            applied: status.applied.cast_unsigned(),
            rate: None,
            at: now,
            tables_version: status.version,
            program_version: known.version,
            rebuildable: !known.is_consumer(),
            led: led.contains(&known.name),
            failing: failing.map(|(position, error)| Failing { position, error }),
            rebuild: under_way(pool, &status.name).await?,
            remedy: None,
            name: status.name,
        };
        report.remedy = remedy(&report);
        if report.is_off() && report.lag_events > 0 {
            report.remedy.get_or_insert_with(|| NOT_SET_UP.to_owned());
        }
        reports.push(report);
    }
    Ok(reports)
}

impl Report {
    /// Whether it is the consumer of a recipient that no process is set up for. That it lags is as it should be.
    #[must_use]
    pub fn is_off(&self) -> bool {
        !self.rebuildable && !self.led && self.state == "running"
    }

    /// With the rate since an earlier look.
    #[must_use]
    pub fn since(self, earlier: &Self) -> Self {
        let seconds = (self.at - earlier.at).as_seconds_f64();
        #[allow(clippy::cast_precision_loss)]
        let events = self.applied.saturating_sub(earlier.applied) as f64;
        Self { rate: (seconds > 0.0).then(|| events / seconds), ..self }
    }
}

/// What to do about a consumer that no process runs.
const NOT_SET_UP: &str = "no process runs it: give `stage work` the settings of this recipient, see docs/recipients.md; it \
    then goes on from here";

async fn under_way(pool: &PgPool, name: &str) -> Result<Option<RebuildReport>, ProjectionError> {
    let row = sqlx::query_as(
        "SELECT r.version, coalesce(sum(p.applied), 0)::bigint AS applied, r.events, r.started_at AS since, r.error
         FROM projection_rebuilds r LEFT JOIN projection_rebuild_parts p USING (schema)
         WHERE r.schema = $1 GROUP BY r.schema",
    )
    .bind(format!("{}__next", super::schema(name)))
    .fetch_optional(pool)
    .await?;
    Ok(row)
}

fn remedy(report: &Report) -> Option<String> {
    let name = &report.name;
    if let Some(failing) = &report.failing {
        return Some(format!(
            "start a program that can apply the event, or try it again with `stage projections resume {name}`, or \
             leave it out with `stage projections skip {name} {} --reason …`",
            failing.position
        ));
    }
    if report.state == "paused" {
        return Some(format!("let it go on with `stage projections resume {name}`"));
    }
    if report.tables_version != report.program_version {
        return Some(match report.tables_version < report.program_version {
            true => format!(
                "a worker of this version builds it anew; or do it with `stage projections rebuild {name}`"
            ),
            false => format!(
                "a newer program made the tables; use that one, or go back with `stage projections rebuild {name}`"
            ),
        });
    }
    let stopped = report.rebuild.as_ref()?;
    let why = stopped.error.as_ref().map(|error| format!(" and stopped: {error}")).unwrap_or_default();
    Some(format!(
        "a rebuild was begun{why}; it goes on with `stage projections rebuild {name}`, and `--give-up` drops it"
    ))
}

/// The furthest position that any projection has passed; 0 where none ever ran. Each follows the log behind the
/// high-water mark, so the mark is at least there.
pub async fn reached(pool: &sqlx::PgPool) -> Result<Position, ProjectionError> {
    let reached = sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM projection_checkpoints");
    Ok(reached.fetch_one(pool).await?)
}
