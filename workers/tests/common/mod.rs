//! The log, the commands and the recipients on a database of a test's own.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use stage_commands::{Actor, Commands, Request, accounts::Register};
use stage_connectors::outward::{SlackWebhook, Smtp};
use stage_domain::{Language, SessionId, StageId};
use stage_projections::outbox::{Deliveries, DeliveryView};
use stage_store::{Hint, Keyring, Log, MasterKey, Position};
use stage_testkit::{FakeSlack, FakeSmtp, TestDatabase};
use stage_workers::{
    Clock,
    delivering::{
        Recipient, Settings,
        recipients::{
            Slack,
            mail::{Mailer, Post},
        },
    },
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const AT_MOST: Duration = Duration::from_secs(90);

pub struct House {
    pub database: TestDatabase,
    pub log: Log,
    pub commands: Commands,
    wake: watch::Receiver<Position>,
    _objects: stage_testkit::TestObjects,
}

struct Bell(watch::Sender<Position>);

impl Hint for Bell {
    fn appended(&self, position: Position) {
        self.0.send_replace(position);
    }
}

impl House {
    pub async fn new() -> Self {
        let database = stage_testkit::database().await;
        let objects = stage_testkit::objects().await;
        let keyring = Keyring::open(&database.pool, MasterKey::generate()).await.unwrap();
        let (bell, wake) = watch::channel(0);
        let log = Log::new(database.pool.clone(), keyring, Arc::new(Bell(bell)));
        let commands = Commands::new(log.clone(), objects.objects.clone());
        Self { database, commands, log, wake, _objects: objects }
    }

    /// The same commands, with an object store that is away.
    pub async fn without_objects(&self) -> Commands {
        let mut away = stage_testkit::objects().await;
        away.end().await;
        Commands::new(self.log.clone(), away.objects.clone())
    }

    pub fn deliveries(&self) -> Deliveries {
        Deliveries::new(self.database.pool.clone())
    }

    pub fn slack(&self, slack: &FakeSlack) -> Slack {
        Slack::new(SlackWebhook::new(slack.url.as_str().into()).unwrap(), Language::En)
    }

    /// Starts a worker for Slack, and comes back when it is set up.
    pub async fn tell_slack(&self, slack: &FakeSlack, settings: Settings) -> JoinHandle<()> {
        self.work(Arc::new(self.slack(slack)), settings).await
    }

    pub async fn mail(&self, post: Arc<dyn Post>, settings: Settings) -> JoinHandle<()> {
        self.work(self.mailer(post), settings).await
    }

    pub fn mailer(&self, post: Arc<dyn Post>) -> Arc<dyn Recipient> {
        let url = "https://stage.example".parse().unwrap();
        Arc::new(Mailer::new(self.commands.clone(), post, url, clock()))
    }

    /// Starts a worker for this recipient, and comes back when it is set up.
    pub async fn work(&self, recipient: Arc<dyn Recipient>, settings: Settings) -> JoinHandle<()> {
        let recipients = vec![recipient];
        stage_workers::delivering::set_up(&self.database.pool, &recipients).await.unwrap();
        tokio::spawn(stage_workers::delivering::run(
            self.log.clone(),
            recipients,
            settings,
            self.wake.clone(),
            clock(),
            CancellationToken::new(),
        ))
    }

    /// Keeps the read models.
    pub fn project(&self) -> JoinHandle<()> {
        let stop = CancellationToken::new();
        tokio::spawn(stage_workers::projecting::run_all(self.log.clone(), self.wake.clone(), stop))
    }

    pub async fn register(&self, email: &str) -> Actor {
        self.register_as(person(email)).await
    }

    pub async fn register_as(&self, person: Register) -> Actor {
        let done = self.commands.register(person, request()).await.unwrap();
        Actor { account: done.id.into(), session: SessionId(Uuid::now_v7()) }
    }

    pub async fn stage(&self, actor: Actor, handle: &str) -> StageId {
        self.commands.create_stage(actor, "Rathaus", handle, request()).await.unwrap().id.into()
    }

    /// Waits until so many deliveries are in this state.
    pub async fn settled(&self, state: &str, count: usize) -> Vec<DeliveryView> {
        let mut found = Vec::new();
        self.until(state, async || {
            found = sqlx::query_as(
                "SELECT id, recipient, kind, position, state, tries, created_at, due_at, settled_at, reason
                 FROM outbox.deliveries WHERE state = $1 ORDER BY number",
            )
            .bind(state)
            .fetch_all(&self.database.pool)
            .await
            .unwrap();
            found.len() >= count
        })
        .await;
        found
    }

    /// Waits until at least so many deliveries are enqueued.
    pub async fn enqueued(&self, count: i64) -> i64 {
        let mut enqueued = 0;
        self.until("enqueued", async || {
            enqueued = sqlx::query_scalar("SELECT count(*) FROM outbox.deliveries")
                .fetch_one(&self.database.pool)
                .await
                .unwrap();
            enqueued >= count
        })
        .await;
        enqueued
    }

    pub async fn caught_up(&self, consumer: &str) {
        self.until("the consumer is at the end of the log", async || {
            sqlx::query_scalar(
                "SELECT position = (SELECT max(position) FROM events) FROM projection_checkpoints WHERE name = $1",
            )
            .bind(consumer)
            .fetch_one(&self.database.pool)
            .await
            .unwrap()
        })
        .await;
    }

    pub async fn until(&self, what: &str, mut condition: impl AsyncFnMut() -> bool) {
        let begun = Instant::now();
        while !condition().await {
            assert!(begun.elapsed() < AT_MOST, "never: {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub fn person(email: &str) -> Register {
    Register {
        first_name: "Ada".into(),
        last_name: "Lovelace".into(),
        email: email.into(),
        phone: Some("+49 30 1234567".into()),
        password: "correct horse battery".into(),
        language: Language::En,
    }
}

pub fn clock() -> Clock {
    Arc::new(Utc::now)
}

pub fn request() -> Request {
    request_in(TimeDelta::zero())
}

/// As if asked so much later.
pub fn request_in(later: TimeDelta) -> Request {
    let at: DateTime<Utc> = Utc::now() + later;
    Request { at, new_id: Uuid::now_v7(), expected: None, idempotency: None }
}

pub fn smtp(server: &FakeSmtp) -> Smtp {
    Smtp::new(&server.url.as_str().into(), "Stage <mail@stage.example>").unwrap()
}

/// The token of the link to this page in a mail.
pub fn token(mail: &str, page: &str) -> SecretString {
    // Long lines are folded in quoted-printable.
    let text = mail.replace("=\n", "").replace("=3D", "=");
    let link = text.split(&format!("/{page}#")).nth(1).expect("a link");
    link.split_whitespace().next().unwrap().to_owned().into()
}
