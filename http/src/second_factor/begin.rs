use axum::{Json, extract::State};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::Shared,
    clock,
    contract::{responses::PasswordRefusals, text},
    extract::{self, Ask, ClientAddress, Session},
    problem::Problem,
};

/// What an authenticator app is to be told is shown to whoever knows the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginSecondFactor {
    #[schema(schema_with = text::password)]
    #[serde(deserialize_with = "crate::accounts::secret")]
    password: SecretString,
}

/// For an authenticator app. Shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct Enrolment {
    /// `otpauth://totp/…`, for a QR code.
    uri: String,
    /// The same secret in base32, for those who type it.
    secret: String,
}

/// Begin to turn the second factor on
///
/// Gives a secret for an authenticator app. It is asked for at log-in once a code of it was confirmed, within an hour. Asked
/// for again, it is another one. An `Idempotency-Key` is ignored here: the answer holds a secret that is not kept.
#[utoipa::path(
    post, path = "/api/v1/account/second-factor", operation_id = "begin_second_factor", tag = "accounts",
    security(("session" = [], "xsrf" = [])),
    request_body = BeginSecondFactor,
    responses((status = 200, description = "The secret", body = Enrolment), PasswordRefusals),
)]
pub(crate) async fn begin(
    State(app): State<Shared>,
    session: Session,
    ClientAddress(client): ClientAddress,
    ask: Ask<extract::Json<BeginSecondFactor>>,
) -> Result<Json<Enrolment>, Problem> {
    app.limits.log_in.check(client)?;
    let extract::Json(BeginSecondFactor { password }) = ask.payload;
    let begun =
        app.commands.begin_second_factor(session.actor, password, clock::random(), ask.request.at).await?;
    Ok(Json(Enrolment {
        uri: begun.uri.expose_secret().to_owned(),
        secret: begun.secret.expose_secret().to_owned(),
    }))
}
