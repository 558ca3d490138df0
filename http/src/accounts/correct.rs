use axum::{extract::State, response::Response};
use serde::Deserialize;
use stage_commands::accounts::Correct;
use stage_domain::Language;
use utoipa::ToSchema;

use super::register::LanguageCode;
use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::WriteHeaders,
        responses::{Changed, WriteRefusals},
        text,
    },
    extract::{Ask, Json, Session},
    problem::Problem,
    session::cookies,
};

/// What is right about a person. What is absent or null stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CorrectAccount {
    #[schema(schema_with = text::person_or_null, required = false)]
    #[serde(default)]
    first_name: Option<String>,
    #[schema(schema_with = text::person_or_null, required = false)]
    #[serde(default)]
    last_name: Option<String>,
    #[schema(schema_with = text::email_or_null, required = false)]
    #[serde(default)]
    email: Option<String>,
    /// Empty for no telephone number any more.
    #[schema(schema_with = text::phone, required = false)]
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    language: Option<LanguageCode>,
}

/// Correct what is known about me
///
/// The right to rectification (Art. 16 GDPR).
#[utoipa::path(
    patch, path = "/api/v1/account", operation_id = "correct_account", tag = "accounts",
    security(("session" = [], "xsrf" = [])),
    params(WriteHeaders), request_body = CorrectAccount, responses(Changed, WriteRefusals),
)]
pub(crate) async fn correct(
    State(app): State<Shared>,
    session: Session,
    ask: Ask<Json<CorrectAccount>>,
) -> Result<Response, Problem> {
    let Json(CorrectAccount { first_name, last_name, email, phone, language }) = ask.payload;
    let language = language.map(Language::from);
    let correct = Correct { first_name, last_name, email, phone, language };
    let done = app.commands.correct_account(session.actor.account, correct, ask.request).await?;
    let mut response = Receipt::changed(done);
    if let Some(language) = language {
        // What is answered from now on is in it too, and not only after the next log-in.
        cookies::language(response.headers_mut(), app.settings.secure_cookies, language);
    }
    Ok(response)
}
