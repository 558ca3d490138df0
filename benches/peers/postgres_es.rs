use std::sync::Arc;

use postgres_es::postgres_cqrs;
use sqlx::postgres::PgPoolOptions;
use stage_domain::stage::Stage;
use uuid::Uuid;

use crate::{
    stock,
    work::{self, Done, TASKS, Work},
};

pub async fn run(work: &Work) -> Done {
    // As postgres-es sets up its own pool, but for the size.
    let pool = PgPoolOptions::new()
        .max_connections(u32::try_from(TASKS).unwrap())
        .connect(&stage_testkit::empty_database().await.url)
        .await
        .unwrap();
    sqlx::raw_sql(stock::TABLES).execute(&pool).await.unwrap();
    let stages = Arc::new(postgres_cqrs::<Stage>(pool.clone(), Vec::new(), ()));
    let append = work::rate(move || {
        let stages = stages.clone();
        async move { stages.execute(&Uuid::now_v7().to_string(), work::create()).await.unwrap() }
    })
    .await;
    Done { append, rebuild: work.rebuilt_in(stock::replay(&pool, work.posts.clone()).await) }
}
