use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{app::Shared, clock, contract::responses::SessionRefusals, extract::Session, problem::Problem};

/// A person's sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionList {
    sessions: Vec<SessionItem>,
}

/// A session: when, and nothing about where or with what.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionItem {
    id: Uuid,
    begun_at: DateTime<Utc>,
    /// To within ten minutes.
    last_seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// This is the one that asks.
    current: bool,
}

/// List my sessions
#[utoipa::path(
    get, path = "/api/v1/sessions", operation_id = "list_sessions", tag = "sessions",
    security(("session" = [])),
    responses((status = 200, description = "Those that go on, the oldest first", body = SessionList), SessionRefusals),
)]
pub(crate) async fn list(State(app): State<Shared>, session: Session) -> Result<Json<SessionList>, Problem> {
    let sessions = app.commands.sessions(session.actor, clock::now()).await?;
    let item = |item: stage_commands::accounts::Session| SessionItem {
        id: item.id.0,
        begun_at: item.begun_at,
        last_seen_at: item.last_seen_at,
        expires_at: item.expires_at,
        current: item.id == session.actor.session,
    };
    Ok(Json(SessionList { sessions: sessions.into_iter().map(item).collect() }))
}
