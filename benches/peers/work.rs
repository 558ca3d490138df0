use std::time::Duration;

use chrono::DateTime;
use stage_domain::{AccountId, post::PostEvent, stage::StageCommand};
use uuid::Uuid;

use crate::{posts, tasks};

pub const TASKS: usize = 16;
pub const TIMES: usize = 150;
/// Posts of one stage, as an import brings them.
const IMPORT: usize = 200;
const STAGES: usize = 20;
const POSTS: usize = 8_000;

/// What everybody does.
pub struct Work {
    pub posts: Vec<(Uuid, PostEvent)>,
}

/// How fast it was done.
#[derive(Clone, Copy)]
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

/// How many a second [`TASKS`] tasks do that each do it [`TIMES`] times.
pub async fn rate<D: Future<Output = ()> + Send + 'static>(
    what: impl Fn() -> D + Send + Sync + 'static,
) -> f64 {
    tasks::rate(TASKS, TIMES, move |_| what()).await
}
