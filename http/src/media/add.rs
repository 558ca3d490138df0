use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::file::{File, Picture};
use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::WriteHeaders,
        responses::{Created, TeamWriteRefusals},
    },
    extract::{Ask, Ids, Session},
    problem::Problem,
};

/// A form with a file.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "it only describes the form")]
pub(crate) struct FileForm {
    /// PNG, JPEG, GIF or WebP, at most 10 MiB.
    #[schema(value_type = String, format = Binary, min_length = 1)]
    file: Vec<u8>,
}

/// Upload a picture
///
/// PNG, JPEG, GIF or WebP, at most 10 MiB, as the body itself or as the part `file` of a form. Everybody can read
/// it at the address in `Location`. `version` is the stage's.
#[utoipa::path(
    post, path = "/api/v1/stages/{id}/media", operation_id = "add_media", tag = "media",
    security(("session" = [], "xsrf" = [])),
    params(("id" = Uuid, Path, description = "The stage"), WriteHeaders),
    request_body(content(
        (Picture = "image/png"),
        (Picture = "image/jpeg"),
        (Picture = "image/gif"),
        (Picture = "image/webp"),
        (Picture = "application/octet-stream"),
        (FileForm = "multipart/form-data"),
    )),
    responses(Created, TeamWriteRefusals),
)]
pub(crate) async fn add(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<1>,
    ask: Ask<File>,
) -> Result<Response, Problem> {
    let Ids([stage]) = ids;
    let File(bytes) = ask.payload;
    let done = app.commands.add_media(session.actor, stage.into(), bytes, ask.request).await?;
    Ok(Receipt::created(done, format!("/v1/media/{}", done.id)))
}
