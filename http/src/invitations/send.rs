use axum::{extract::State, response::Response};
use serde::Deserialize;
use stage_commands::members::Invite;
use utoipa::ToSchema;

use crate::{
    accounts::register::LanguageCode,
    answer::Receipt,
    app::Shared,
    contract::{
        params::WriteHeaders,
        responses::{Created, TeamWriteRefusals},
        text,
    },
    extract::{Ask, Ids, Json, Session},
    members::role::RoleName,
    problem::Problem,
};

/// Whom to invite, and as what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendInvitation {
    #[schema(schema_with = text::email)]
    email: String,
    role: RoleName,
    /// The language of the mail.
    #[serde(default)]
    language: LanguageCode,
}

/// Invite somebody to a stage's team
///
/// For owners. The mail's link counts once, for seven days, and for whoever has it. Until then the address is kept
/// sealed; then it is forgotten. A stage has at most 100 members and open invitations, and invites at most 50 people
/// a day.
#[utoipa::path(
    post, path = "/api/v1/stages/{id}/invitations", operation_id = "send_invitation", tag = "team",
    security(("session" = [], "xsrf" = [])),
    params(("id" = Uuid, Path, description = "The stage"), WriteHeaders),
    request_body = SendInvitation, responses(Created, TeamWriteRefusals),
)]
pub(crate) async fn send(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<1>,
    ask: Ask<Json<SendInvitation>>,
) -> Result<Response, Problem> {
    let Ids([stage]) = ids;
    let Json(SendInvitation { email, role, language }) = ask.payload;
    let invite = Invite { email, role: role.into(), language: language.into() };
    let done = app.commands.invite(session.actor, stage.into(), invite, ask.request).await?;
    Ok(Receipt::created(done, format!("/api/v1/stages/{stage}/invitations/{}", done.id)))
}
