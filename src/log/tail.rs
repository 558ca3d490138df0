//! `stage log tail`.

use std::time::Duration;

use clap::Args;
use stage_commands::audit::{Audit, Sight};
use stage_store::Position;

use super::{
    output::OutputArgs,
    show::{line, now},
};
use crate::{config::ReachArgs, failure::Failure, stop::Stop};

/// How often an idle log is looked at.
const PAUSE: Duration = Duration::from_millis(250);
const PAGE: usize = 500;

#[derive(Args)]
pub(crate) struct TailArgs {
    /// Begins just after this position; 0 shows the whole log first. Without it, only what is appended from now on.
    #[arg(long)]
    after: Option<Position>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    reach: ReachArgs,
}

pub(super) async fn run(args: TailArgs, stop: &Stop) -> Result<(), Failure> {
    tokio::select! {
        followed = follow(args) => followed,
        // That is how it ends.
        () = stop.gently.cancelled() => Ok(()),
    }
}

async fn follow(args: TailArgs) -> Result<(), Failure> {
    let reached = args.reach.open(1).await?;
    let audit = Audit::sealed(reached.pool.clone());
    let known = stage_projections::engine::reached(&reached.pool).await?;
    let mut after = match args.after {
        Some(after) => after,
        None => audit.mark(known).await?,
    };
    loop {
        let page = audit.events(Sight::SEALED, after, PAGE, known, now()).await?;
        for event in &page.events {
            args.output.print(event, |event| line(event) + "\n")?;
            after = event.position;
        }
        if page.events.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}
