use axum::{extract::State, response::Response};
use secrecy::SecretString;
use serde::Deserialize;
use stage_commands::Request;
use utoipa::ToSchema;

use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::NewHeaders,
        responses::{Changed, LinkRefusals},
        text,
    },
    extract::{Ask, ClientAddress, Json, OwnOrigin},
    problem::Problem,
};

/// What the link in the mail holds.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Verification)]
pub(crate) struct Verification {
    #[schema(schema_with = text::token)]
    #[serde(deserialize_with = "super::secret")]
    token: SecretString,
}

/// Verify an e-mail address
///
/// For whoever followed the link in the mail: the token is what stands behind `#` in it. No session is needed.
#[utoipa::path(
    post, path = "/api/v1/verifications", operation_id = "verify_email", tag = "accounts",
    params(NewHeaders), request_body = Verification, responses(Changed, LinkRefusals),
)]
pub(crate) async fn verify(
    State(app): State<Shared>,
    _: OwnOrigin,
    ClientAddress(client): ClientAddress,
    ask: Ask<Json<Verification>>,
) -> Result<Response, Problem> {
    app.limits.log_in.check(client)?;
    let Json(Verification { token }) = ask.payload;
    let done = app.commands.verify_email(&token, Request { expected: None, ..ask.request }).await?;
    Ok(Receipt::changed(done))
}
