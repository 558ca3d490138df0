//! What the one worker that sends for a recipient asks and notes. All of it goes over the connection that holds the
//! worker's lock, so that one that lost the lock can't note anything any more.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::{Delivery, RESTRICTED, delivery_id};
use crate::ProjectionError;

/// What there is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    Now(Delivery),
    /// Nothing before then.
    Later(DateTime<Utc>),
    Nothing,
}

/// The first delivery that is due and whose lane has no earlier one waiting.
pub async fn next(
    connection: &mut PgConnection,
    recipient: &str,
    now: DateTime<Utc>,
) -> Result<Next, ProjectionError> {
    const HEADS: &str = "
        FROM outbox.deliveries AS head
        WHERE recipient = $1 AND state = 'waiting' AND NOT EXISTS (
            SELECT 1 FROM outbox.deliveries AS earlier
            WHERE earlier.recipient = $1 AND earlier.lane = head.lane AND earlier.state = 'waiting'
              AND earlier.number < head.number)";
    let delivery: Option<Delivery> = sqlx::query_as(&format!(
        "SELECT id, kind, position, about, subject, detail, tries, created_at
         {HEADS} AND due_at <= $2 ORDER BY number LIMIT 1"
    ))
    .bind(recipient)
    .bind(now)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(delivery) = delivery {
        return Ok(Next::Now(delivery));
    }
    let due: Option<DateTime<Utc>> = sqlx::query_scalar(&format!("SELECT min(due_at) {HEADS}"))
        .bind(recipient)
        .fetch_one(connection)
        .await?;
    Ok(due.map_or(Next::Nothing, Next::Later))
}

