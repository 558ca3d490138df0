use chrono::{DateTime, Utc};
use sqlx::types::Json;
use stage_domain::{AccountId, SourceId, StageId, stage::Role, topics::Topic};
use uuid::Uuid;

use super::{MemberView, SourceView, StageView, row::SourceRow};
use crate::{ProjectionError, Reads, names, views};

/// A stage with all that belongs to it in one statement, so that it is seen as of one moment.
const SELECT: &str = "
    SELECT s.id, s.position, s.owner, s.name, s.handle, s.created_at, s.version,
        (SELECT ARRAY[v.count, v.bots] FROM read_views.view_totals v WHERE v.kind = 'stage' AND v.id = s.id) AS views,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name, 'rules', t.rules)
                                   ORDER BY t.position), '[]')
         FROM read_stages.topics t WHERE t.stage_id = s.id) AS topics,
        (SELECT coalesce(jsonb_agg(to_jsonb(l) ORDER BY l.position), '[]')
         FROM read_stages.sources l WHERE l.stage_id = s.id) AS sources
    FROM read_stages.stages s";

/// Readers see the stage `s` as long as the data of one of its owners is not restricted.
pub(crate) const SHOWN: &str = "EXISTS (
    SELECT FROM read_stages.members m WHERE m.stage_id = s.id AND m.role = 'owner'
        AND NOT EXISTS (SELECT FROM read_stages.restricted r WHERE r.owner = m.account_id))";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    owner: Uuid,
    name: String,
    handle: String,
    created_at: DateTime<Utc>,
    version: i64,
    views: Option<Vec<i64>>,
    topics: Json<Vec<Topic>>,
    sources: Json<Vec<SourceRow>>,
}

#[derive(sqlx::FromRow)]
struct OfMember {
    #[sqlx(flatten)]
    stage: Row,
    role: String,
}

impl Reads {
    /// The open stages of which a person is a member, each with their role, in the order in which the stages were
    /// created.
    pub async fn stages_of(&self, member: AccountId) -> Result<Vec<(StageView, Role)>, ProjectionError> {
        let sql = format!(
            "SELECT s.*, m.role FROM ({SELECT}) s JOIN read_stages.members m ON m.stage_id = s.id
             WHERE m.account_id = $1 ORDER BY s.position"
        );
        let rows: Vec<OfMember> = sqlx::query_as(&sql).bind(member.0).fetch_all(self.log.pool()).await?;
        rows.into_iter().map(|row| Ok((view(row.stage)?, names::read("role", &row.role)?))).collect()
    }

    /// The team of an open stage, in the order in which its members joined.
    pub async fn members(&self, stage: StageId) -> Result<Vec<MemberView>, ProjectionError> {
        let rows: Vec<(Uuid, String, DateTime<Utc>)> = sqlx::query_as(
            "SELECT account_id, role, since FROM read_stages.members WHERE stage_id = $1 ORDER BY position",
        )
        .bind(stage.0)
        .fetch_all(self.log.pool())
        .await?;
        let member = |(account, role, since): (Uuid, String, _)| {
            Ok(MemberView { account: AccountId(account), role: names::read("role", &role)?, since })
        };
        rows.into_iter().map(member).collect()
    }

    /// An open stage.
    pub async fn stage(&self, id: StageId) -> Result<Option<StageView>, ProjectionError> {
        let row: Option<Row> = sqlx::query_as(&format!("{SELECT} WHERE s.id = $1"))
            .bind(id.0)
            .fetch_optional(self.log.pool())
            .await?;
        row.map(view).transpose()
    }

    /// The open stage that has this handle now, as readers see it: not while the data of all its owners is
    /// restricted.
    pub async fn stage_by_handle(&self, handle: &str) -> Result<Option<StageView>, ProjectionError> {
        // A text with U+0000 is nobody's handle, and PostgreSQL refuses to be asked for it.
        if handle.contains('\0') {
            return Ok(None);
        }
        let row: Option<Row> = sqlx::query_as(&format!("{SELECT} WHERE s.handle = $1 AND {SHOWN}"))
            .bind(handle)
            .fetch_optional(self.log.pool())
            .await?;
        row.map(view).transpose()
    }

    /// The handles of all open stages that readers see, the oldest first, at most `limit`.
    pub async fn handles(&self, limit: u32) -> Result<Vec<String>, ProjectionError> {
        let sql = format!("SELECT handle FROM read_stages.stages s WHERE {SHOWN} ORDER BY position LIMIT $1");
        let handles = sqlx::query_scalar(&sql).bind(i64::from(limit)).fetch_all(self.log.pool()).await?;
        Ok(handles)
    }

    /// Those of these handles that open stages have now, as readers see them, and nothing else of the stages. In no
    /// order.
    pub async fn open_stages(&self, handles: &[String]) -> Result<Vec<(String, StageId)>, ProjectionError> {
        // As above.
        let handles: Vec<&str> =
            handles.iter().map(String::as_str).filter(|handle| !handle.contains('\0')).collect();
        let rows: Vec<(String, Uuid)> = sqlx::query_as(&format!(
            "SELECT handle, id FROM read_stages.stages s WHERE handle = ANY($1) AND {SHOWN}"
        ))
        .bind(handles)
        .fetch_all(self.log.pool())
        .await?;
        Ok(rows.into_iter().map(|(handle, id)| (handle, StageId(id))).collect())
    }
}

impl Reads {
    /// Whether the data of all owners of this stage is restricted, so that no reader sees it.
    pub async fn is_restricted(&self, id: StageId) -> Result<bool, ProjectionError> {
        let sql = format!("SELECT EXISTS (SELECT FROM read_stages.stages s WHERE s.id = $1 AND NOT {SHOWN})");
        Ok(sqlx::query_scalar(&sql).bind(id.0).fetch_one(self.log.pool()).await?)
    }
}

fn view(row: Row) -> Result<StageView, ProjectionError> {
    Ok(StageView {
        id: StageId(row.id),
        owner: AccountId(row.owner),
        name: row.name,
        handle: row.handle,
        created_at: row.created_at,
        version: row.version.cast_unsigned(),
        views: views::of_row(row.views),
        topics: row.topics.0,
        sources: row.sources.0.into_iter().map(source).collect::<Result<_, _>>()?,
    })
}

fn source(row: SourceRow) -> Result<SourceView, ProjectionError> {
    Ok(SourceView {
        id: SourceId(row.id),
        network: names::read("network", &row.network)?,
        address: row.address,
        title: row.title,
        interval_minutes: row.interval_minutes.cast_unsigned(),
        paused: row.paused,
        linked_at: row.linked_at,
        last_import_at: row.last_import_at,
        imported: row.imported.cast_unsigned(),
        failing: row.failure.map(|failure| failure.0).zip(row.failing_since),
        version: row.version.cast_unsigned(),
    })
}
