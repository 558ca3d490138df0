//! Wake-ups: whoever appends says so on NATS, and workers anywhere look at the log at once. A hint, never the
//! truth: workers look from time to time by themselves, and without NATS nothing is lost.

use std::{sync::Arc, time::Duration};

use async_nats::{Client, connection::State};
use futures::StreamExt as _;
use stage_store::{Hint, Position};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Where positions are told.
pub(crate) const SUBJECT: &str = "stage.appended";

/// One end for those who append, one for those who wait.
pub(crate) struct Wake {
    pub(crate) hint: Arc<dyn Hint>,
    pub(crate) woken: watch::Receiver<Position>,
}

struct Told {
    /// What this process appended, for the task that publishes it.
    ours: watch::Sender<Position>,
    /// What anybody appended, for the workers of this process.
    anybodys: watch::Sender<Position>,
}

impl Hint for Told {
    fn appended(&self, position: Position) {
        raise(&self.ours, position);
        raise(&self.anybodys, position);
    }
}

/// Starts telling and listening, until `stop`.
pub(crate) fn start(
    nats: &Client,
    subject: &'static str,
    loops: &TaskTracker,
    stop: &CancellationToken,
) -> Wake {
    let told = Arc::new(Told { ours: watch::channel(0).0, anybodys: watch::channel(0).0 });
    let (ours, woken) = (told.ours.subscribe(), told.anybodys.subscribe());
    let until = |work| stop.clone().run_until_cancelled_owned(work);
    loops.spawn(until(futures::future::Either::Left(publish(nats.clone(), subject, ours))));
    loops.spawn(until(futures::future::Either::Right(listen(nats.clone(), subject, told.clone()))));
    Wake { hint: told, woken }
}

/// Appends that come while one hint is on its way share the next.
async fn publish(nats: Client, subject: &'static str, mut ours: watch::Receiver<Position>) {
    while ours.changed().await.is_ok() {
        let position = *ours.borrow_and_update();
        // Hints do not queue up for a server that is gone.
        if nats.connection_state() == State::Connected {
            let _ = nats.publish(subject, position.to_string().into()).await;
        }
    }
}

async fn listen(nats: Client, subject: &'static str, told: Arc<Told>) {
    loop {
        // The subscription comes back by itself when the server does.
        if let Ok(mut hints) = nats.subscribe(subject).await {
            while let Some(hint) = hints.next().await {
                let position = std::str::from_utf8(&hint.payload).ok().and_then(|text| text.parse().ok());
                // Our own come back to us too, and woke our workers already.
                if let Some(position) = position.filter(|position| *position != *told.ours.borrow()) {
                    raise(&told.anybodys, position);
                }
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Wakes in any case, because hints overtake each other; the highest position says how far there is to go.
fn raise(highest: &watch::Sender<Position>, position: Position) {
    highest.send_modify(|highest| *highest = position.max(*highest));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    async fn client() -> Client {
        async_nats::connect(stage_testkit::nats_url()).await.unwrap()
    }

    fn wake(nats: &Client, subject: &'static str) -> Wake {
        start(nats, subject, &TaskTracker::new(), &CancellationToken::new())
    }

    async fn told(woken: &mut watch::Receiver<Position>, position: Position) {
        let told = woken.wait_for(|told| *told == position);
        tokio::time::timeout(Duration::from_secs(30), told).await.expect("is told in time").unwrap();
    }

    #[tokio::test]
    async fn an_append_wakes_workers_here_and_in_other_processes() {
        let subject: &'static str = stage_testkit::unique("appended").leak();
        let (ours, theirs) = (client().await, client().await);
        let mut one = wake(&ours, subject);
        let mut other = wake(&theirs, subject);
        one.hint.appended(7);
        told(&mut one.woken, 7).await;
        // A hint that comes before the other listens is lost, as hints may be.
        let mut position = 8;
        while *other.woken.borrow() < 8 {
            one.hint.appended(position);
            position += 1;
            let _ = tokio::time::timeout(Duration::from_millis(200), other.woken.changed()).await;
        }
        other.hint.appended(1_000_000);
        told(&mut one.woken, 1_000_000).await;
    }

    #[tokio::test]
    async fn without_nats_appends_go_on_and_wake_the_workers_of_their_own_process() {
        let nobody = async_nats::ConnectOptions::new().retry_on_initial_connect();
        // A port that nobody listens on: ours for a moment, then free again.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let nats = nobody.connect(format!("nats://{free}")).await.unwrap();
        let mut wake = start(&nats, "appended", &TaskTracker::new(), &CancellationToken::new());
        for position in 1..10_000 {
            wake.hint.appended(position);
        }
        told(&mut wake.woken, 9_999).await;
    }
}
