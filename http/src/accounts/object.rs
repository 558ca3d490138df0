use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use stage_domain::account::Purpose;
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

/// What data is used for beyond running the account.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Purpose)]
pub(crate) enum PurposeName {
    /// Telling the operator's recipients, such as a Slack channel, who registered.
    Recipients,
}

impl From<PurposeName> for Purpose {
    fn from(name: PurposeName) -> Self {
        match name {
            PurposeName::Recipients => Self::Recipients,
        }
    }
}

impl From<Purpose> for PurposeName {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Recipients => Self::Recipients,
        }
    }
}

/// What I object to, or do not object to any more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Objection {
    purpose: PurposeName,
    objects: bool,
}

/// Object to a purpose
///
/// The right to object (Art. 21 GDPR) and to withdraw (Art. 7 GDPR). It counts at once.
#[utoipa::path(
    post, path = "/api/v1/account/objection", operation_id = "object", tag = "accounts",
    security(("session" = [], "xsrf" = [])),
    params(WriteHeaders), request_body = Objection, responses(Changed, WriteRefusals),
)]
pub(crate) async fn object(
    State(app): State<Shared>,
    session: Session,
    ask: Ask<Json<Objection>>,
) -> Result<Response, Problem> {
    let Json(Objection { purpose, objects }) = ask.payload;
    let account = session.actor.account;
    let done = app.commands.object(account, purpose.into(), objects, ask.request).await?;
    Ok(Receipt::changed(done))
}
