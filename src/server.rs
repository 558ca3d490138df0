//! The HTTP server: connections, their time limits, and letting them finish at the end.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{
    Request, Response,
    body::Incoming,
    header::{CONNECTION, HeaderValue},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;
use tower::Service as _;

use crate::{failure::Failure, stop::Stop};

/// How long requests under way may take once the program is to end.
const DRAIN_WITHIN: Duration = Duration::from_secs(10);

/// What clients may take up.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Who needs longer to send a request's head, also the first byte of it, holds a connection for nothing.
    pub(crate) head_within: Duration,
    /// How many connections are open at once. Further ones wait to be accepted.
    pub(crate) connections: usize,
    /// How long clients are still let in after SIGTERM, so that whoever hands out requests finds that we are not ready and
    /// turns elsewhere.
    pub(crate) notice: Duration,
}

/// Tells a taken address from other troubles.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => Failure::AddressInUse { address },
        _ => Failure::Listen { address, source },
    })
}

/// Serves until we are to stop, then lets requests finish. `closing` is cancelled when nobody is let in any more.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    closing: &CancellationToken,
    stop: &Stop,
) {
    let open = GracefulShutdown::new();
    // HTTP/1 alone: while the builder looks which version a client speaks, its time limits don't hold yet.
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.head_within);
    let places = Arc::new(Semaphore::new(limits.connections.clamp(1, Semaphore::MAX_PERMITS)));
    let leaving = Arc::new(AtomicBool::new(false));
    let told = async {
        stop.gently.cancelled().await;
        leaving.store(true, Ordering::Relaxed);
        stop.noticed(limits.notice).await;
    };
    let mut told = std::pin::pin!(told);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut told => break,
        };
        match accepted {
            Ok((place, stream, peer)) => {
                let service = Service { router: router.clone(), peer, leaving: leaving.clone() };
                connection(&builder, &open, service, place, stream);
            }
            Err(error) => {
                // Too many open files, or the client is gone already: the next may do better.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    closing.cancel();
    let waiting = open.count();
    if stop.grant(DRAIN_WITHIN, open.shutdown()).await.is_none() {
        tracing::warn!(waiting, "connections were cut, because they did not end in time");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(OwnedSemaphorePermit, TcpStream, SocketAddr)> {
    let place = places.clone().acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((place, stream, peer))
}

/// What answers on one connection.
#[derive(Clone)]
struct Service {
    router: Router,
    peer: SocketAddr,
    leaving: Arc<AtomicBool>,
}

impl Service {
    async fn answer(mut self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let mut request = request.map(Body::new);
        // For limits alone; see the room http.
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let mut answer = self.router.call(request).await?;
        if self.leaving.load(Ordering::Relaxed) {
            // The client's next request goes to somebody who stays.
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(answer)
    }
}

fn connection(
    builder: &Builder<TokioExecutor>,
    open: &GracefulShutdown,
    service: Service,
    place: OwnedSemaphorePermit,
    stream: TcpStream,
) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| service.clone().answer(request));
    let served = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    let served = open.watch(served);
    // A client that goes away is no event.
    tokio::spawn(async move {
        drop(served.await);
        drop(place);
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        time::{Instant, timeout},
    };

    use super::*;

    const HEAD_WITHIN: Duration = Duration::from_millis(200);
    const PATIENCE: Duration = Duration::from_secs(60);
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: stage\r\nConnection: close\r\n\r\n";

    async fn server(connections: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(async || "here"));
        let limits = Limits { head_within: HEAD_WITHIN, connections, notice: Duration::ZERO };
        tokio::spawn(async move {
            serve(listener, router, limits, &CancellationToken::new(), &Stop::new()).await;
        });
        address
    }

    /// What the server says until it closes the connection.
    async fn said(stream: &mut TcpStream) -> String {
        let mut said = Vec::new();
        // Being reset is an end as well.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut said)).await.unwrap();
        String::from_utf8(said).unwrap()
    }

    #[tokio::test]
    async fn a_client_that_sends_nothing_or_half_a_head_is_cut() {
        let address = server(10).await;
        for sent in [&b""[..], b"G", b"GET / HTTP/1.1\r\nHost: sta"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(sent).await.unwrap();
            let answer = said(&mut stream).await;
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
        }
    }

    #[tokio::test]
    async fn one_connection_more_than_there_are_places_waits_for_a_place() {
        let address = server(1).await;
        let begun = Instant::now();
        let silent = TcpStream::connect(address).await.unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        assert!(said(&mut stream).await.ends_with("here"));
        assert!(begun.elapsed() >= HEAD_WITHIN, "was not kept waiting");
        drop(silent);
    }
}
