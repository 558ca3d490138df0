use axum::{extract::State, response::Response};

use crate::{
    answer::{Reader, etag},
    app::Shared,
    contract::{
        params::ConditionHeaders,
        responses::{NotModified, PublicRefusals},
    },
    extract::Ids,
    media::file::Picture,
    problem::Problem,
};

/// A file never changes, so that whoever has it need not ask again.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// Read an uploaded picture
#[utoipa::path(
    get, path = "/v1/media/{id}", operation_id = "read_media", tag = "public",
    params(("id" = Uuid, Path, description = "The file"), ConditionHeaders),
    responses(
        (status = 200, description = "The picture", content(
            (Picture = "image/png"), (Picture = "image/jpeg"), (Picture = "image/gif"), (Picture = "image/webp"),
        ), headers(("ETag" = String, description = "Of these very bytes"), ("Cache-Control" = String))),
        NotModified,
        PublicRefusals,
    ),
)]
pub(crate) async fn media(
    State(app): State<Shared>,
    ids: Ids<1>,
    reader: Reader,
) -> Result<Response, Problem> {
    let Ids([id]) = ids;
    let file = app.commands.media(id.into()).await?;
    let etag = etag(&file.bytes);
    Ok(reader.bytes(file.bytes, &file.content_type, &etag, FOREVER))
}
