#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::Utc;
use stage_commands::{Actor, Commands, Request, accounts::Register};
use stage_connectors::{Document, FetchError, Fetched, FetchedPost};
use stage_domain::{
    Language, SessionId, SourceId, StageId,
    post::PostContent,
    source::{Cursor, Failure, FailureKind, Network, Source},
};
use stage_store::{Hint, Keyring, Log, MasterKey, Position};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Fetch, Settings, run};

struct Nobody;

impl Hint for Nobody {
    fn appended(&self, _: Position) {}
}

struct House {
    commands: Commands,
    actor: Actor,
    stage: StageId,
    _services: (stage_testkit::TestDatabase, stage_testkit::TestObjects),
}

impl House {
    async fn new() -> Self {
        let services = (stage_testkit::database().await, stage_testkit::objects().await);
        let keyring = Keyring::open(&services.0.pool, MasterKey::generate()).await.unwrap();
        let log = Log::new(services.0.pool.clone(), keyring, Arc::new(Nobody));
        let commands = Commands::new(log, services.1.objects.clone());
        let person = Register {
            first_name: "Ada".into(),
            last_name: "Lovelace".into(),
            email: "ada@example.org".into(),
            phone: None,
            password: "correct horse battery".into(),
            language: Language::En,
        };
        let account = commands.register(person, request()).await.unwrap().id.into();
        let actor = Actor { account, session: SessionId(Uuid::now_v7()) };
        let stage = commands.create_stage(actor, "Rathaus", "rathaus", request()).await.unwrap().id.into();
        Self { commands, actor, stage, _services: services }
    }

    async fn link(&self, address: &str) -> SourceId {
        let linked =
            self.commands.link_source(self.actor, self.stage, Network::Feed, address, None, request());
        linked.await.unwrap().id.into()
    }

    async fn poll_now(&self, source: SourceId) {
        self.commands.poll_now(self.actor, self.stage, source, request()).await.unwrap();
    }

    async fn source(&self, source: SourceId) -> Source {
        self.commands.log.load::<Source>(source.0).await.unwrap().aggregate
    }

    async fn posts(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM events WHERE event_type = 'PostImported'")
            .fetch_one(self.commands.log.pool())
            .await
            .unwrap()
    }

    fn poll(&self, web: &Arc<Web>, settings: Settings) -> (JoinHandle<()>, CancellationToken) {
        let stop = CancellationToken::new();
        let running = run(self.commands.clone(), web.clone(), settings, Arc::new(Utc::now), stop.clone());
        (tokio::spawn(running), stop)
    }
}

fn request() -> Request {
    Request { at: Utc::now(), new_id: Uuid::now_v7(), expected: None, idempotency: None }
}

type Answer = Box<dyn Fn() -> Result<Fetched, FetchError> + Send + Sync>;

/// What the networks answer, and what they saw of us.
#[derive(Default)]
struct Web {
    answers: Mutex<HashMap<String, Answer>>,
    asked: AtomicUsize,
    running: AtomicUsize,
    most_running: AtomicUsize,
    takes: Duration,
}

impl Web {
    fn answers(
        &self,
        address: &str,
        answer: impl Fn() -> Result<Fetched, FetchError> + Send + Sync + 'static,
    ) {
        self.answers.lock().unwrap().insert(address.to_owned(), Box::new(answer));
    }
}

#[async_trait]
impl Fetch for Web {
    async fn fetch(&self, _: Network, address: &str, _: &Cursor) -> Result<Fetched, FetchError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_running.fetch_max(running, Ordering::SeqCst);
        tokio::time::sleep(self.takes).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        let known = self.answers.lock().unwrap().get(address).map(|answer| answer());
        known.unwrap_or_else(|| panic!("this connector breaks on what it fetched"))
    }
}

fn document(id: &str) -> Result<Fetched, FetchError> {
    let content = PostContent { text: id.to_owned(), ..PostContent::default() };
    let posts = vec![FetchedPost { network_id: id.to_owned(), content }];
    Ok(Fetched::Document(Document { title: None, cursor: Cursor::default(), posts, wait: None }))
}

