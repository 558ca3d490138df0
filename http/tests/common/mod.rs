//! The routes on a real database, asked without a network.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod stage;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Request, StatusCode, header},
};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::Value;
use stage_commands::Commands;
use stage_http::{App, HttpSettings, Probe, ViewSink};
use stage_projections::{
    Reads,
    views::{Viewed, Viewer},
};
use stage_store::{Hint, Keyring, Log, MasterKey, Position};
use tower::ServiceExt;

pub struct House {
    pub router: Router,
    pub commands: Commands,
    pub seen: Arc<Seen>,
    pub database: stage_testkit::TestDatabase,
    pub log: Log,
    _objects: stage_testkit::TestObjects,
}

/// Views that were reported, and whether keeping them fails.
#[derive(Default)]
pub struct Seen {
    pub views: Mutex<Vec<Viewed>>,
    pub bots: Mutex<Vec<Viewed>>,
    pub full: std::sync::atomic::AtomicBool,
}

impl ViewSink for Seen {
    fn viewed(&self, seen: &[Viewed], by: Viewer) -> std::io::Result<()> {
        if self.full.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        let views = if by == Viewer::Bot { &self.bots } else { &self.views };
        views.lock().unwrap().extend_from_slice(seen);
        Ok(())
    }
}

struct Nobody;

impl Hint for Nobody {
    fn appended(&self, _: Position) {}
}

struct Healthy;

#[async_trait::async_trait]
impl Probe for Healthy {
    async fn ready(&self) -> Vec<(&'static str, Result<(), String>)> {
        vec![("database", Ok(())), ("broker", Err("secret-host refused".to_owned()))]
    }
}

impl House {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut HttpSettings)) -> Self {
        let database = stage_testkit::database().await;
        let objects = stage_testkit::objects().await;
        let keyring = Keyring::open(&database.pool, MasterKey::generate()).await.unwrap();
        let log = Log::new(database.pool.clone(), keyring, Arc::new(Nobody));
        let mut settings = HttpSettings::new("https://stage.example".parse().unwrap());
        change(&mut settings);
        let seen = Arc::new(Seen::default());
        let commands = Commands::new(log.clone(), objects.objects.clone());
        let router = stage_http::router(App {
            commands: commands.clone(),
            reads: Reads::new(log.clone()),
            views: seen.clone(),
            probe: Arc::new(Healthy),
            closing: tokio_util::sync::CancellationToken::new(),
            metrics: PrometheusBuilder::new().build_recorder().handle(),
            settings,
        });
        Self { router, commands, seen, database, log, _objects: objects }
    }

    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let (mut parts, body) = request.into_parts();
        let peer: SocketAddr = "192.0.2.1:4711".parse().unwrap();
        parts.extensions.insert(ConnectInfo(peer));
        let response = self.router.clone().oneshot(Request::from_parts(parts, body)).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 64 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = serde_json::from_slice(&bytes).unwrap_or_default();
        Answer { status: parts.status, headers: parts.headers, text, json }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(request("GET", path, &[], "")).await
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.ask(request("POST", path, &[("content-type", "application/json")], body)).await
    }

    /// Registers and logs in.
    pub async fn person(&self, email: &str) -> Person<'_> {
        self.person_who_reads("en", email).await
    }

    pub async fn person_who_reads(&self, language: &str, email: &str) -> Person<'_> {
        let person = serde_json::json!({"first_name": "Ada", "last_name": "Lovelace", "email": email,
            "password": "correct horse battery", "language": language});
        let registered = self.post("/api/v1/accounts", &person.to_string()).await;
        assert_eq!(registered.status, StatusCode::CREATED, "{}", registered.text);
        let credentials = serde_json::json!({"email": email, "password": "correct horse battery"});
        let begun = self.post("/api/v1/session", &credentials.to_string()).await;
        assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
        let cookies = begun.headers.get_all(header::SET_COOKIE).iter();
        let cookies: Vec<_> =
            cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned()).collect();
        let xsrf = begun.json["xsrf_token"].as_str().unwrap().to_owned();
        Person { house: self, cookies: cookies.join("; "), xsrf }
    }
}

/// A person with a session.
pub struct Person<'a> {
    pub house: &'a House,
    pub cookies: String,
    pub xsrf: String,
}

impl Person<'_> {
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("cookie", self.cookies.as_str()), ("x-xsrf-token", self.xsrf.as_str())];
        if !body.is_empty() {
            all.push(("content-type", "application/json"));
        }
        all.extend_from_slice(headers);
        self.house.ask(request(method, path, &all, body)).await
    }
}

pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Answer {
    /// That it is a problem of this kind, and which fields it names.
    #[track_caller]
    pub fn problem(&self, status: u16, slug: &str) -> Vec<String> {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(self.json["type"], format!("urn:stage:problem:{slug}"), "{}", self.text);
        assert_eq!(self.json["status"], status);
        assert!(self.json["title"].is_string() && self.json["detail"].is_string());
        let errors = self.json["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }
}
