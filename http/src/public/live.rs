use std::convert::Infallible;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::stream;
use stage_commands::Missing;
use stage_projections::feed::Known;
use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterIn},
};

use crate::{
    answer::Reader,
    app::Shared,
    contract::{params::optional, responses::PublicRefusals},
    extract::{Handle, Query},
    posts::filter,
    problem::Problem,
};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Where a stream goes on.
pub(crate) struct LastEventId;

impl IntoParams for LastEventId {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = "The `id` of the last event that was received: the stream goes on just behind it. What is no id of \
                    ours begins now";
        vec![optional("Last-Event-ID", ParameterIn::Header, text, filter::cursor())]
    }
}

/// Follow a stage
///
/// A stream of server-sent events that does not end. `change` has a post as in `…/changes`; `topics` says that the
/// stage's topics are others, with the stage as its data, so that its posts may belong to others; after `gone` the
/// stage is closed. Each event's `id` goes on as `Last-Event-ID`, which browsers send by themselves. Counts no view.
#[utoipa::path(
    get, path = "/v1/stages/{handle}/live", operation_id = "follow_stage", tag = "public",
    params(("handle" = String, Path, description = "The stage's handle"), LastEventId),
    responses(
        (status = 200, description = "Events", body = String, content_type = "text/event-stream"),
        PublicRefusals,
    ),
)]
pub(crate) async fn live(
    State(app): State<Shared>,
    Handle(handle): Handle,
    query: Query,
    headers: HeaderMap,
    reader: Reader,
) -> Result<Response, Problem> {
    query.only(&[])?;
    let stage = app.reads.stage_by_handle(&handle).await?.ok_or_else(|| Problem::missing(Missing::Stage))?;
    let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()?.parse::<Known>().ok());
    let body = match reader.head {
        // Without a length: an empty body would have one.
        true => Body::from_stream(stream::empty::<Result<Bytes, Infallible>>()),
        false => Body::from_stream(app.live.follow(stage.id, last).await?.stream()),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Some proxies would else collect events.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, body).into_response())
}
