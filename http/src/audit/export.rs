use axum::{
    body::Body,
    extract::State,
    http::{HeaderName, header},
};
use futures::stream;
use stage_domain::Invalid;
use stage_store::{
    Position,
    proof::{Export, Selection},
};

use super::events;
use crate::{
    app::Shared,
    contract::responses::LogExportRefusals,
    extract::{Auditor, Query},
    problem::Problem,
};

/// Export events
///
/// One a line, as docs/audit.md gives it: enough to recompute leaves and roots. Personal values are sealed.
#[utoipa::path(
    get, path = "/v1/audit/export", operation_id = "export_events", tag = "audit",
    security(("auditor" = [])),
    params(
        ("from" = Option<i64>, Query, description = "The first position", minimum = 1),
        ("to" = Option<i64>, Query, description = "The last position", minimum = 1),
        ("stream" = Option<String>, Query, description = "One stream alone, as TYPE/ID", min_length = 3,
            max_length = 200, pattern = "^[a-z]+/[0-9a-f-]+$"),
        ("type" = Option<String>, Query, description = "Events of this type alone, for instance `PostImported`",
            min_length = 1, max_length = 100, pattern = "^[A-Za-z]+$"),
    ),
    responses(
        (status = 200, description = "The events, in order", content_type = "application/x-ndjson", body = String),
        LogExportRefusals,
    ),
)]
pub(crate) async fn export(
    State(app): State<Shared>,
    _: Auditor,
    query: Query,
) -> Result<([(HeaderName, &'static str); 1], Body), Problem> {
    query.only(&["from", "to", "stream", "type"])?;
    let selection = Selection {
        from: query.number("from", 1, Position::MAX)?,
        to: query.number("to", 1, Position::MAX)?,
        stream: query.text("stream", 200)?.map(of_stream).transpose()?,
        event_type: query.text("type", 100)?.map(of_type).transpose()?,
    };
    let known = events::known(&app).await?;
    let export = Export::begin(app.reads.log.pool().clone(), selection, known).await?;
    let pages = stream::try_unfold(export, |mut export| async move {
        Ok::<_, stage_store::proof::ProofError>(export.next().await?.map(|page| (page, export)))
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(pages)))
}

fn of_type(text: &str) -> Result<String, Problem> {
    match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        true => Ok(text.to_owned()),
        false => {
            Err(Invalid::one("type", "not_an_event_type", "must be a type of event such as PostImported")
                .into())
        }
    }
}

fn of_stream(text: &str) -> Result<(String, String), Problem> {
    let is_id =
        |id: &str| !id.is_empty() && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'));
    let is_type = |kind: &str| !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase());
    match text.split_once('/').filter(|(kind, id)| is_type(kind) && is_id(id)) {
        Some((kind, id)) => Ok((kind.to_owned(), id.to_owned())),
        None => Err(Invalid::one("stream", "not_a_stream", "must be a stream such as stage/<id>").into()),
    }
}
