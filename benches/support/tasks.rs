//! Many at the same time.

use std::{future::Future, sync::Arc, time::Instant};

/// How many per second `tasks` tasks do that each do it `times` times, one after the other. `what` is told which it is,
/// from 0 on.
pub async fn rate<F, D>(tasks: usize, times: usize, what: F) -> f64
where
    F: Fn(usize) -> D + Send + Sync + 'static,
    D: Future<Output = ()> + Send + 'static,
{
    let what = Arc::new(what);
    let start = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let what = Arc::clone(&what);
            tokio::spawn(async move {
                for time in 0..times {
                    what(task * times + time).await;
                }
            })
        })
        .collect();
    for task in running {
        task.await.unwrap();
    }
    (tasks * times) as f64 / start.elapsed().as_secs_f64()
}
