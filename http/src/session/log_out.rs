use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::cookies;
use crate::{app::Shared, contract::responses::EndRefusals, extract::Session, problem::Problem};

/// Log out
///
/// Ends this session and takes its cookies back.
#[utoipa::path(
    delete, path = "/api/v1/session", operation_id = "log_out", tag = "sessions",
    security(("session" = [], "xsrf" = [])),
    responses(
        (status = 204, description = "Logged out", headers(("Set-Cookie" = String, description = "Empty ones"))),
        EndRefusals,
    ),
)]
pub(crate) async fn log_out(State(app): State<Shared>, session: Session) -> Result<Response, Problem> {
    app.commands.log_out(session.actor).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    cookies::end(response.headers_mut(), app.settings.secure_cookies);
    Ok(response)
}
