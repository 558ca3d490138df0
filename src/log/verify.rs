//! `stage log verify`.

use std::{
    cell::{Cell, RefCell},
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use stage_store::proof::{Checkpoint, Progress, PublicKey, Report, Standing, Verify};

use super::{
    keys::KeyArgs,
    output::{self, OutputArgs},
    standing::Kept,
};
use crate::{config::ReachArgs, failure::Failure, pace::pace, stop::Stop};

/// Between two notes of where we stand.
const KEEP_EVERY: Duration = Duration::from_secs(1);
/// One for each task that reads, and two for the rest.
const CONNECTIONS: u32 = 10;

#[derive(Args)]
pub(crate) struct VerifyArgs {
    /// A file with a checkpoint that you kept, to be compared too: it shows also what somebody changed who can sign.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Where to keep how far a verification got, so that the same command goes on within a day after an interruption. An
    /// auditor keeps it where nobody else can write.
    /// [default: in the data directory, or in ~/.local/state/stage]
    #[arg(long, env = "STAGE_STATE_DIR", value_name = "DIRECTORY")]
    state_dir: Option<PathBuf>,
    /// Begins anew, also where an earlier one was interrupted.
    #[arg(long)]
    restart: bool,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    reach: ReachArgs,
}

pub(super) async fn run(args: VerifyArgs, stop: &Stop) -> Result<(), Failure> {
    let keys = args.keys.some_keys(&args.reach)?;
    let kept = args.checkpoint.as_ref().map(|path| checkpoint(path, &keys)).transpose()?;
    let reached = args.reach.open(CONNECTIONS).await?;
    let note = kept.as_ref().map_or("", |checkpoint| checkpoint.note.as_str());
    let names = keys
        .iter()
        .map(PublicKey::as_str)
        .chain([args.reach.name()?.as_str(), note])
        .collect::<Vec<_>>()
        .join("\n");
    let standings = Kept::new(args.state_dir.clone(), args.reach.private(), &names)?;
    let standing = if args.restart { None } else { standings.read() };
    let verify = Verify::begin(reached.pool.clone(), &keys, kept, standing).await?;
    let report = tokio::select! {
        report = watched(verify, &standings) => report?,
        () = stop.gently.cancelled() => return Err(Failure::Paused),
    };
    standings.forget();
    match args.output.json {
        true => output::json(&report)?,
        false => output::write(text(&report))?,
    }
    match report.findings.first() {
        Some(finding) => Err(Failure::Differs(finding.to_string())),
        None => Ok(()),
    }
}

fn checkpoint(path: &PathBuf, keys: &[PublicKey]) -> Result<Checkpoint, Failure> {
    let note = fs::read_to_string(path).map_err(|source| Failure::DataDir { path: path.clone(), source })?;
    Checkpoint::read(&note, keys).map_err(|source| Failure::Checkpoint { path: path.clone(), source })
}

/// Shows how far it is and keeps where it stands, also when it is cut off in between.
async fn watched(verify: Verify, standings: &Kept) -> Result<Report, Failure> {
    let begun = verify.progress();
    let bar = ProgressBar::new(begun.total).with_style(style());
    // What an earlier run did says nothing about the rate of this one.
    bar.set_position(begun.done);
    bar.reset_eta();
    let last = Last { standings, standing: RefCell::default(), at: Cell::new(Instant::now()) };
    let report = verify
        .run(|progress: Progress| {
            bar.set_position(progress.done);
            last.keep(progress.standing);
        })
        .await?;
    bar.finish_and_clear();
    Ok(report)
}

/// Where it stood last.
struct Last<'a> {
    standings: &'a Kept,
    standing: RefCell<Option<Standing>>,
    at: Cell<Instant>,
}

impl Last<'_> {
    fn keep(&self, standing: Option<Standing>) {
        if let Some(standing) = standing {
            *self.standing.borrow_mut() = Some(standing);
        }
        if self.at.get().elapsed() > KEEP_EVERY {
            self.write();
        }
    }

    fn write(&self) {
        if let Some(standing) = self.standing.borrow_mut().take() {
            self.standings.write(&standing);
        }
        self.at.set(Instant::now());
    }
}

impl Drop for Last<'_> {
    fn drop(&mut self) {
        self.write();
    }
}

fn style() -> ProgressStyle {
    let template = "{wide_bar} {human_pos}/{human_len} events{pace}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("pace", pace)
}

fn text(report: &Report) -> String {
    let Report { events, position, unread, unsigned, checkpoints, redacted, .. } = report;
    let mut text = String::new();
    for finding in &report.findings {
        text.push_str(&format!("{finding}\n"));
    }
    if report.resumed > 0 {
        text.push_str(&format!(
            "the first {} events were read by a run that was interrupted less than a day ago; --restart reads them again\n",
            report.resumed
        ));
    }
    let as_signed = if report.verified { "as they were signed" } else { "read" };
    text.push_str(&format!(
        "{events} events up to position {position} {as_signed}, {checkpoints} checkpoints right, "
    ));
    text.push_str(&match unsigned {
        Some(unsigned) => format!("{redacted} events redacted, {unsigned} events not signed yet\n"),
        None => format!("and no further: {unread} more events are signed and were not looked at\n"),
    });
    text
}
