use axum::{Json, extract::State};
use serde::Serialize;
use stage_commands::audit::Sight;
use utoipa::ToSchema;

use super::{
    params::{EventParams, Part},
    view::AuditEvent,
};
use crate::{
    app::{Inner, Shared},
    clock,
    contract::responses::AuditRefusals,
    extract::{Auditor, Query},
    problem::Problem,
};

/// A page of the log, the oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEvents {
    events: Vec<AuditEvent>,
    /// How far the log is safe to read now: no event will ever come at or before it. 0 in an empty log.
    #[schema(minimum = 0)]
    mark: i64,
    /// The address of the next page; null when this one reaches the mark.
    #[schema(format = Uri)]
    next: Option<String>,
}

/// Read the log
///
/// In the order of positions, up to the high-water mark. Positions have gaps, in which nothing ever was.
#[utoipa::path(
    get, path = "/v1/audit/events", operation_id = "list_events", tag = "audit",
    security(("auditor" = [])), params(EventParams),
    responses((status = 200, description = "A page, the oldest first", body = AuditEvents), AuditRefusals),
)]
pub(crate) async fn events(
    State(app): State<Shared>,
    Auditor(auditor): Auditor,
    query: Query,
) -> Result<Json<AuditEvents>, Problem> {
    query.only(&["after", "limit", "personal"])?;
    let part = Part::read(&query)?;
    let sight = Sight::of(auditor, part.personal)?;
    let known = known(&app).await?;
    let page = app.commands.audit.events(sight, part.after, part.limit as usize, known, clock::now()).await?;
    let next = part.next(page.events.len(), page.events.last().map(|event| event.position));
    let next = next.map(|query| app.settings.public("/v1/audit/", &format!("events?{query}")));
    let events = page.events.into_iter().map(AuditEvent::from).collect();
    Ok(Json(AuditEvents { events, mark: page.mark, next }))
}

/// A position that a read model has passed.
pub(super) async fn known(app: &Inner) -> Result<i64, Problem> {
    Ok(stage_projections::engine::reached(app.reads.log.pool()).await?)
}
