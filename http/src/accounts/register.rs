use axum::{extract::State, response::Response};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use stage_commands::{Request, accounts};
use stage_domain::Language;
use utoipa::ToSchema;

use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::NewHeaders,
        responses::{Created, RegisterRefusals},
        text,
    },
    extract::{Ask, ClientAddress, Json, OwnOrigin},
    problem::Problem,
};

/// What a person registers with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Register)]
pub(crate) struct Register {
    #[schema(schema_with = text::person)]
    first_name: String,
    #[schema(schema_with = text::person)]
    last_name: String,
    #[schema(schema_with = text::email)]
    email: String,
    #[schema(schema_with = text::phone, required = false)]
    #[serde(default)]
    phone: Option<String>,
    #[schema(schema_with = text::new_password)]
    #[serde(deserialize_with = "super::secret")]
    password: SecretString,
    #[serde(default)]
    language: LanguageCode,
}

/// The language that a person is addressed in.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Language, default = "en")]
pub(crate) enum LanguageCode {
    De,
    #[default]
    En,
}

impl From<LanguageCode> for Language {
    fn from(code: LanguageCode) -> Self {
        match code {
            LanguageCode::De => Self::De,
            LanguageCode::En => Self::En,
        }
    }
}

impl From<Language> for LanguageCode {
    fn from(language: Language) -> Self {
        match language {
            Language::De => Self::De,
            Language::En => Self::En,
        }
    }
}

/// Register
///
/// Creates an account. Log in with `POST /api/v1/session` next.
#[utoipa::path(
    post, path = "/api/v1/accounts", operation_id = "register", tag = "accounts",
    params(NewHeaders), request_body = Register, responses(Created, RegisterRefusals),
)]
pub(crate) async fn register(
    State(app): State<Shared>,
    _: OwnOrigin,
    ClientAddress(client): ClientAddress,
    ask: Ask<Json<Register>>,
) -> Result<Response, Problem> {
    app.limits.registration.check(client)?;
    let Json(Register { first_name, last_name, email, phone, password, language }) = ask.payload;
    let register =
        accounts::Register { first_name, last_name, email, phone, password, language: language.into() };
    let done = app.commands.register(register, Request { expected: None, ..ask.request }).await?;
    Ok(Receipt::created(done, "/api/v1/account".to_owned()))
}
