use std::{marker::PhantomData, sync::Arc, time::Instant};

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
    post::{Post, PostEvent},
    stage::Stage,
};
use uuid::Uuid;

use crate::work::{self, Done, TASKS, Work};

/// An aggregate of ours, as one of esrs.
struct Peer<A>(PhantomData<A>);

impl<A> Aggregate for Peer<A>
where
    A: Decide + Send + 'static,
    A::Command: Send,
    A::Event: Send,
{
    const NAME: &'static str = A::TYPE;
    type State = A;
    type Command = A::Command;
    type Event = A::Event;
    type Error = A::Error;

    fn handle_command(state: &A, command: A::Command) -> Result<Vec<A::Event>, A::Error> {
        state.decide(command)
    }

    fn apply_event(mut state: A, event: A::Event) -> A {
        state.apply(event);
        state
    }
}

struct Show;

#[async_trait::async_trait]
impl TransactionalEventHandler<Peer<Post>, PgStoreError, PgConnection> for Show {
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
    let store: PgStore<Peer<Stage>> = PgStoreBuilder::new(pool.clone()).try_build().await.unwrap();
    let stages = Arc::new(AggregateManager::new(store));
    let append = work::rate(move || {
        let stages = stages.clone();
        async move {
            let new = AggregateState::with_id(Uuid::now_v7());
            stages.handle_command(new, work::create()).await.unwrap().map(drop).unwrap();
        }
    })
    .await;

    let _: PgStore<Peer<Post>> = PgStoreBuilder::new(pool.clone()).try_build().await.unwrap();
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
    let rebuilder: PgRebuilder<Peer<Post>> =
        PgRebuilder::new().with_transactional_event_handlers(vec![Box::new(Show)]);
    let start = Instant::now();
    rebuilder.all_at_once(pool.clone()).await.unwrap();
    let rebuild = work.rebuilt_in(start.elapsed());
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM shown").fetch_one(&pool).await.unwrap();
    assert_eq!(made, work.posts.len() as i64, "it rebuilt everything");
    Done { append, rebuild }
}
