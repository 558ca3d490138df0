//! A server of feeds on loopback, as an organisation's website would be one.

use std::{
    collections::BTreeMap,
    fmt::Write,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::Path, extract::State, http::StatusCode, response::IntoResponse, routing::get};

#[derive(Clone, Default)]
pub struct Feeds {
    documents: Arc<Mutex<BTreeMap<String, String>>>,
    /// How long each answer takes.
    delay: Duration,
    address: Option<SocketAddr>,
}

impl Feeds {
    /// Serves documents on a free port until the test ends.
    pub async fn serve(delay: Duration) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = Some(listener.local_addr().expect("has an address"));
        let feeds = Self { documents: Arc::default(), delay, address };
        let router = Router::new().route("/{name}", get(document)).with_state(feeds.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        feeds
    }

    /// Publishes a document and says where.
    pub fn publish(&self, name: &str, document: String) -> String {
        self.documents.lock().expect("not poisoned").insert(name.to_owned(), document);
        format!("http://{}/{name}", self.address.expect("is served"))
    }
}

async fn document(State(feeds): State<Feeds>, Path(name): Path<String>) -> impl IntoResponse {
    tokio::time::sleep(feeds.delay).await;
    match feeds.documents.lock().expect("not poisoned").get(&name) {
        Some(document) => (StatusCode::OK, [("content-type", "application/rss+xml")], document.clone()),
        None => (StatusCode::NOT_FOUND, [("content-type", "text/plain")], String::new()),
    }
}

/// An RSS 2.0 feed of these items: an id and a title each, the first the newest.
pub fn rss(title: &str, items: impl IntoIterator<Item = (String, String)>) -> String {
    let mut document = format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>{title}</title>\
         <link>https://example.org/</link><description>d</description>"
    );
    for (number, (id, title)) in items.into_iter().enumerate() {
        let minute = 59 - number % 60;
        let hour = 23 - (number / 60) % 24;
        let _ = write!(
            document,
            "<item><guid isPermaLink=\"false\">{id}</guid><title>{title}</title>\
             <description>&lt;p&gt;{title} und mehr dazu&lt;/p&gt;</description>\
             <pubDate>Mon, 02 Nov 2026 {hour:02}:{minute:02}:00 GMT</pubDate></item>"
        );
    }
    document.push_str("</channel></rss>");
    document
}
