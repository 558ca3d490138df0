use std::{sync::Arc, time::Instant};

use cqrs_es::Aggregate as _;
use esrs::{
    Aggregate, AggregateState,
    handler::TransactionalEventHandler,
    manager::AggregateManager,
    rebuilder::{PgRebuilder, Rebuilder},
    store::{
        StoreEvent,
        postgres::{PgStore, PgStoreBuilder, PgStoreError},
    },
};
use sqlx::{PgConnection, postgres::PgPoolOptions, types::Json};
use stage_domain::{
    Decide,
    post::{Post, PostCommand, PostEvent},
    stage::{Stage, StageCommand, StageEvent},
};
use uuid::Uuid;

use crate::work::{self, Done, TASKS, Work};

/// A stage, as an aggregate of esrs.
struct Stages;

impl Aggregate for Stages {
    const NAME: &'static str = "stage";
    type State = Stage;
    type Command = StageCommand;
    type Event = StageEvent;
    type Error = <Stage as cqrs_es::Aggregate>::Error;

    fn handle_command(state: &Stage, command: StageCommand) -> Result<Vec<StageEvent>, Self::Error> {
        state.decide(command)
    }

    fn apply_event(mut state: Stage, event: StageEvent) -> Stage {
        state.apply(event);
        state
    }
}

struct Posts;

impl Aggregate for Posts {
    const NAME: &'static str = "post";
    type State = Post;
    type Command = PostCommand;
    type Event = PostEvent;
    type Error = <Post as cqrs_es::Aggregate>::Error;

    fn handle_command(state: &Post, command: PostCommand) -> Result<Vec<PostEvent>, Self::Error> {
        state.decide(command)
    }

    fn apply_event(mut state: Post, event: PostEvent) -> Post {
        state.apply(event);
        state
    }
}

struct Show;

#[async_trait::async_trait]
impl TransactionalEventHandler<Posts, PgStoreError, PgConnection> for Show {
    async fn handle(&self, event: &StoreEvent<PostEvent>, tx: &mut PgConnection) -> Result<(), PgStoreError> {
        if let PostEvent::PostImported { stage_id, content, .. } = &event.payload {
            sqlx::query(
                "INSERT INTO shown (id, stage_id, content) VALUES ($1, $2, $3)
                 ON CONFLICT (id) DO UPDATE SET content = excluded.content",
            )
            .bind(event.aggregate_id)
            .bind(stage_id.0)
            .bind(Json(content))
            .execute(tx)
            .await?;
        }
        Ok(())
    }
}

pub async fn run(work: &Work) -> Done {
    let pool = PgPoolOptions::new()
        .max_connections(u32::try_from(TASKS).unwrap())
        .connect(&stage_testkit::empty_database().await.url)
        .await
        .unwrap();
    let store: PgStore<Stages> = PgStoreBuilder::new(pool.clone()).try_build().await.unwrap();
    let stages = Arc::new(AggregateManager::new(store));
    let append = work::rate(move || {
        let stages = stages.clone();
        async move {
            let new = AggregateState::with_id(Uuid::now_v7());
            stages.handle_command(new, work::create()).await.unwrap().map(drop).unwrap();
        }
    })
    .await;

    let _: PgStore<Posts> = PgStoreBuilder::new(pool.clone()).try_build().await.unwrap();
    sqlx::raw_sql("CREATE TABLE shown (id uuid PRIMARY KEY, stage_id uuid NOT NULL, content jsonb NOT NULL)")
        .execute(&pool)
        .await
        .unwrap();
    for (id, event) in &work.posts {
        sqlx::query("INSERT INTO post_events (id, aggregate_id, payload) VALUES (gen_random_uuid(), $1, $2)")
            .bind(id)
            .bind(Json(event))
            .execute(&pool)
            .await
            .unwrap();
    }
    sqlx::query("VACUUM ANALYZE post_events").execute(&pool).await.unwrap();
    let rebuilder: PgRebuilder<Posts> =
        PgRebuilder::new().with_transactional_event_handlers(vec![Box::new(Show)]);
    let start = Instant::now();
    rebuilder.all_at_once(pool.clone()).await.unwrap();
    let rebuild = work.rebuilt_in(start.elapsed());
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM shown").fetch_one(&pool).await.unwrap();
    assert_eq!(made, work.posts.len() as i64, "it rebuilt everything");
    Done { append, rebuild }
}
