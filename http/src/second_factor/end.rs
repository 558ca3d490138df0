use axum::{extract::State, response::Response};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::WriteHeaders,
        responses::{Changed, PasswordRefusals},
        text,
    },
    extract::{Ask, ClientAddress, Json, Session},
    problem::Problem,
};

/// The second factor is turned off by whoever knows the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndSecondFactor {
    #[schema(schema_with = text::password)]
    #[serde(deserialize_with = "crate::accounts::secret")]
    password: SecretString,
}

/// Turn the second factor off
///
/// Its secret and the recovery codes are gone.
#[utoipa::path(
    delete, path = "/api/v1/account/second-factor", operation_id = "end_second_factor", tag = "accounts",
    security(("session" = [], "xsrf" = [])),
    params(WriteHeaders), request_body = EndSecondFactor, responses(Changed, PasswordRefusals),
)]
pub(crate) async fn end(
    State(app): State<Shared>,
    session: Session,
    ClientAddress(client): ClientAddress,
    ask: Ask<Json<EndSecondFactor>>,
) -> Result<Response, Problem> {
    app.limits.log_in.check(client)?;
    let Json(EndSecondFactor { password }) = ask.payload;
    Ok(Receipt::changed(app.commands.disable_second_factor(session.actor, password, ask.request).await?))
}
