//! Who outside is told what. Off unless configured.

use std::{path::PathBuf, sync::Arc};

use clap::{Args, ValueEnum};
use stage_commands::Commands;
use stage_connectors::outward::{OutwardSetup, SlackWebhook, Smtp, WebSubHub};
use stage_domain::Language;
use stage_workers::{
    Clock,
    delivering::{
        Recipient,
        recipients::{
            Slack,
            mail::{Folder, Mailer, Post},
        },
    },
};
use url::Url;

use crate::{failure::Failure, secret::Secret};

#[derive(Args)]
pub(crate) struct RecipientArgs {
    /// The incoming webhook of a Slack channel that is told of registrations, new stages and errors of the system. Its
    /// address is a secret: prefer the environment variable.
    #[arg(long, env = "STAGE_SLACK_WEBHOOK_URL", hide_env_values = true)]
    slack_webhook_url: Option<Secret>,
    /// The language of the messages to Slack.
    #[arg(long, env = "STAGE_SLACK_LANGUAGE", value_enum, default_value_t = LanguageName::En)]
    slack_language: LanguageName,
    /// The mail server, for instance `smtps://user:password@mail.example.org` or
    /// `smtp://mail.example.org:587?tls=required`. As it holds a password, prefer the environment variable.
    #[arg(long, env = "STAGE_SMTP_URL", hide_env_values = true, requires = "mail_from")]
    smtp_url: Option<Secret>,
    /// Whom mails are from, for instance `Stage <stage@example.org>`.
    #[arg(long, env = "STAGE_MAIL_FROM")]
    mail_from: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum LanguageName {
    De,
    En,
}

impl From<LanguageName> for Language {
    fn from(name: LanguageName) -> Self {
        match name {
            LanguageName::De => Self::De,
            LanguageName::En => Self::En,
        }
    }
}

/// What is known of the way to people apart from the flags.
pub(crate) struct Outward {
    /// Where links in mails lead.
    pub(crate) public_url: Option<Url>,
    /// Where mails are kept when there is no mail server.
    pub(crate) folder: Option<PathBuf>,
    /// Who is told which feeds changed.
    pub(crate) websub_hub: Option<Url>,
}

impl Outward {
    /// The hub, and the address that feeds stand under.
    pub(crate) fn hub(&self) -> Result<Option<(WebSubHub, Url)>, Failure> {
        let Some(hub) = self.websub_hub.clone() else { return Ok(None) };
        let public_url = self.public_url.clone().ok_or(Failure::NoPublicUrlForHub)?;
        Ok(Some((WebSubHub::new(hub).map_err(Failure::Hub)?, public_url)))
    }
}

impl RecipientArgs {
    /// Whether mails go to a server and not into the folder.
    pub(crate) fn has_mail_server(&self) -> bool {
        self.smtp_url.is_some()
    }

    /// Everybody who is configured.
    pub(crate) fn recipients(
        &self,
        commands: &Commands,
        outward: Outward,
        clock: &Clock,
    ) -> Result<Vec<Arc<dyn Recipient>>, Failure> {
        let mut recipients: Vec<Arc<dyn Recipient>> = Vec::new();
        if let Some(url) = &self.slack_webhook_url {
            let webhook = SlackWebhook::new(url.clone().into_inner()).map_err(Failure::Slack)?;
            recipients.push(Arc::new(Slack::new(webhook, self.slack_language.into())));
        }
        if let Some(post) = self.post(commands, outward.folder, clock)? {
            let public_url = outward.public_url.ok_or(Failure::NoPublicUrlForMail)?;
            recipients.push(Arc::new(Mailer::new(commands.clone(), post, public_url, clock.clone())));
        }
        Ok(recipients)
    }

    fn post(
        &self,
        commands: &Commands,
        folder: Option<PathBuf>,
        clock: &Clock,
    ) -> Result<Option<Arc<dyn Post>>, Failure> {
        if let Some(url) = &self.smtp_url {
            let from = self.mail_from.as_deref().ok_or(Failure::Mail(OutwardSetup::Sender))?;
            let smtp = Smtp::new(&url.clone().into_inner(), from).map_err(Failure::Mail)?;
            return Ok(Some(Arc::new(smtp)));
        }
        Ok(folder.map(|path| Arc::new(Folder::new(path, commands.log.clone(), clock.clone())) as _))
    }
}
