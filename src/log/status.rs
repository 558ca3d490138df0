//! `stage log status`.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use serde::Serialize;
use stage_commands::audit::Audit;
use stage_store::{
    Position,
    log::status::{LogStatus, OpenAppend, status},
};

use super::output::OutputArgs;
use crate::{config::ReachArgs, failure::Failure, stop::Stop};

#[derive(Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    reach: ReachArgs,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Told {
    /// The highest position that can be seen.
    last_position: Position,
    /// How far the log is known to be safe to read.
    high_water_mark: Position,
    events: u64,
    open_appends: Vec<Open>,
}

#[derive(Serialize)]
struct Open {
    pid: Option<i32>,
    application: Option<String>,
    state: Option<String>,
    since: Option<DateTime<Utc>>,
    seconds: Option<f64>,
}

pub(super) async fn run(args: StatusArgs, stop: &Stop) -> Result<(), Failure> {
    let reached = args.reach.open(1).await?;
    let asked = async {
        let known = stage_projections::engine::reached(&reached.pool).await?;
        // Who is only passing has gone after this.
        let mark = Audit::sealed(reached.pool.clone()).mark(known).await?;
        Ok::<_, Failure>((mark, status(&reached.pool).await?))
    };
    let (mark, LogStatus { last, events, open }) = tokio::select! {
        asked = asked => asked?,
        () = stop.gently.cancelled() => return Err(Failure::Stopped),
    };
    let open_appends = open.into_iter().map(Open::from).collect();
    args.output.print(&Told { last_position: last, high_water_mark: mark, events, open_appends }, text)
}

impl From<OpenAppend> for Open {
    fn from(open: OpenAppend) -> Self {
        let OpenAppend { pid, application, state, since, seconds } = open;
        Self { pid, application, state, since, seconds }
    }
}

fn text(told: &Told) -> String {
    let mut text = format!(
        "last position     {}\nhigh-water mark   {}\nevents            {}\n",
        told.last_position, told.high_water_mark, told.events
    );
    if told.open_appends.is_empty() {
        text.push_str("open appends      none\n");
    }
    for open in &told.open_appends {
        let _ = writeln!(text, "open append       {}", sentence(open));
    }
    text
}

fn sentence(open: &Open) -> String {
    let mut sentence = match open.pid {
        Some(pid) => format!("process {pid}"),
        None => "a prepared transaction".to_owned(),
    };
    for part in [&open.application, &open.state].into_iter().flatten() {
        let _ = write!(sentence, ", {part}");
    }
    if let (Some(since), Some(seconds)) = (open.since, open.seconds) {
        let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let _ = write!(sentence, ", since {since} ({seconds:.0} s)");
    }
    sentence
}
