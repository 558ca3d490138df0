//! Writing what a batch changes in the posts.

use std::collections::BTreeMap;

use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::{
    fold::{Head, Withdrawn},
    row::{Change, NewPost},
};
use crate::{
    ProjectionError,
    copy::copy,
    rows::{column, delete},
};

/// Removes the posts of unlinked sources, and all of closed stages; remembers both. Says which posts went with their
/// source, while their stage is still there.
pub(super) async fn remove(
    tx: &mut PgConnection,
    gone: &BTreeMap<Uuid, i64>,
) -> Result<Vec<Withdrawn>, ProjectionError> {
    if gone.is_empty() {
        return Ok(vec![]);
    }
    let homes = gone;
    let gone: Vec<_> = gone.keys().copied().collect();
    let removed: Vec<(Uuid, Uuid, Uuid)> = sqlx::query_as(
        "WITH removed AS
             (DELETE FROM posts WHERE source_id = ANY($1) OR stage_id = ANY($1) RETURNING id, stage_id, source_id),
         sorted_out AS (DELETE FROM assignments USING removed WHERE post_id = removed.id)
         SELECT id, stage_id, source_id FROM removed",
    )
    .bind(&gone)
    .fetch_all(&mut *tx)
    .await?;
    for table in ["topics", "withdrawn"] {
        delete(tx, table, "stage_id", &gone).await?;
    }
    sqlx::query(
        "INSERT INTO gone (id, position) SELECT * FROM UNNEST($1::uuid[], $2::bigint[]) ON CONFLICT DO NOTHING",
    )
    .bind(&gone)
    .bind(homes.values().copied().collect::<Vec<_>>())
    .execute(tx)
    .await?;
    let withdrawn = removed.into_iter().filter(|(_, stage_id, _)| !homes.contains_key(stage_id));
    let withdrawn = withdrawn.filter_map(|(id, stage_id, source_id)| {
        homes.get(&source_id).map(|position| Withdrawn { id, stage_id, position: *position })
    });
    Ok(withdrawn.collect())
}

/// Remembers posts that are shown no more, for mirrors.
pub(super) async fn withdraw(tx: &mut PgConnection, posts: &[Withdrawn]) -> Result<(), ProjectionError> {
    if posts.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO withdrawn (id, stage_id, position)
         SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::bigint[])
         ON CONFLICT (id) DO UPDATE SET position = excluded.position",
    )
    .bind(column(posts, |post| post.id))
    .bind(column(posts, |post| post.stage_id))
    .bind(column(posts, |post| post.position))
    .execute(tx)
    .await?;
    Ok(())
}

/// Moves the stages' heads forward.
pub(super) async fn heads(
    tx: &mut PgConnection,
    heads: &BTreeMap<Uuid, Head>,
) -> Result<(), ProjectionError> {
    if heads.is_empty() {
        return Ok(());
    }
    let heads: Vec<_> = heads.iter().collect();
    sqlx::query(
        "INSERT INTO heads AS old (stage_id, position, topics)
         SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[])
         ON CONFLICT (stage_id) DO UPDATE
         SET position = greatest(old.position, excluded.position), topics = greatest(old.topics, excluded.topics)",
    )
    .bind(column(&heads, |(stage, _)| **stage))
    .bind(column(&heads, |(_, head)| head.position))
    .bind(column(&heads, |(_, head)| head.topics))
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn insert(tx: &mut PgConnection, posts: &[NewPost]) -> Result<(), ProjectionError> {
    let table = "posts (id, stage_id, source_id, network, content, sorted_at, imported_at, revised_at, hidden, pinned,
        own_topics, version, position)";
    copy(tx, table, posts, |post, fields| {
        fields
            .put(post.id)?
            .put(post.stage_id)?
            .put(post.source_id)?
            .put(post.network.as_str())?
            .put(Json(post.content()))?
            .put(post.sorted_at)?
            .put(post.imported_at)?
            .put(post.change.revision.as_ref().map(|revision| revision.at))?
            .put(post.change.hidden.unwrap_or(false))?
            .put(post.change.pinned.unwrap_or(false))?
            .put(post.own_topics().map(Json))?
            .put(post.change.version)?
            .put(post.change.position)
    })
    .await
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
             version = new.version,
             position = new.position
         FROM UNNEST($1::uuid[], $2::jsonb[], $3::timestamptz[], $4::boolean[], $5::boolean[], $6::boolean[],
             $7::jsonb[], $8::bigint[], $9::bigint[])
             AS new (id, content, revised_at, hidden, pinned, owns, own_topics, version, position)
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
    .bind(column(&changes, |(_, change)| change.position))
    .execute(tx)
    .await?;
    Ok(())
}
