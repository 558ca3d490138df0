//! `stage log export`.

use clap::Args;
use stage_store::{
    Position,
    proof::{Export, Selection},
};

use super::output;
use crate::{
    config::{ReachArgs, Reached},
    failure::Failure,
    stop::Stop,
};

#[derive(Args)]
pub(crate) struct ExportArgs {
    /// The first position.
    #[arg(long)]
    from: Option<Position>,
    /// The last position.
    #[arg(long)]
    to: Option<Position>,
    /// One stream alone, for instance `stage/01a2096f-542e-73d3-aa7c-6282cd377862`.
    #[arg(long, value_name = "TYPE/ID", value_parser = stream)]
    stream: Option<(String, String)>,
    /// Events of one type alone, for instance `PostImported`.
    #[arg(long = "type", value_name = "EVENT")]
    event_type: Option<String>,
    /// For the sake of scripts that give it to every command: the lines are JSON in any case.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: ReachArgs,
}

fn stream(text: &str) -> Result<(String, String), String> {
    let (stream_type, id) = text.split_once('/').ok_or("is not TYPE/ID, for instance stage/01a2096f-…")?;
    Ok((stream_type.to_owned(), id.to_owned()))
}

pub(super) async fn run(args: ExportArgs, stop: &Stop) -> Result<(), Failure> {
    let ExportArgs { from, to, stream, event_type, json: _, reach } = args;
    let reached = reach.open(1).await?;
    let selection = Selection { from, to, stream, event_type };
    tokio::select! {
        exported = lines(&reached, selection) => exported,
        () = stop.gently.cancelled() => Err(Failure::Stopped),
    }
}

async fn lines(reached: &Reached, selection: Selection) -> Result<(), Failure> {
    let known = stage_projections::engine::reached(&reached.pool).await?;
    let mut export = Export::begin(reached.pool.clone(), selection, known).await?;
    while let Some(page) = export.next().await? {
        output::write(page)?;
    }
    Ok(())
}
