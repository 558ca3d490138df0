use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use stage_commands::Request;
use tokio::time::{Instant, sleep_until};
use utoipa::ToSchema;

use crate::{
    app::Shared,
    contract::{responses::RequestResetRefusals, text},
    extract::{Ask, ClientAddress, Json, OwnOrigin},
    problem::Problem,
};

/// How long the answer takes, whatever there is to do: longer than what there is to do.
const ANSWER_AFTER: Duration = Duration::from_millis(400);

/// Whose password is to be chosen anew.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RequestReset)]
pub(crate) struct RequestReset {
    #[schema(schema_with = text::any_email)]
    email: String,
}

/// Ask for a new password
///
/// Mails a link, when there is an account with this address. The answer is the same, and takes as long, when there is
/// none. An `Idempotency-Key` is ignored here; a second mail is sent after a minute at the soonest.
#[utoipa::path(
    post, path = "/api/v1/password-resets", operation_id = "request_password_reset", tag = "accounts",
    request_body = RequestReset,
    responses((status = 202, description = "A mail is on its way, if there is such an account"), RequestResetRefusals),
)]
pub(crate) async fn request_reset(
    State(app): State<Shared>,
    _: OwnOrigin,
    ClientAddress(client): ClientAddress,
    ask: Ask<Json<RequestReset>>,
) -> Result<StatusCode, Problem> {
    let until = Instant::now() + ANSWER_AFTER;
    app.limits.mail.check(client)?;
    let Json(RequestReset { email }) = ask.payload;
    let request = Request { expected: None, idempotency: None, ..ask.request };
    let commands = app.commands.clone();
    // It goes on by itself, so that the answer does not wait for it.
    let asked = tokio::spawn(async move { commands.request_password_reset(&email, request).await });
    sleep_until(until).await;
    // What failed by now failed for every address alike: the database is not there.
    if asked.is_finished()
        && let Ok(Err(error)) = asked.await
    {
        return Err(error.into());
    }
    Ok(StatusCode::ACCEPTED)
}
