use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::WriteHeaders,
        responses::{Changed, WriteRefusals},
    },
    extract::{Ask, Json, Session},
    problem::Problem,
};

/// Whether data is kept and not used.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestrictAccount {
    restricted: bool,
}

/// Restrict what my data is used for
///
/// The right to restriction (Art. 18 GDPR). While it holds, my stages are not shown, their sources are not polled and
/// nobody is told about me. It begins at once. It ends a little after that was asked for, once I was told.
#[utoipa::path(
    post, path = "/api/v1/account/restriction", operation_id = "restrict_account", tag = "accounts",
    security(("session" = [], "xsrf" = [])),
    params(WriteHeaders), request_body = RestrictAccount, responses(Changed, WriteRefusals),
)]
pub(crate) async fn restrict(
    State(app): State<Shared>,
    session: Session,
    ask: Ask<Json<RestrictAccount>>,
) -> Result<Response, Problem> {
    let Json(RestrictAccount { restricted }) = ask.payload;
    let done = app.commands.restrict_account(session.actor.account, restricted, ask.request).await?;
    Ok(Receipt::changed(done))
}
