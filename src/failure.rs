//! Why the program ends early, in sentences for the person who started it.

use std::{error::Error, net::SocketAddr, path::PathBuf};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Somebody asked the program to stop before it was ready: no failure at all.
    #[error("stopped while starting")]
    Interrupted,
    /// Somebody asked a command to stop before it was done.
    #[error("stopped before the end")]
    Stopped,
    #[error("the asynchronous runtime cannot start")]
    Runtime(#[source] std::io::Error),
    #[error("traces cannot be sent; give the collector's address with --otlp-endpoint")]
    Traces(#[source] Box<dyn Error + Send + Sync>),
    #[error("signals cannot be received")]
    Signals(#[source] std::io::Error),
    #[error("{} is in use by another running stage; stop that one, or choose another place with --data-dir", .0.display())]
    DataDirInUse(PathBuf),
    #[error("cannot use {}", .path.display())]
    DataDir {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "{address} is in use by another program; choose another address with --listen, or for a worker with --health-listen"
    )]
    AddressInUse { address: SocketAddr },
    #[error("cannot listen on {address}")]
    Listen {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("{program} is missing; install it with `{remedy}`, or run scripts/install")]
    Missing { program: &'static str, remedy: &'static str },
    #[error("the data in {} was written by PostgreSQL {major}, which is not installed; install postgresql-{major}, or start elsewhere with --data-dir", .path.display())]
    OtherPostgres { path: PathBuf, major: u32 },
    #[error(
        "PostgreSQL refuses to run as root and there is no system user for it; install postgresql, or start as an ordinary user"
    )]
    NoUser,
    #[error("{service} did not start: {reason} (its log is {})", .log.display())]
    NotStarted { service: &'static str, reason: String, log: PathBuf },
    #[error("the master key {} is missing though there is data; put it back, because without it personal data cannot be read", .0.display())]
    MasterKeyMissing(PathBuf),
    #[error("a master key is needed: give STAGE_MASTER_KEY or --master-key-file")]
    NoMasterKey,
    #[error(
        "both master keys are needed: give the new one with --master-key-file and the old one with --old-master-key-file"
    )]
    NoOldMasterKey,
    #[error(
        "a data directory makes its new master key by itself: leave the keys away, or give --database-url"
    )]
    KeyOfDataDir,
    #[error("another rotation is under way")]
    Rotating,
    #[error("the object store is needed: give --s3-endpoint, --s3-access-key and --s3-secret-key")]
    NoObjects,
    #[error("the master key is not usable: {0}")]
    MasterKey(String),
    #[error("the address for clients is not well formed; give one with --public-url")]
    PublicUrl(#[source] url::ParseError),
    #[error(
        "{0} can be reached from other machines, so the address that clients use must be known: give one with --public-url https://…, or listen on 127.0.0.1"
    )]
    NoPublicUrl(SocketAddr),
    #[error(
        "--public-url must begin with https://, because otherwise passwords and cookies are sent in the open; http:// is for this machine alone, such as http://localhost:8080"
    )]
    UnsafePublicUrl,
    #[error("the Slack webhook in STAGE_SLACK_WEBHOOK_URL cannot be used")]
    Slack(#[source] stage_connectors::outward::OutwardSetup),
    #[error("the mail server in STAGE_SMTP_URL, or the sender in STAGE_MAIL_FROM, cannot be used")]
    Mail(#[source] stage_connectors::outward::OutwardSetup),
    #[error(
        "mails hold links, so the address that people use must be known: give one with --public-url https://…"
    )]
    NoPublicUrlForMail,
    #[error("the address in STAGE_WEBSUB_HUB is not one of a web server")]
    Hub(#[source] stage_connectors::outward::OutwardSetup),
    #[error(
        "a WebSub hub is told the addresses of feeds, so the address that readers use must be known: give one with --public-url https://…"
    )]
    NoPublicUrlForHub,
    #[error("the outbox cannot be used")]
    Outbox(#[from] stage_projections::ProjectionError),
    #[error("there is no delivery {0} that is dead or waits; see `stage outbox status`")]
    NoSuchDelivery(uuid::Uuid),
    #[error("the mails cannot be read")]
    MailFolder(#[from] stage_workers::delivering::recipients::mail::FolderError),
    #[error("there is no mail {0}, or its person was erased; see `stage mail list`")]
    NoSuchMail(uuid::Uuid),
    #[error("metrics cannot be collected")]
    Metrics(#[source] Box<dyn Error + Send + Sync>),
    #[error("the contract cannot be written")]
    OpenApi(#[source] serde_json::Error),
    #[error("sources cannot be fetched")]
    Connectors(#[source] stage_connectors::SetupError),
    #[error("the database's address is not well formed")]
    DatabaseUrl(#[source] sqlx::Error),
    #[error("the database is older than this program; run `stage migrate` first, or start with --migrate")]
    NotMigrated,
    #[error("the database cannot be reached")]
    Database(#[source] sqlx::Error),
    #[error("there is no running stage on {}; start `stage up` there, or name another place with --data-dir or a database with --database-url", .0.display())]
    NotUp(PathBuf),
    #[error("NATS cannot be set up")]
    Nats(#[source] Box<dyn Error + Send + Sync>),
    #[error("the S3 endpoint cannot be started")]
    S3(#[source] Box<dyn Error + Send + Sync>),
    #[error(transparent)]
    Store(#[from] stage_store::StoreError),
    #[error(transparent)]
    Proof(#[from] stage_store::proof::ProofError),
    #[error("the log is not as it was signed: {0}")]
    Differs(String),
    #[error("stopped before the end; the same command goes on where it was")]
    Paused,
    #[error("{} is not a checkpoint of this log", .path.display())]
    Checkpoint {
        path: PathBuf,
        #[source]
        source: stage_store::proof::CheckpointError,
    },
    #[error(
        "the log's public key is needed: give it with --public-key, as whoever operates the log has it; nothing can be verified without"
    )]
    NoPublicKey,
    #[error("the notary's key is not usable")]
    NotaryKey(#[source] stage_store::proof::KeyError),
    #[error("the answer has no form in JSON")]
    Json(#[source] serde_json::Error),
    #[error(transparent)]
    Command(#[from] stage_commands::CommandError),
    #[error("there is no projection {name}; there are {known}")]
    NoProjection { name: String, known: String },
    #[error(
        "{0} enqueues what a recipient is told and is never rebuilt, because everything would be sent again; `stage projections \
         resume {0}` lets it go on, and `stage outbox retry` sends a delivery again"
    )]
    NeverRebuilt(String),
    #[error("stopped; `stage projections rebuild {0}` goes on from here")]
    Unfinished(&'static str),
    #[error("{name} differs from what the log makes of it, in {different} rows")]
    Different { name: &'static str, different: u64 },
    #[error(transparent)]
    Operate(#[from] stage_projections::engine::OperateError),
    #[error(transparent)]
    Rebuild(#[from] stage_projections::engine::rebuild::RebuildError),
    #[error("{wrong} of {of} checks are not well")]
    Unwell { wrong: usize, of: usize },
    #[error("the result cannot be written")]
    Output(#[source] std::io::Error),
    #[error("the HTTP server failed")]
    Http(#[source] std::io::Error),
}

impl Failure {
    /// The failure and what it comes from, in one line.
    pub(crate) fn sentence(&self) -> String {
        sentence(self)
    }
}

/// An error and what it comes from, in one line.
pub(crate) fn sentence(error: &dyn Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Some errors repeat their source in their own text.
        if !sentence.ends_with(&text) {
            sentence.push_str(": ");
            sentence.push_str(&text);
        }
        cause = error.source();
    }
    sentence.replace('\n', " ")
}
