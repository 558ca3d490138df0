//! `stage log show`.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;
use serde_json::Value;
use stage_commands::audit::{Audit, AuditedEvent, Sight, StreamAt, StreamQuestion};
use stage_store::Moment;
use uuid::Uuid;

use super::output::OutputArgs;
use crate::{config::ReachArgs, failure::Failure, stop::Stop};

#[derive(Args)]
pub(crate) struct ShowArgs {
    /// The stream, for instance `stage/01a2096f-542e-73d3-aa7c-6282cd377862`.
    #[arg(value_name = "TYPE/ID", value_parser = stream)]
    stream: (String, Uuid),
    /// The moment: a position in the log, or a time such as `2026-11-25T12:00:00Z`.
    #[arg(long, value_name = "POSITION|TIME", value_parser = moment)]
    at: Option<Moment>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    reach: ReachArgs,
}

fn stream(text: &str) -> Result<(String, Uuid), String> {
    let (stream_type, id) = text.split_once('/').ok_or("is not TYPE/ID, for instance stage/01a2096f-…")?;
    let id = id.parse().map_err(|_| "its ID is not a UUID")?;
    Ok((stream_type.to_owned(), id))
}

fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(position) = text.parse() {
        return Ok(Moment::Position(position));
    }
    let time = DateTime::parse_from_rfc3339(text)
        .map_err(|_| "is neither a position nor a time such as 2026-11-25T12:00:00Z")?;
    Ok(Moment::Time(time.to_utc()))
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Shown {
    version: u64,
    state: Option<Value>,
    events: Vec<AuditedEvent>,
    mark: i64,
}

pub(super) async fn run(args: ShowArgs, stop: &Stop) -> Result<(), Failure> {
    let ShowArgs { stream: (stream_type, id), at, output, reach } = args;
    let reached = reach.open(1).await?;
    let audit = Audit::sealed(reached.pool.clone());
    let at = at.unwrap_or(Moment::Now);
    let question = StreamQuestion { stream_type, id, at, after: 0, limit: usize::MAX };
    let known = stage_projections::engine::reached(&reached.pool).await?;
    let found = tokio::select! {
        found = audit.stream(Sight::SEALED, &question, known, now()) => found?,
        () = stop.gently.cancelled() => return Err(Failure::Stopped),
    };
    let StreamAt { version, state, events, mark } = found;
    output.print(&Shown { version, state, events, mark }, |shown| text(&question, shown))
}

fn text(question: &StreamQuestion, shown: &Shown) -> String {
    let mut text = format!("{}/{} in version {}\n\n", question.stream_type, question.id, shown.version);
    for event in &shown.events {
        let _ = writeln!(text, "{}", line(event));
    }
    let state = shown.state.as_ref().and_then(|state| serde_json::to_string_pretty(state).ok());
    let _ = writeln!(
        text,
        "\n{}",
        state.as_deref().unwrap_or("This program does not know the state of such a stream.")
    );
    text
}

/// One event in one line.
pub(super) fn line(event: &AuditedEvent) -> String {
    let AuditedEvent {
        position, time, stream_type, stream_id, sequence, event_type, payload, redacted, ..
    } = event;
    let said = match redacted {
        Some(digest) => format!("redacted; its payload had the digest {digest}"),
        None => payload.get().to_owned(),
    };
    format!("{position:>8}  {time}  {stream_type}/{stream_id}/{sequence}  {event_type}  {said}")
}

#[allow(clippy::disallowed_methods, reason = "the edge of the program, where the time comes from")]
pub(super) fn now() -> DateTime<Utc> {
    Utc::now()
}
