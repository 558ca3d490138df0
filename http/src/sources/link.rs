use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::NetworkName;
use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::NewHeaders,
        responses::{Created, TeamWriteRefusals},
        text,
    },
    extract::{Ask, Ids, Json, Session},
    problem::Problem,
};

/// A source to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkSource {
    network: NetworkName,
    /// Of the feed. Without a scheme, `https://` is meant.
    #[schema(schema_with = text::address)]
    address: String,
    /// Minutes between two polls; 15 where nothing is said.
    #[serde(default)]
    #[schema(schema_with = text::interval, required = false)]
    interval_minutes: Option<u32>,
}

/// Link a source
///
/// It is imported at once, and then again and again. `version` is the source's.
#[utoipa::path(
    post, path = "/api/v1/stages/{id}/sources", operation_id = "link_source", tag = "sources",
    security(("session" = [], "xsrf" = [])),
    params(("id" = Uuid, Path, description = "The stage"), NewHeaders),
    request_body = LinkSource, responses(Created, TeamWriteRefusals),
)]
pub(crate) async fn link(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<1>,
    ask: Ask<Json<LinkSource>>,
) -> Result<Response, Problem> {
    let Ids([stage]) = ids;
    let Json(LinkSource { network, address, interval_minutes }) = ask.payload;
    let commands = &app.commands;
    let done = commands
        .link_source(session.actor, stage.into(), network.into(), &address, interval_minutes, ask.request)
        .await?;
    Ok(Receipt::created(done, format!("/api/v1/stages/{stage}/sources/{}", done.id)))
}
