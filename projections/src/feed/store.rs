//! Writing what a batch changes in the posts.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::row::{Change, NewPost};
use crate::{ProjectionError, rows::column};

/// Removes the posts of unlinked sources, and all of closed stages; remembers both.
pub(super) async fn remove(tx: &mut PgConnection, gone: &BTreeSet<Uuid>) -> Result<(), ProjectionError> {
    if gone.is_empty() {
        return Ok(());
    }
    let gone: Vec<_> = gone.iter().copied().collect();
    sqlx::query(
        "WITH removed AS
             (DELETE FROM posts WHERE source_id = ANY($1) OR stage_id = ANY($1) RETURNING id)
         DELETE FROM assignments USING removed WHERE post_id = removed.id",
    )
    .bind(&gone)
    .execute(&mut *tx)
    .await?;
    sqlx::query("DELETE FROM topics WHERE stage_id = ANY($1)").bind(&gone).execute(&mut *tx).await?;
    sqlx::query("INSERT INTO gone (id) SELECT UNNEST($1::uuid[]) ON CONFLICT DO NOTHING")
        .bind(&gone)
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn insert(tx: &mut PgConnection, posts: &[NewPost]) -> Result<(), ProjectionError> {
    if posts.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO posts (id, stage_id, source_id, network, content, sorted_at, imported_at, revised_at,
             hidden, pinned, own_topics, version)
         SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::jsonb[], $6::timestamptz[],
             $7::timestamptz[], $8::timestamptz[], $9::boolean[], $10::boolean[], $11::jsonb[], $12::bigint[])",
    )
    .bind(column(posts, |post| post.id))
    .bind(column(posts, |post| post.stage_id))
    .bind(column(posts, |post| post.source_id))
    .bind(column(posts, |post| post.network.as_str()))
    .bind(column(posts, |post| Json(post.content())))
    .bind(column(posts, |post| post.sorted_at))
    .bind(column(posts, |post| post.imported_at))
    .bind(column(posts, |post| post.change.revision.as_ref().map(|revision| revision.at)))
    .bind(column(posts, |post| post.change.hidden.unwrap_or(false)))
    .bind(column(posts, |post| post.change.pinned.unwrap_or(false)))
    .bind(column(posts, |post| post.own_topics().map(Json)))
    .bind(column(posts, |post| post.change.version))
    .execute(tx)
    .await?;
    Ok(())
}

/// Changes posts that are there; of a post that isn't, nothing is made.
pub(super) async fn change(
    tx: &mut PgConnection,
    changes: &BTreeMap<Uuid, Change>,
) -> Result<(), ProjectionError> {
    if changes.is_empty() {
        return Ok(());
    }
    let changes: Vec<_> = changes.iter().collect();
    sqlx::query(
        "UPDATE posts SET
             content = coalesce(new.content, posts.content),
             revised_at = coalesce(new.revised_at, posts.revised_at),
             hidden = coalesce(new.hidden, posts.hidden),
             pinned = coalesce(new.pinned, posts.pinned),
             own_topics = CASE WHEN new.owns THEN new.own_topics ELSE posts.own_topics END,
             version = new.version
         FROM UNNEST($1::uuid[], $2::jsonb[], $3::timestamptz[], $4::boolean[], $5::boolean[], $6::boolean[],
             $7::jsonb[], $8::bigint[])
             AS new (id, content, revised_at, hidden, pinned, owns, own_topics, version)
         WHERE posts.id = new.id",
    )
    .bind(column(&changes, |(id, _)| **id))
    .bind(column(&changes, |(_, change)| change.revision.as_ref().map(|revision| Json(&*revision.content))))
    .bind(column(&changes, |(_, change)| change.revision.as_ref().map(|revision| revision.at)))
    .bind(column(&changes, |(_, change)| change.hidden))
    .bind(column(&changes, |(_, change)| change.pinned))
    .bind(column(&changes, |(_, change)| change.own_topics.is_some()))
    .bind(column(&changes, |(_, change)| change.own_topics.as_ref().and_then(Option::as_ref).map(Json)))
    .bind(column(&changes, |(_, change)| change.version))
    .execute(tx)
    .await?;
    Ok(())
}
