//! ARCHITECTURE.md walks through adding a read model. Here its example runs, and what it says of the others is looked up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "walk_through/apply.rs"]
mod example;

use std::{fs, path::Path, sync::Arc};

use common::{history, world};
use stage_projections::engine::{
    all, apply,
    rebuild::{Rebuilding, Stand, compare, rebuild},
    take_up,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_walk_through_shows_the_code_that_runs_here() {
    let page = read("ARCHITECTURE.md");
    // In the room itself its crate is `crate`.
    let code = read("projections/tests/walk_through/apply.rs").replace("stage_projections::", "crate::");
    assert!(page.contains(&format!("```rust\n{code}```\n")), "the code of the walk-through");
    let tables = read("projections/tests/walk_through/tables.sql");
    assert!(page.contains(&format!("```sql\n{tables}```\n")), "the tables of the walk-through");
    for step in ["projections/src/languages/", "migrations/00NN_read_languages.sql", "`all()`"] {
        assert!(page.contains(step), "the walk-through names {step}");
    }
}

#[test]
fn every_read_model_is_a_folder_a_migration_and_one_line_as_the_walk_through_says() {
    let migrations: Vec<String> = fs::read_dir(root().join("migrations"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    for projection in all() {
        let name = projection.name();
        for file in ["mod.rs", "apply.rs", "query.rs", "view.rs"] {
            read(&format!("projections/src/{name}/{file}"));
        }
        let schema = format!("CREATE SCHEMA read_{name};");
        assert!(migrations.iter().any(|sql| sql.contains(&schema)), "a migration makes read_{name}");
    }
    let list = read("projections/src/engine/projection.rs");
    let (_, list) = list.split_once("pub fn all()").unwrap();
    assert_eq!(list.matches("Arc::new(").count(), all().len(), "one line each");
}

#[tokio::test]
async fn the_example_of_the_walk_through_counts_and_is_rebuilt() {
    let world = world().await;
    sqlx::raw_sql(&read("projections/tests/walk_through/tables.sql")).execute(world.pool()).await.unwrap();
    history::write(&world.log, 3, 20).await;
    let languages = example::Languages;
    let mut connection = world.pool().acquire().await.unwrap();
    take_up(&mut connection, &languages, false).await.unwrap();
    let events = world.log.follow(0).next(10_000).await.unwrap();
    let (one, other) = events.split_at(70);
    apply(&mut connection, &languages, 0, one).await.unwrap();
    apply(&mut connection, &languages, one.last().unwrap().position, other).await.unwrap();
    let posts: Vec<(String, i64)> =
        sqlx::query_as("SELECT language, posts FROM read_languages.languages ORDER BY stage_id")
            .fetch_all(world.pool())
            .await
            .unwrap();
    assert_eq!(posts, vec![("de".to_owned(), 20); 3]);
    let with = Rebuilding {
        pool: world.pool().clone(),
        workers: 2,
        stand: watch::channel(Stand::default()).0,
        stop: CancellationToken::new(),
    };
    assert_eq!(compare(&with, Arc::new(example::Languages)).await.unwrap().different, 0);
    rebuild(&with, Arc::new(example::Languages)).await.unwrap();
    assert_eq!(compare(&with, Arc::new(example::Languages)).await.unwrap().different, 0);
}