/// Notes that the delivery is about to be tried, and whose data it discloses, if any's: before it is sent, because nobody
/// can note it if the program dies just after. `false` when somebody settled it meanwhile.
pub async fn begin(
    connection: &mut PgConnection,
    recipient: &str,
    delivery: &Delivery,
    discloses: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<bool, ProjectionError> {
    let mut tx = connection.begin().await?;
    let begun = sqlx::query(
        "UPDATE outbox.deliveries SET tries = tries + 1
         WHERE id = $1 AND state = 'waiting' AND tries = $2",
    )
    .bind(delivery.id)
    .bind(delivery.tries)
    .execute(&mut *tx)
    .await?
    .rows_affected()
        == 1;
    if let Some(subject) = discloses.filter(|_| begun) {
        sqlx::query(
            "INSERT INTO outbox.disclosures (recipient, subject, first_at, last_at) VALUES ($1, $2, $3, $3)
             ON CONFLICT (recipient, subject) DO UPDATE SET last_at = excluded.last_at",
        )
        .bind(recipient)
        .bind(subject)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await?;
    Ok(begun)
}

/// It has arrived. With `forgotten`, the recipient was told to forget this person.
pub async fn sent(
    connection: &mut PgConnection,
    recipient: &str,
    delivery: &Delivery,
    forgotten: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<(), ProjectionError> {
    let mut tx = connection.begin().await?;
    settle(&mut tx, delivery, "sent", None, now).await?;
    if let Some(subject) = forgotten {
        sqlx::query("DELETE FROM outbox.disclosures WHERE recipient = $1 AND subject = $2")
            .bind(recipient)
            .bind(subject)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Nothing more is done about it by itself: `sent`, `withheld` or `dead`.
pub async fn settle(
    connection: &mut PgConnection,
    delivery: &Delivery,
    state: &'static str,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), ProjectionError> {
    sqlx::query(
        "UPDATE outbox.deliveries SET state = $2, reason = $3, settled_at = $4
         WHERE id = $1 AND state = 'waiting'",
    )
    .bind(delivery.id)
    .bind(state)
    .bind(reason)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// Which of what was withheld because a person's data was restricted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptBack {
    All,
    /// What has to do with this person.
    About(Uuid),
    /// This delivery, if it is one.
    This(Uuid),
}

/// Lets what was kept back by a restriction wait again, so that it is looked at once more.
pub async fn look_again(
    connection: &mut PgConnection,
    recipient: &str,
    kept_back: KeptBack,
) -> Result<(), ProjectionError> {
    let (about, id) = match kept_back {
        KeptBack::All => (None, None),
        KeptBack::About(person) => (Some(person), None),
        KeptBack::This(delivery) => (None, Some(delivery)),
    };
    sqlx::query(
        "UPDATE outbox.deliveries SET state = 'waiting', settled_at = NULL, reason = NULL
         WHERE recipient = $1 AND state = 'withheld' AND reason = $2
           AND ($3::uuid IS NULL OR about = $3) AND ($4::uuid IS NULL OR id = $4)",
    )
    .bind(recipient)
    .bind(RESTRICTED)
    .bind(about)
    .bind(id)
    .execute(connection)
    .await?;
    Ok(())
}

/// It is tried again at `due`.
pub async fn try_again(
    connection: &mut PgConnection,
    delivery: &Delivery,
    reason: &str,
    due: DateTime<Utc>,
) -> Result<(), ProjectionError> {
    sqlx::query("UPDATE outbox.deliveries SET due_at = $2, reason = $3 WHERE id = $1 AND state = 'waiting'")
        .bind(delivery.id)
        .bind(due)
        .bind(reason)
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether this recipient was told anything about this person that it was not told to forget.
pub async fn is_disclosed(
    connection: &mut PgConnection,
    recipient: &str,
    subject: Uuid,
) -> Result<bool, ProjectionError> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM outbox.disclosures WHERE recipient = $1 AND subject = $2)",
    )
    .bind(recipient)
    .bind(subject)
    .fetch_one(connection)
    .await
    .map_err(ProjectionError::from)
}

/// How many deliveries wait, and how many are dead.
pub async fn load_of(connection: &mut PgConnection, recipient: &str) -> Result<(i64, i64), ProjectionError> {
    sqlx::query_as(
        "SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'dead')
         FROM outbox.deliveries WHERE recipient = $1 AND state IN ('waiting', 'dead')",
    )
    .bind(recipient)
    .fetch_one(connection)
    .await
    .map_err(ProjectionError::from)
}

/// Enqueues what is wrong with the system itself, once for each: a consumer of the log that stopped, and deliveries to
/// others that are dead, once a day. Nothing in it is about a person.
pub async fn alert(
    connection: &mut PgConnection,
    recipient: &str,
    now: DateTime<Utc>,
) -> Result<(), ProjectionError> {
    let stopped: Vec<(String, i64, String)> = sqlx::query_as(
        "SELECT name, failed_position, error FROM projection_checkpoints WHERE state = 'failed' ORDER BY name",
    )
    .fetch_all(&mut *connection)
    .await?;
    for (name, position, error) in stopped {
        let what = format!("stopped/{name}/{position}");
        let detail = json!({"projection": name, "position": position, "error": error});
        tell(connection, recipient, "projection_stopped", &what, detail, now).await?;
    }
    let dead: Vec<(String, i64, String)> = sqlx::query_as(
        "SELECT recipient, count(*), to_char(max(settled_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD')
         FROM outbox.deliveries WHERE state = 'dead' AND recipient <> $1 GROUP BY recipient ORDER BY recipient",
    )
    .bind(recipient)
    .fetch_all(&mut *connection)
    .await?;
    for (other, count, day) in dead {
        let what = format!("dead/{other}/{day}");
        tell(
            connection,
            recipient,
            "deliveries_dead",
            &what,
            json!({"recipient": other, "count": count}),
            now,
        )
        .await?;
    }
    Ok(())
}

async fn tell(
    connection: &mut PgConnection,
    recipient: &str,
    kind: &'static str,
    what: &str,
    detail: serde_json::Value,
    now: DateTime<Utc>,
) -> Result<(), ProjectionError> {
    sqlx::query(
        "INSERT INTO outbox.deliveries (id, recipient, lane, kind, detail, created_at, due_at)
         VALUES ($1, $2, '', $3, $4, $5, $5) ON CONFLICT (id) DO NOTHING",
    )
    .bind(delivery_id(recipient, what))
    .bind(recipient)
    .bind(kind)
    .bind(detail)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// A time so long after another.
pub(super) fn before(now: DateTime<Utc>, life: TimeDelta) -> DateTime<Utc> {
    now.checked_sub_signed(life).unwrap_or(DateTime::UNIX_EPOCH)
}
