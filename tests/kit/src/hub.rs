use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Form, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};

/// A WebSub hub as far as publishers see it: 204 to `hub.mode=publish` with a `hub.url` or more, 400 to anything else.
pub struct FakeHub {
    /// The hub's address.
    pub url: String,
    state: Arc<Hub>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Hub {
    told: Mutex<Vec<Told>>,
    answers: Mutex<VecDeque<(u16, Option<u32>)>>,
    refused: Mutex<Option<String>>,
    holds: AtomicBool,
}

/// A message that came, whatever was answered.
#[derive(Clone, Debug)]
pub struct Told {
    pub feeds: Vec<String>,
    pub at: Instant,
    pub status: u16,
}

impl FakeHub {
    pub async fn start() -> Self {
        let state = Arc::new(Hub::default());
        let routes = Router::new().route("/", post(take)).with_state(state.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let task = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("serves");
        });
        Self { url, state, task }
    }

    /// What the next messages are answered with, in place of 204: status, Retry-After.
    pub fn will_answer(&self, answers: impl IntoIterator<Item = (u16, Option<u32>)>) {
        self.state.answers.lock().expect("a lock").extend(answers);
    }

    /// From now on it answers 400 to whatever names a feed whose address has this in it.
    pub fn refuse(&self, part: Option<&str>) {
        *self.state.refused.lock().expect("a lock") = part.map(str::to_owned);
    }

    /// While it holds, messages come and are not answered.
    pub fn hold(&self, holds: bool) {
        self.state.holds.store(holds, Ordering::SeqCst);
    }

    #[must_use]
    pub fn told(&self) -> Vec<Told> {
        self.state.told.lock().expect("a lock").clone()
    }

    /// Waits until so many messages came, whatever was answered.
    pub async fn came(&self, count: usize) -> Vec<Told> {
        let begun = Instant::now();
        loop {
            let told = self.told();
            if told.len() >= count {
                return told;
            }
            assert!(begun.elapsed() < Duration::from_secs(90), "only {told:?} came");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for FakeHub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(hub): State<Arc<Hub>>, Form(form): Form<Vec<(String, String)>>) -> Response {
    let publishes = form.iter().any(|(name, value)| name == "hub.mode" && value == "publish");
    let feeds: Vec<String> =
        form.into_iter().filter(|(name, _)| name == "hub.url").map(|(_, feed)| feed).collect();
    let scripted = hub.answers.lock().expect("a lock").pop_front();
    let (status, wait) = match scripted {
        _ if !publishes || feeds.is_empty() => (400, None),
        Some(answer) => answer,
        None if hub.refuses(&feeds) => (400, None),
        None => (204, None),
    };
    hub.told.lock().expect("a lock").push(Told { feeds, at: Instant::now(), status });
    while hub.holds.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let status = StatusCode::from_u16(status).expect("a status");
    match wait {
        Some(wait) => (status, [("retry-after", wait.to_string())]).into_response(),
        None => status.into_response(),
    }
}

impl Hub {
    fn refuses(&self, feeds: &[String]) -> bool {
        let part = self.refused.lock().expect("a lock");
        part.as_ref().is_some_and(|part| feeds.iter().any(|feed| feed.contains(part)))
    }
}
