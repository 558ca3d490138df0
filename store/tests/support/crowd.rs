//! Many writers and followers at once, for proving the order of the log.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use sqlx::{PgConnection, PgPool};
use stage_domain::stage::{Stage, StageEvent};
use stage_store::{Act, Also, Appended, Batch, Log, Position, Recorded};
use tokio::sync::watch;
use uuid::Uuid;

use super::at;

/// Keeps a transaction open for a while after its events are written, and perhaps undoes it.
struct Dawdle {
    pause: Duration,
    undo: bool,
}

#[async_trait]
impl Also for Dawdle {
    async fn write(&self, _: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        tokio::time::sleep(self.pause).await;
        match self.undo {
            true => Err(sqlx::Error::RowNotFound),
            false => Ok(()),
        }
    }
}

/// Appends batches of random size, mostly small and some of hundreds, to three streams of its own until `enough` events are
/// written by all, some at once, some after a stall, some undone. A failing append is left and the streams are read
/// anew.
pub(crate) async fn write(log: Log, seed: u64, written: Arc<AtomicUsize>, enough: usize) {
    let mut random = SmallRng::seed_from_u64(seed);
    let streams: Vec<Uuid> = (0..3).map(|_| Uuid::new_v4()).collect();
    let mut versions: HashMap<Uuid, u64> = HashMap::new();
    while written.load(Ordering::SeqCst) < enough {
        let mut batch = Batch::default();
        let mut after = versions.clone();
        let size =
            if random.random_bool(0.05) { random.random_range(9..=300) } else { random.random_range(1..=8) };
        for _ in 0..size {
            let stream = streams[random.random_range(0..streams.len())];
            let version = after.entry(stream).or_default();
            let event = StageEvent::StageRenamed { name: format!("{seed}"), at: at() };
            batch.add::<Stage>(stream, *version, &[event]).unwrap();
            *version += 1;
        }
        let events = batch.len();
        let undo = random.random_bool(0.15);
        let pause = match random.random_range(0..10) {
            0 => Duration::from_millis(random.random_range(10..60)),
            1..4 => Duration::from_micros(random.random_range(0..3_000)),
            _ => Duration::ZERO,
        };
        let also: Vec<Arc<dyn Also>> = match undo || !pause.is_zero() {
            true => vec![Arc::new(Dawdle { pause, undo })],
            false => Vec::new(),
        };
        match log.append(batch, Act { also, ..Act::default() }).await {
            Ok(_) => {
                written.fetch_add(events, Ordering::SeqCst);
                versions = after;
            }
            Err(_) if undo => {}
            Err(_) => versions = look_again(&log, &streams).await,
        }
    }
}

/// Whether an append was done before its connection broke is not known; the log knows.
async fn look_again(log: &Log, streams: &[Uuid]) -> HashMap<Uuid, u64> {
    loop {
        match log.load_many::<Stage>(streams).await {
            Ok(found) => return streams.iter().copied().zip(found.iter().map(|f| f.version)).collect(),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// A follower is started anew after so many steps.
const RESTART: usize = 20;

/// Reads with a follower in random steps until it was told the last position and got there. It lives through errors, and
/// again and again it is started anew, knowing nothing but the position of the last event that it has kept. Answers what it
/// read, and how often it was started anew.
pub(crate) async fn follow(
    log: Log,
    seed: u64,
    last: watch::Receiver<Option<Position>>,
) -> (Vec<Recorded>, usize) {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut follower = log.follow(0);
    let (mut read, mut restarts) = (Vec::new(), 0);
    for step in 1.. {
        if step % RESTART == 0 {
            let kept = read.last().map_or(0, |event: &Recorded| event.position);
            follower = log.follow(kept);
            restarts += 1;
        }
        match follower.next(random.random_range(1..500)).await {
            Ok(events) if events.is_empty() => tokio::time::sleep(Duration::from_millis(1)).await,
            Ok(events) => read.extend(events),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
        if last.borrow().is_some_and(|last| follower.position() >= last) {
            break;
        }
    }
    (read, restarts)
}

/// Reads whatever is there, without a mark, and says how far it is. It is here to miss events, which shows that the run was
/// hard enough.
pub(crate) async fn read_carelessly(
    log: Log,
    last: watch::Receiver<Option<Position>>,
    at: watch::Sender<Position>,
) -> usize {
    let (mut position, mut read) = (0, 0);
    loop {
        if let Ok(events) = log.read(position, Position::MAX, 500).await {
            position = events.last().map_or(position, |event| event.position);
            read += events.len();
            at.send_replace(position);
        }
        if last.borrow().is_some_and(|last| position >= last) {
            return read;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Checks what a follower read against the whole table.
pub(crate) fn check(read: &[Recorded], there: &[(Position, Uuid, u64)]) {
    let read: Vec<_> = read.iter().map(|event| (event.position, event.stream_id, event.sequence)).collect();
    let missed = there.iter().filter(|event| !read.contains_sorted(event)).count();
    assert_eq!(missed, 0, "events were missed");
    assert!(read.windows(2).all(|pair| pair[0].0 < pair[1].0), "positions rise, so none came twice");
    assert_eq!(read.len(), there.len());
    let mut streams: BTreeMap<Uuid, u64> = BTreeMap::new();
    for (position, stream, sequence) in read {
        let before = streams.insert(stream, sequence).unwrap_or(0);
        assert_eq!(sequence, before + 1, "the stream's events come in their order, at {position}");
    }
}

trait ContainsSorted<T> {
    fn contains_sorted(&self, item: &T) -> bool;
}

impl<T: Ord> ContainsSorted<T> for Vec<T> {
    fn contains_sorted(&self, item: &T) -> bool {
        self.binary_search(item).is_ok()
    }
}

/// Every event of the log, in order.
pub(crate) async fn everything(pool: &PgPool) -> Vec<(Position, Uuid, u64)> {
    let rows: Vec<(Position, String, i64)> =
        sqlx::query_as("SELECT position, aggregate_id, sequence FROM events ORDER BY position")
            .fetch_all(pool)
            .await
            .unwrap();
    rows.into_iter()
        .map(|(position, id, sequence)| (position, id.parse().unwrap(), sequence.cast_unsigned()))
        .collect()
}
