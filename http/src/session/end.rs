use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use stage_domain::SessionId;

use super::cookies;
use crate::{
    app::Shared,
    contract::responses::EndRefusals,
    extract::{Ids, Session},
    problem::Problem,
};

/// End one of my sessions
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}", operation_id = "end_session", tag = "sessions",
    security(("session" = [], "xsrf" = [])),
    params(("id" = Uuid, Path, description = "The session")),
    responses((status = 204, description = "Ended"), EndRefusals),
)]
pub(crate) async fn end(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<1>,
) -> Result<Response, Problem> {
    let Ids([id]) = ids;
    let id = SessionId(id);
    app.commands.end_session(session.actor, id).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if id == session.actor.session {
        cookies::end(response.headers_mut(), app.settings.secure_cookies);
    }
    Ok(response)
}
