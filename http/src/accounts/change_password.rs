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

/// The password now, and the one to come.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangePassword)]
pub(crate) struct ChangePassword {
    #[schema(schema_with = text::password)]
    #[serde(deserialize_with = "super::secret")]
    current_password: SecretString,
    #[schema(schema_with = text::new_password)]
    #[serde(deserialize_with = "super::secret")]
    new_password: SecretString,
}

/// Change my password
///
/// Ends all my other sessions; this one goes on.
#[utoipa::path(
    post, path = "/api/v1/account/password", operation_id = "change_password", tag = "accounts",
    security(("session" = [], "xsrf" = [])),
    params(WriteHeaders), request_body = ChangePassword, responses(Changed, PasswordRefusals),
)]
pub(crate) async fn change_password(
    State(app): State<Shared>,
    session: Session,
    ClientAddress(client): ClientAddress,
    ask: Ask<Json<ChangePassword>>,
) -> Result<Response, Problem> {
    app.limits.log_in.check(client)?;
    let Json(ChangePassword { current_password, new_password }) = ask.payload;
    let change = app.commands.change_password(session.actor, current_password, new_password, ask.request);
    Ok(Receipt::changed(change.await?))
}
