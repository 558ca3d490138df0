use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::Value;

/// A server that speaks as Slack's incoming webhooks do: 200 and `ok`, or a status and a word; and 429 with Retry-After to
/// whoever sends more than one message a second.
pub struct FakeSlack {
    /// The webhook's address.
    pub url: String,
    state: Arc<Hook>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Hook {
    posts: Mutex<Vec<SlackPost>>,
    answers: Mutex<VecDeque<(u16, &'static str, Option<u32>)>>,
    holds: AtomicBool,
    taken_at: Mutex<Option<Instant>>,
}

/// A message that came, whatever was answered.
#[derive(Clone, Debug)]
pub struct SlackPost {
    /// The header Idempotency-Key.
    pub key: String,
    pub text: String,
    pub at: Instant,
    pub status: u16,
}

impl FakeSlack {
    pub async fn start() -> Self {
        let state = Arc::new(Hook::default());
        let routes = Router::new()
            .route("/services/T0/B0/secret", post(take))
            .fallback(|| async { (StatusCode::NOT_FOUND, "no_service") })
            .with_state(state.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/services/T0/B0/secret", listener.local_addr().expect("an address"));
        let task = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("serves");
        });
        Self { url, state, task }
    }

    /// What the next messages are answered with, in place of `ok`: status, word, Retry-After.
    pub fn will_answer(&self, answers: impl IntoIterator<Item = (u16, &'static str, Option<u32>)>) {
        self.state.answers.lock().expect("a lock").extend(answers);
    }

    /// While it holds, messages come and are not answered.
    pub fn hold(&self, holds: bool) {
        self.state.holds.store(holds, Ordering::SeqCst);
    }

    #[must_use]
    pub fn posts(&self) -> Vec<SlackPost> {
        self.state.posts.lock().expect("a lock").clone()
    }

    /// Waits until so many messages came, whatever was answered.
    pub async fn came(&self, count: usize) -> Vec<SlackPost> {
        self.waits(count, |_| true).await
    }

    /// Waits until so many messages were taken. On a busy machine one comes too soon now and then, is refused and comes
    /// again; that is as it should be.
    pub async fn took(&self, count: usize) -> Vec<SlackPost> {
        self.waits(count, |post| post.status == 200).await
    }

    async fn waits(&self, count: usize, counts: impl Fn(&SlackPost) -> bool) -> Vec<SlackPost> {
        let begun = Instant::now();
        loop {
            let posts: Vec<_> = self.posts().into_iter().filter(&counts).collect();
            if posts.len() >= count {
                return posts;
            }
            assert!(begun.elapsed() < Duration::from_secs(90), "only {} of {count} came", posts.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for FakeSlack {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(hook): State<Arc<Hook>>, headers: HeaderMap, body: Bytes) -> Response {
    let json: Option<Value> = serde_json::from_slice(&body).ok();
    let text = json.as_ref().and_then(|json| json["text"].as_str()).unwrap_or_default().to_owned();
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default().to_owned();
    let scripted = hook.answers.lock().expect("a lock").pop_front();
    let (status, word, wait) = match (&json, scripted) {
        (None, _) => (400, "invalid_payload", None),
        (Some(json), _) if text.is_empty() && json["blocks"].is_null() => (400, "no_text", None),
        (_, Some(answer)) => answer,
        _ if hook.is_too_soon() => (429, "rate_limited", Some(1)),
        _ => (200, "ok", None),
    };
    hook.posts.lock().expect("a lock").push(SlackPost { key, text, at: Instant::now(), status });
    while hook.holds.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let status = StatusCode::from_u16(status).expect("a status");
    match wait {
        Some(wait) => (status, [("retry-after", wait.to_string())], word).into_response(),
        None => (status, word).into_response(),
    }
}

impl Hook {
    /// One message a second; a little less counts too, because the time is taken here and not where it is sent.
    fn is_too_soon(&self) -> bool {
        let mut taken_at = self.taken_at.lock().expect("a lock");
        let too_soon = taken_at.is_some_and(|at| at.elapsed() < Duration::from_millis(900));
        if !too_soon {
            *taken_at = Some(Instant::now());
        }
        too_soon
    }
}
