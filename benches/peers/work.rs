use std::time::{Duration, Instant};

use chrono::DateTime;
use stage_domain::{AccountId, post::PostEvent, stage::StageCommand};
use uuid::Uuid;

use crate::posts;

pub const TASKS: usize = 16;
pub const TIMES: usize = 150;
/// Posts of one stage, as an import brings them.
const IMPORT: usize = 200;
const STAGES: usize = 20;
const POSTS: usize = 20_000;

/// What everybody does.
pub struct Work {
    pub posts: Vec<(Uuid, PostEvent)>,
}

/// How fast it was done.
pub struct Done {
    /// Commands a second, each on a new stream.
    pub append: f64,
    /// Events a second, from the beginning of a rebuild to its end.
    pub rebuild: f64,
}

impl Work {
    pub fn new() -> Self {
        Self { posts: (0..POSTS).map(|number| posts::imported(number / IMPORT % STAGES, number)).collect() }
    }

    pub fn rebuilt_in(&self, time: Duration) -> f64 {
        self.posts.len() as f64 / time.as_secs_f64()
    }
}

pub fn create() -> StageCommand {
    let (owner, at) = (AccountId(Uuid::from_u128(1)), DateTime::UNIX_EPOCH);
    StageCommand::Create { owner, name: "Rathaus Musterstadt".into(), handle: "rathaus".into(), at }
}

/// How many a second [`TASKS`] tasks do that each do it [`TIMES`] times, one after the other.
pub async fn rate<D: Future<Output = ()> + Send + 'static>(what: impl Fn() -> D) -> f64 {
    let work: Vec<Vec<D>> = (0..TASKS).map(|_| (0..TIMES).map(|_| what()).collect()).collect();
    let start = Instant::now();
    let running: Vec<_> = work
        .into_iter()
        .map(|mine| {
            tokio::spawn(async move {
                for one in mine {
                    one.await;
                }
            })
        })
        .collect();
    for task in running {
        task.await.unwrap();
    }
    (TASKS * TIMES) as f64 / start.elapsed().as_secs_f64()
}

pub fn append_beside(peer: &str) -> &'static str {
    format!("peers: append, beside {peer}").leak()
}

pub fn rebuild_beside(peer: &str) -> &'static str {
    format!("peers: rebuild, beside {peer}").leak()
}
