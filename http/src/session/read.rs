use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{contract::responses::SessionRefusals, extract::Session};

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionInfo)]
pub(crate) struct SessionInfo {
    /// The session, as `GET /api/v1/sessions` lists it.
    pub(crate) session_id: Uuid,
    /// Whose it is.
    pub(crate) account_id: Uuid,
    /// To be sent as the header `X-XSRF-TOKEN`; the same as the cookie `XSRF-TOKEN`.
    pub(crate) xsrf_token: String,
}

impl From<Session> for SessionInfo {
    fn from(Session { actor, xsrf_token }: Session) -> Self {
        Self { session_id: actor.session.0, account_id: actor.account.0, xsrf_token }
    }
}

/// Who am I?
#[utoipa::path(
    get, path = "/api/v1/session", operation_id = "read_session", tag = "sessions",
    security(("session" = [])),
    responses((status = 200, description = "The session", body = SessionInfo), SessionRefusals),
)]
pub(crate) async fn read(session: Session) -> Json<SessionInfo> {
    Json(session.into())
}