async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !is_so().await {
        assert!(Instant::now() < until, "never so: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_linked_source_is_imported_and_asking_again_imports_what_is_new_at_once() {
    let house = House::new().await;
    let web = Arc::new(Web::default());
    web.answers("https://a.example/", || document("1"));
    let source = house.link("https://a.example/").await;
    let (_running, _stop) = house.poll(&web, Settings::default());
    eventually("it is imported", async || house.posts().await == 1).await;
    web.answers("https://a.example/", || document("2"));
    let since = Instant::now();
    house.poll_now(source).await;
    eventually("the new post is imported", async || house.posts().await == 2).await;
    assert!(since.elapsed() < Duration::from_secs(5), "took {:?}", since.elapsed());
}

#[tokio::test]
async fn a_source_that_breaks_its_connector_fails_and_the_others_go_on() {
    let house = House::new().await;
    let web = Arc::new(Web::default());
    web.answers("https://b.example/", || document("1"));
    let broken = house.link("https://a.example/").await;
    let (running, stop) = house.poll(&web, Settings::default());
    eventually("it fails", async || house.source(broken).await.failing.is_some()).await;
    house.link("https://b.example/").await;
    eventually("the other one is imported", async || house.posts().await == 1).await;
    assert_eq!(web.asked.load(Ordering::SeqCst), 2, "the broken one waits");
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_failure_is_told_and_gone_with_the_next_answer() {
    let house = House::new().await;
    let web = Arc::new(Web::default());
    let refuses = || {
        let failure = Failure { kind: FailureKind::Refused, detail: "the server answered 500".into() };
        Err(FetchError { failure, retry_after: None })
    };
    web.answers("https://a.example/", refuses);
    let source = house.link("https://a.example/").await;
    let (_running, _stop) = house.poll(&web, Settings::default());
    eventually("it fails", async || house.source(source).await.failing.is_some()).await;
    web.answers("https://a.example/", || Ok(Fetched::NotModified));
    house.poll_now(source).await;
    eventually("it is well again", async || house.source(source).await.failing.is_none()).await;
}

#[tokio::test]
async fn many_hosts_are_asked_side_by_side_but_one_host_one_thing_at_a_time() {
    for (host, expected) in [("https://a.example/{}", 1), ("https://a{}.example/", 4)] {
        let house = House::new().await;
        let web = Arc::new(Web { takes: Duration::from_millis(100), ..Web::default() });
        for n in 0..8 {
            let address = host.replace("{}", &n.to_string());
            let id = n.to_string();
            web.answers(&address, move || document(&id));
            house.link(&address).await;
        }
        let (_running, _stop) = house.poll(&web, Settings { at_once: 4, ..Settings::default() });
        eventually("all are imported", async || house.posts().await == 8).await;
        assert_eq!(web.most_running.load(Ordering::SeqCst), expected);
        assert_eq!(web.asked.load(Ordering::SeqCst), 8, "each is asked once");
    }
}

#[tokio::test]
async fn a_poll_whose_worker_died_is_taken_by_another() {
    let house = House::new().await;
    let hanging = Arc::new(Web { takes: Duration::from_secs(600), ..Web::default() });
    house.link("https://a.example/").await;
    let settings = Settings { hold: Duration::from_secs(2), ..Settings::default() };
    let (first, _stop) = house.poll(&hanging, settings.clone());
    eventually("it is taken", async || hanging.asked.load(Ordering::SeqCst) == 1).await;
    first.abort();
    let web = Arc::new(Web::default());
    web.answers("https://a.example/", || document("1"));
    let (_second, _stop) = house.poll(&web, settings);
    eventually("another one imports it", async || house.posts().await == 1).await;
}

#[tokio::test]
async fn a_poll_that_has_not_begun_is_let_go_of_at_the_end() {
    let house = House::new().await;
    let web = Arc::new(Web { takes: Duration::from_secs(600), ..Web::default() });
    for path in ["1", "2", "3"] {
        house.link(&format!("https://a.example/{path}")).await;
    }
    let held = async || -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM poll_schedule WHERE held_until IS NOT NULL")
            .fetch_one(house.commands.log.pool())
            .await
            .unwrap()
    };
    let (running, stop) = house.poll(&web, Settings::default());
    eventually("all are taken, and one begins", async || {
        held().await == 3 && web.asked.load(Ordering::SeqCst) == 1
    })
    .await;
    stop.cancel();
    running.await.unwrap();
    assert_eq!(held().await, 1, "the one that had begun");
}
