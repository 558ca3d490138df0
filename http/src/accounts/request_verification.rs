use axum::{extract::State, response::Response};

use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::WriteHeaders,
        responses::{Accepted, MailRefusals},
    },
    extract::{Ask, ClientAddress, Nothing, Session},
    problem::Problem,
};

/// Ask for the verification mail again
///
/// Sends the mail with the link to the account's address once more, at most once a minute. Does nothing when the
/// address is verified.
#[utoipa::path(
    post, path = "/api/v1/account/verification", operation_id = "request_verification", tag = "accounts",
    security(("session" = [], "xsrf" = [])),
    params(WriteHeaders), responses(Accepted, MailRefusals),
)]
pub(crate) async fn request_verification(
    State(app): State<Shared>,
    session: Session,
    ClientAddress(client): ClientAddress,
    ask: Ask<Nothing>,
) -> Result<Response, Problem> {
    app.limits.mail.check(client)?;
    let done = app.commands.request_verification(session.actor, ask.request).await?;
    Ok(Receipt::accepted(done))
}
