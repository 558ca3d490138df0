use std::{sync::Arc, time::Instant};

use stage_domain::{post::Post, stage::Stage};
use stage_projections::{
    engine::rebuild::{Rebuilding, Stand, rebuild},
    feed::Feed,
};
use stage_store::{Act, Batch};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    log,
    work::{self, Done, TASKS, Work},
};

pub async fn run(work: &Work) -> Done {
    let pool = stage_store::connect(&stage_testkit::database().await.url, u32::try_from(TASKS).unwrap())
        .await
        .unwrap();
    let log = log::log(&pool).await;
    let appending = log.clone();
    let append = work::rate(move || {
        let log = appending.clone();
        async move {
            let act = Act { new: true, ..Act::default() };
            log.execute::<Stage>(Uuid::now_v7(), work::create(), act).await.map(drop).unwrap();
        }
    })
    .await;

    for import in work.posts.chunks(200) {
        let mut batch = Batch::default();
        for (id, event) in import {
            batch.add::<Post>(*id, 0, std::slice::from_ref(event)).unwrap();
        }
        log.append(batch, Act::default()).await.unwrap();
    }
    sqlx::query("VACUUM ANALYZE events").execute(&pool).await.unwrap();
    let (stand, _seen) = watch::channel(Stand::default());
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get);
    let with = Rebuilding { pool: pool.clone(), workers, stand, stop: CancellationToken::new() };
    let start = Instant::now();
    rebuild(&with, Arc::new(Feed)).await.unwrap();
    let rebuild = work.rebuilt_in(start.elapsed());
    let made: i64 =
        sqlx::query_scalar("SELECT count(*) FROM read_feed.posts").fetch_one(&pool).await.unwrap();
    assert_eq!(made, work.posts.len() as i64, "it rebuilt everything");
    Done { append, rebuild }
}
