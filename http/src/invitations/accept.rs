use axum::{extract::State, response::Response};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::NewHeaders,
        responses::{Changed, PasswordRefusals},
        text,
    },
    extract::{Ask, ClientAddress, Json, Session},
    problem::Problem,
};

/// What the link in the mail holds.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptInvitation {
    #[schema(schema_with = text::token)]
    #[serde(deserialize_with = "crate::accounts::secret")]
    token: SecretString,
}

/// Accept an invitation
///
/// Joins the stage that the answer names, with the account that is logged in: the token is what stands behind `#` in the
/// mail's link. It counts once.
#[utoipa::path(
    post, path = "/api/v1/invitations", operation_id = "accept_invitation", tag = "team",
    security(("session" = [], "xsrf" = [])),
    params(NewHeaders), request_body = AcceptInvitation, responses(Changed, PasswordRefusals),
)]
pub(crate) async fn accept(
    State(app): State<Shared>,
    session: Session,
    ClientAddress(client): ClientAddress,
    ask: Ask<Json<AcceptInvitation>>,
) -> Result<Response, Problem> {
    app.limits.log_in.check(client)?;
    let Json(AcceptInvitation { token }) = ask.payload;
    let request = stage_commands::Request { expected: None, ..ask.request };
    Ok(Receipt::changed(app.commands.accept_invitation(session.actor, &token, request).await?))
}
