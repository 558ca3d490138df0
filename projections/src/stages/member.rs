//! The table `members`: the team of each stage.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use stage_domain::stage::{Role, StageEvent};
use uuid::Uuid;

use crate::{
    ProjectionError,
    rows::{Place, column},
};

#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct MemberRow {
    pub(super) stage_id: Uuid,
    pub(super) account_id: Uuid,
    pub(super) role: String,
    pub(super) position: i64,
    pub(super) since: DateTime<Utc>,
}

/// Rows by stage and account; `None` stands for one that isn't there, or not any more.
pub(super) type Members = BTreeMap<(Uuid, Uuid), Option<MemberRow>>;

impl MemberRow {
    /// Whose membership the event is about.
    pub(super) fn about(event: &StageEvent) -> Option<Uuid> {
        match event {
            StageEvent::StageCreated { owner: member, .. }
            | StageEvent::InvitationAccepted { member, .. }
            | StageEvent::MemberRoleChanged { member, .. }
            | StageEvent::MemberRemoved { member, .. }
            | StageEvent::MemberLeft { member, .. } => Some(member.0),
            StageEvent::StageRenamed { .. }
            | StageEvent::StageHandleChanged { .. }
            | StageEvent::TopicDefined { .. }
            | StageEvent::TopicChanged { .. }
            | StageEvent::TopicRemoved { .. }
            | StageEvent::MediaAdded { .. }
            | StageEvent::MemberInvited { .. }
            | StageEvent::InvitationWithdrawn { .. }
            | StageEvent::StageClosed { .. } => None,
        }
    }

    /// The member's row as an event about them leaves it.
    pub(super) fn after(row: Option<Self>, event: &StageEvent, place: Place, member: Uuid) -> Option<Self> {
        let joined = |role: Role, at: &DateTime<Utc>| {
            Some(Self {
                stage_id: place.id,
                account_id: member,
                role: role.as_str().to_owned(),
                position: place.position,
                since: *at,
            })
        };
        match event {
            StageEvent::StageCreated { at, .. } => joined(Role::Owner, at),
            StageEvent::InvitationAccepted { role, at, .. } => joined(*role, at),
            StageEvent::MemberRoleChanged { role, .. } => {
                Some(Self { role: role.as_str().to_owned(), ..row? })
            }
            StageEvent::MemberRemoved { .. } | StageEvent::MemberLeft { .. } => None,
            _ => row,
        }
    }
}

pub(super) async fn load(
    tx: &mut PgConnection,
    keys: impl IntoIterator<Item = (Uuid, Uuid)>,
) -> Result<Members, ProjectionError> {
    let mut members: Members = keys.into_iter().map(|key| (key, None)).collect();
    if members.is_empty() {
        return Ok(members);
    }
    let (stages, accounts): (Vec<_>, Vec<_>) = members.keys().copied().unzip();
    let found: Vec<MemberRow> = sqlx::query_as(
        "SELECT m.* FROM members m
         JOIN UNNEST($1::uuid[], $2::uuid[]) AS k (stage_id, account_id) USING (stage_id, account_id)",
    )
    .bind(stages)
    .bind(accounts)
    .fetch_all(tx)
    .await?;
    members.extend(found.into_iter().map(|row| ((row.stage_id, row.account_id), Some(row))));
    Ok(members)
}

pub(super) async fn store(tx: &mut PgConnection, members: Members) -> Result<(), ProjectionError> {
    let gone: Vec<_> = members.iter().filter(|(_, row)| row.is_none()).map(|(key, _)| *key).collect();
    if !gone.is_empty() {
        let (stages, accounts): (Vec<_>, Vec<_>) = gone.into_iter().unzip();
        sqlx::query(
            "DELETE FROM members m USING UNNEST($1::uuid[], $2::uuid[]) AS k (stage_id, account_id)
             WHERE m.stage_id = k.stage_id AND m.account_id = k.account_id",
        )
        .bind(stages)
        .bind(accounts)
        .execute(&mut *tx)
        .await?;
    }
    let rows: Vec<MemberRow> = members.into_values().flatten().collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO members (stage_id, account_id, role, position, since)
         SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[])
         ON CONFLICT (stage_id, account_id) DO UPDATE
         SET role = excluded.role, position = excluded.position, since = excluded.since",
    )
    .bind(column(&rows, |row| row.stage_id))
    .bind(column(&rows, |row| row.account_id))
    .bind(column(&rows, |row| row.role.as_str()))
    .bind(column(&rows, |row| row.position))
    .bind(column(&rows, |row| row.since))
    .execute(tx)
    .await?;
    Ok(())
}
