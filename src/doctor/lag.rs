//! What follows the log, and how far behind it is: projections, outbox and notary.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use stage_projections::{
    ProjectionError,
    engine::{Report, cause, led, report},
    outbox::{Deliveries, RecipientView},
};
use stage_store::{
    Ahead, Reader,
    proof::{ProofError, Signed, checkpoint},
};

use super::{finding::Finding, now};
use crate::failure::sentence;

pub(super) const PROJECTIONS: &str = "projections";
pub(super) const OUTBOX: &str = "outbox";
pub(super) const NOTARY: &str = "notary";

/// Whoever is further behind does not follow any more. At rest it is milliseconds.
const BEHIND: TimeDelta = TimeDelta::seconds(60);

pub(super) async fn examine(pool: &PgPool) -> Vec<Finding> {
    let now = now();
    let (projections, outbox, notary) =
        tokio::join!(projections(pool, now), outbox(pool, now), notary(pool, now));
    let failed = |check, told: String| {
        vec![Finding::wrong(check, told, "look at the database; a role may lack a right")]
    };
    let projections = projections.unwrap_or_else(|error| failed(PROJECTIONS, cause(&error)));
    let outbox = outbox.unwrap_or_else(|error| failed(OUTBOX, cause(&error)));
    let notary = notary.unwrap_or_else(|error| failed(NOTARY, sentence(&error)));
    projections.into_iter().chain(outbox).chain(notary).collect()
}

/// One line for all that are well, and one for each that is not.
async fn projections(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<Finding>, ProjectionError> {
    let (mut reports, led) = (report(pool, now).await?, led(pool).await?);
    // The consumers of recipients have a line of their own.
    reports.retain(|report| report.rebuildable);
    let led: Vec<_> =
        led.into_iter().filter(|name| reports.iter().any(|report| report.name == *name)).collect();
    if led.is_empty() && reports.iter().all(|report| report.state == "running") {
        let remedy = "start a `stage work`; when one runs, look at its log";
        return Ok(vec![Finding::wrong(PROJECTIONS, "nobody runs any of them", remedy)]);
    }
    let troubles: Vec<_> = reports.iter().filter_map(|report| trouble(report, &led)).collect();
    if !troubles.is_empty() {
        return Ok(troubles);
    }
    let slowest = reports.iter().map(|report| report.lag_events).max().unwrap_or_default();
    let told = format!("all {} follow the log, the slowest {slowest} events behind", reports.len());
    Ok(vec![Finding::well(PROJECTIONS, told)])
}

fn trouble(report: &Report, led: &[String]) -> Option<Finding> {
    let Report { name, state, position, lag_events, lag_seconds, .. } = report;
    let wrong = |told: String, remedy: &str| Some(Finding::wrong(PROJECTIONS, told, remedy));
    let remedy = report.remedy.as_deref();
    if let Some(failing) = &report.failing {
        let told = format!("{name} cannot apply event {}: {}", failing.position, failing.error);
        return wrong(told, remedy.unwrap_or_default());
    }
    if state != "running" {
        return wrong(format!("{name} is {state} at {position}"), remedy.unwrap_or_default());
    }
    if let Some(remedy) = remedy {
        let (tables, program) = (report.tables_version, report.program_version);
        let told = match tables == program {
            true => format!("{name} is being rebuilt, or was"),
            false => format!("the tables of {name} are of version {tables}, this program's are of {program}"),
        };
        return wrong(told, remedy);
    }
    if !led.contains(name) {
        return wrong(format!("nobody runs {name}"), "start a `stage work`; when one runs, look at its log");
    }
    if *lag_seconds > BEHIND.as_seconds_f64() {
        let told = format!("{name} is {lag_events} events behind, the first from {lag_seconds:.0} s ago");
        return wrong(
            told,
            "look at the load of PostgreSQL and at the log of `stage work`; `stage log status` names an append that holds all back",
        );
    }
    None
}

async fn outbox(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<Finding>, ProjectionError> {
    let (recipients, led) = (Deliveries::new(pool.clone()).status().await?, led(pool).await?);
    let mut findings = Vec::new();
    let mut off = Vec::new();
    for recipient in &recipients {
        let ahead = Reader::new(pool.clone()).ahead(recipient.position).await?;
        findings.extend(undelivered(recipient, now));
        match led.contains(&format!("outbox_{}", recipient.recipient)) {
            true => findings.extend(behind(recipient, ahead, now)),
            // Turned off, or no worker runs, which the projections tell.
            false => off.push(recipient.recipient.as_str()),
        }
    }
    if !findings.is_empty() {
        return Ok(findings);
    }
    let on = recipients.len() - off.len();
    let mut told = format!("{on} recipients are told, nothing is dead and nothing waits for long");
    if !off.is_empty() {
        let _ = write!(told, "; no worker is configured for {}", off.join(", "));
    }
    Ok(vec![Finding::well(OUTBOX, told)])
}

fn undelivered(view: &RecipientView, now: DateTime<Utc>) -> Option<Finding> {
    let RecipientView { recipient, state, dead, waiting, .. } = view;
    if let (Some(error), Some(at)) = (&view.error, view.failed_position) {
        return Some(Finding::wrong(
            OUTBOX,
            format!("{recipient} is {state} in front of event {at}: {error}"),
            "start a program that can read the event, each start of a worker tries it again; or see `stage outbox status`",
        ));
    }
    if state == "paused" {
        let remedy = format!("let it go on with `stage projections resume outbox_{recipient}`");
        return Some(Finding::wrong(OUTBOX, format!("{recipient} is paused"), remedy));
    }
    if *dead > 0 {
        return Some(Finding::wrong(
            OUTBOX,
            format!("{dead} deliveries to {recipient} are dead"),
            "`stage outbox status` says which and why; then `stage outbox retry` or `stage outbox drop`",
        ));
    }
    is_old(view.waiting_since, now).then(|| {
        Finding::wrong(
            OUTBOX,
            format!("{waiting} deliveries to {recipient} wait, the oldest for more than a minute"),
            "`stage outbox status` says why and when each is tried again",
        )
    })
}

fn behind(view: &RecipientView, ahead: Ahead, now: DateTime<Utc>) -> Option<Finding> {
    is_old(ahead.since, now).then(|| {
        let told = format!("{} is {} events behind", view.recipient, ahead.events);
        Finding::wrong(OUTBOX, told, "look at the load of PostgreSQL and at the log of `stage work`")
    })
}

fn is_old(since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    since.is_some_and(|since| now - since > BEHIND)
}

async fn notary(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<Finding>, ProofError> {
    let signed = checkpoint(pool, None).await?;
    let position = signed.as_ref().map_or(0, |signed| signed.position);
    let ahead = Reader::new(pool.clone()).ahead(position).await.map_err(ProofError::Store)?;
    Ok(vec![unsigned(signed.as_ref(), ahead, now)])
}

fn unsigned(signed: Option<&Signed>, ahead: Ahead, now: DateTime<Utc>) -> Finding {
    let Some(signed) = signed else {
        if ahead.events == 0 {
            return Finding::well(NOTARY, "there is nothing to sign yet");
        }
        return Finding::well(
            NOTARY,
            "the log is not signed; a `stage work` with --notary-key-file signs it (docs/audit.md)",
        );
    };
    let told = format!("{} events are signed, {} are not yet", signed.size, ahead.events);
    if is_old(ahead.since, now) {
        let remedy = "start a `stage work` with --notary-key-file; when one runs, look at its log and at `stage log verify`";
        return Finding::wrong(NOTARY, told, remedy);
    }
    Finding::well(NOTARY, told)
}
