//! A server on a free port that answers each request as the test says, byte by byte.

#![allow(dead_code, reason = "each test program uses what it needs")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use stage_connectors::{Connectors, FetchError, Fetched, Settings};
use stage_domain::source::{Cursor, Network};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const FEED: &str =
    "<rss><channel><title>Feed</title><item><guid>1</guid><title>Post</title></item></channel></rss>";

pub(crate) struct Server {
    pub address: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

/// What goes over the wire, in order.
pub(crate) enum Piece {
    Bytes(Vec<u8>),
    Wait(Duration),
    /// The last one again and again, as long as somebody reads it.
    Forever(Vec<u8>, Duration),
}

impl Server {
    /// `answer` gets the path of a request and says what to send.
    pub(crate) async fn start(answer: impl Fn(&str) -> Vec<Piece> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(vec![]));
        let seen = Arc::clone(&requests);
        let answer = Arc::new(answer);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move { serve(stream, &seen, answer.as_ref()).await });
            }
        });
        Self { address, requests, task }
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<String>>,
    answer: &(impl Fn(&str) -> Vec<Piece> + ?Sized),
) {
    let mut request = vec![];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    let request = String::from_utf8(request).unwrap();
    let path = request.split(' ').nth(1).unwrap().to_owned();
    seen.lock().unwrap().push(request);
    for piece in answer(&path) {
        match piece {
            Piece::Bytes(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Piece::Wait(time) => tokio::time::sleep(time).await,
            Piece::Forever(bytes, pause) => {
                while stream.write_all(&bytes).await.is_ok() {
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
    let _ = stream.shutdown().await;
}

/// A whole answer; the connection closes after it.
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<Piece> {
    let body = body.as_ref();
    let head =
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    vec![Piece::Bytes([head.as_bytes(), body].concat())]
}

pub(crate) fn settings() -> Settings {
    Settings { allow_private_addresses: true, ..Settings::default() }
}

pub(crate) async fn fetch_with(
    settings: Settings,
    address: &str,
    cursor: &Cursor,
) -> Result<Fetched, FetchError> {
    Connectors::new(settings).unwrap().of(Network::Feed).fetch(address, cursor).await
}

pub(crate) async fn fetch(address: &str) -> Result<Fetched, FetchError> {
    fetch_with(settings(), address, &Cursor::default()).await
}
