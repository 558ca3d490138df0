use std::{
    io::{self, Write as _},
    time::Duration,
};

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::json;
use stage_projections::engine::{Report, report};
use tokio::time::sleep;

use super::OutputArgs;
use crate::failure::Failure;

/// The rate is what was applied in this time.
const WATCHED: Duration = Duration::from_secs(1);

#[derive(Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(args: StatusArgs) -> Result<(), Failure> {
    let reached = args.output.reach.open(1).await?;
    let before = report(&reached.pool, now()).await?;
    sleep(WATCHED).await;
    let reports = report(&reached.pool, now()).await?;
    let mut out = io::stdout().lock();
    for report in reports {
        let report = match before.iter().find(|before| before.name == report.name) {
            Some(before) => report.since(before),
            None => report,
        };
        match args.output.json {
            true => writeln!(out, "{}", json!(report)),
            false => show(&mut out, &report),
        }
        .map_err(Failure::Output)?;
    }
    Ok(())
}

fn show(out: &mut impl io::Write, report: &Report) -> io::Result<()> {
    let Report { name, state, position, lag_events, lag_seconds, .. } = report;
    let rate = report.rate.unwrap_or_default();
    writeln!(
        out,
        "{name:<12} {state:<8} at {position}, {lag_events} events ({lag_seconds:.1} s) behind, {rate:.0} events/s"
    )?;
    if report.tables_version != report.program_version {
        writeln!(
            out,
            "             tables of version {}, program of version {}",
            report.tables_version, report.program_version
        )?;
    }
    if let Some(failing) = &report.failing {
        writeln!(out, "             cannot apply event {}: {}", failing.position, failing.error)?;
    }
    if let Some(rebuild) = &report.rebuild {
        writeln!(
            out,
            "             is being rebuilt: {} of {} events applied",
            rebuild.applied.min(rebuild.events),
            rebuild.events
        )?;
    }
    if let Some(remedy) = &report.remedy {
        writeln!(out, "             {remedy}")?;
    }
    Ok(())
}

#[allow(clippy::disallowed_methods, reason = "the edge of the program, where the time comes from")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
