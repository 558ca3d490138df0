//! `stage outbox`: what recipients outside are told, and what to do when it does not arrive.

mod advice;

use std::io::{self, Write as _};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use stage_projections::outbox::{Deliveries, DeliveryView, RecipientView};
use uuid::Uuid;

use self::advice::Advice;
use crate::{cli, config::OutputArgs, failure::Failure};

/// How many deliveries `status` shows at most.
const SHOWN: i64 = 100;

#[derive(Args)]
pub(crate) struct OutboxArgs {
    #[command(subcommand)]
    command: OutboxCommand,
}

#[derive(Subcommand)]
enum OutboxCommand {
    /// Shows each recipient that was ever set up, and the deliveries that failed or are tried again.
    Status {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Tries a delivery again from the start.
    Retry {
        /// The delivery, as `stage outbox status` names it.
        #[arg(value_parser = cli::id)]
        id: Uuid,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Gives a delivery up.
    Drop {
        /// The delivery, as `stage outbox status` names it.
        #[arg(value_parser = cli::id)]
        id: Uuid,
        /// Why, for whoever asks later. Nothing about a person.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        output: OutputArgs,
    },
}

pub(crate) async fn run(args: OutboxArgs) -> Result<(), Failure> {
    let (OutboxCommand::Status { output }
    | OutboxCommand::Retry { output, .. }
    | OutboxCommand::Drop { output, .. }) = &args.command;
    let reached = output.reach.open(1).await?;
    let deliveries = Deliveries::new(reached.pool.clone());
    let mut out = io::stdout().lock();
    let (id, done, sentence) = match &args.command {
        OutboxCommand::Status { .. } => {
            let recipients = deliveries.status().await?;
            let troubles = deliveries.troubles(SHOWN).await?;
            return match output.json {
                true => json_status(&mut out, &recipients, &troubles),
                false => status(&mut out, &recipients, &troubles),
            }
            .map_err(Failure::Output);
        }
        OutboxCommand::Retry { id, .. } => (id, deliveries.retry(*id, now()).await?, "is tried again"),
        OutboxCommand::Drop { id, reason, .. } => {
            (id, deliveries.give_up(*id, reason.trim(), now()).await?, "is given up")
        }
    };
    if !done {
        return Err(Failure::NoSuchDelivery(*id));
    }
    match output.json {
        true => writeln!(out, "{}", json!({ "id": id })),
        false => writeln!(out, "Delivery {id} {sentence}."),
    }
    .map_err(Failure::Output)
}

fn status(
    out: &mut impl io::Write,
    recipients: &[RecipientView],
    troubles: &[DeliveryView],
) -> io::Result<()> {
    if recipients.is_empty() {
        return writeln!(out, "No recipient was ever set up; see docs/recipients.md.");
    }
    for view in recipients {
        let RecipientView { recipient, waiting, sent, withheld, dead, position, state, .. } = view;
        writeln!(
            out,
            "{recipient:<8} {state}, enqueued up to {position}; {waiting} waiting, {sent} sent, {withheld} withheld, \
             {dead} dead"
        )?;
        if let (Some(error), Some(at)) = (&view.error, view.failed_position) {
            writeln!(
                out,
                "         stopped before event {at}: {error}\n         what to do: stage projections resume \
                 outbox_{recipient}, or stage projections skip outbox_{recipient} {at} --reason …"
            )?;
        }
        if state == "paused" {
            writeln!(out, "         what to do: stage projections resume outbox_{recipient}")?;
        }
    }
    for delivery in troubles {
        let DeliveryView { id, recipient, kind, tries, state, .. } = delivery;
        let reason = delivery.reason.as_deref().unwrap_or("unknown");
        let (means, remedy) = advice(delivery);
        writeln!(
            out,
            "\n{id}  {recipient}, {kind}: {state} after {tries} tries, {reason}\n  what it means: {means}\n  \
             what to do: {remedy}"
        )?;
    }
    Ok(())
}

/// What is wrong with a delivery and what to do about it.
fn advice(delivery: &DeliveryView) -> (&'static str, String) {
    let advice = Advice::of(delivery.reason.as_deref().unwrap_or_default());
    let next = (delivery.state != "dead").then(|| time(delivery.due_at));
    (advice.means, advice.remedy(delivery.id, next.as_deref()))
}

fn json_status(
    out: &mut impl io::Write,
    recipients: &[RecipientView],
    troubles: &[DeliveryView],
) -> io::Result<()> {
    let recipients: Vec<Value> = recipients
        .iter()
        .map(|view| {
            json!({
                "recipient": view.recipient, "position": view.position, "state": view.state, "error": view.error,
                "failed_position": view.failed_position, "waiting": view.waiting,
                "waiting_since": view.waiting_since.map(time), "dead": view.dead, "sent": view.sent,
                "withheld": view.withheld,
            })
        })
        .collect();
    let troubles: Vec<Value> = troubles
        .iter()
        .map(|delivery| {
            let (means, remedy) = advice(delivery);
            json!({
                "id": delivery.id, "recipient": delivery.recipient, "kind": delivery.kind,
                "position": delivery.position, "state": delivery.state, "tries": delivery.tries,
                "created_at": time(delivery.created_at), "due_at": time(delivery.due_at),
                "settled_at": delivery.settled_at.map(time), "reason": delivery.reason,
                "means": means, "remedy": remedy,
            })
        })
        .collect();
    writeln!(out, "{}", json!({ "recipients": recipients, "troubles": troubles }))
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[allow(clippy::disallowed_methods, reason = "the edge of the program, where the time comes from")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
