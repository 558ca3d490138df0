//! `stage post`: redacting one on the request of somebody whom it is about.

use clap::{Args, Subcommand, ValueEnum};
use stage_domain::{PostId, post::RedactionReason};
use uuid::Uuid;

use crate::{
    account::{done, request},
    cli,
    config::HouseArgs,
    failure::Failure,
};

#[derive(Args)]
pub(crate) struct PostArgs {
    #[command(subcommand)]
    command: PostCommand,
}

#[derive(Subcommand)]
enum PostCommand {
    /// Takes what a post says out of the log for good. Its digest stays, so that proofs still verify, and an event
    /// tells of it. Importing the post again does not bring it back.
    Redact {
        /// The post.
        #[arg(value_parser = cli::id)]
        post: Uuid,
        /// Why: a code and no text, so that nothing about whoever asked is kept.
        #[arg(long, value_enum)]
        reason: Reason,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        house: HouseArgs,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Reason {
    /// Somebody whom the post is about asked for it (Art. 17 GDPR).
    // As the API and the event spell it.
    #[value(alias = "personal_data")]
    PersonalData,
    /// It infringes somebody's right in a work or a picture.
    Copyright,
    /// It may not be published for another reason, such as a court's order.
    Unlawful,
}

impl From<Reason> for RedactionReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::PersonalData => Self::PersonalData,
            Reason::Copyright => Self::Copyright,
            Reason::Unlawful => Self::Unlawful,
        }
    }
}

pub(crate) async fn run(args: PostArgs) -> Result<(), Failure> {
    let PostCommand::Redact { post, reason, json, house } = args.command;
    let house = house.open().await?;
    done(house.commands.redact_any_post(PostId(post), reason.into(), request()).await?, json)
}
