use axum::{
    Json,
    extract::{FromRequestParts, RawPathParams, State},
    http::request::Parts,
};
use serde::Serialize;
use serde_json::Value;
use stage_commands::{
    Missing,
    audit::{Sight, StreamQuestion},
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    events::known,
    params::{Part, StreamParams, moment},
    view::AuditEvent,
};
use crate::{
    app::Shared,
    clock,
    contract::{check::is_uuid, responses::AuditReadRefusals},
    extract::{Auditor, Query},
    problem::{Kind, Problem},
};

/// A stream as it was at a moment.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditStream {
    stream_type: String,
    stream_id: Uuid,
    /// The sequence of its last event then.
    #[schema(minimum = 1)]
    version: u64,
    /// What the aggregate was then, as its next decision would have known it; null for a type that this program does
    /// not know. A personal value that is not shown is marked `sealed` or `erased`.
    #[schema(value_type = Option<Object>)]
    state: Option<Value>,
    /// What had happened to it, the oldest first.
    events: Vec<AuditEvent>,
    /// How far the log is safe to read now. What is asked about a position up to here has its final answer.
    #[schema(minimum = 0)]
    mark: i64,
    /// The address of further events up to the same moment; null at the end.
    #[schema(format = Uri)]
    next: Option<String>,
}

/// Read a stream as it was at a moment
///
/// Its events up to then, and the state that they lead to.
#[utoipa::path(
    get, path = "/v1/audit/streams/{type}/{id}", operation_id = "read_stream", tag = "audit",
    security(("auditor" = [])),
    params(
        ("type" = String, Path, description = "`account`, `stage`, `source`, `post`, `access`, …", pattern = "^[a-z_]{1,40}$"),
        ("id" = Uuid, Path, description = "Which of them"),
        StreamParams,
    ),
    responses((status = 200, description = "The stream", body = AuditStream), AuditReadRefusals),
)]
pub(crate) async fn stream(
    State(app): State<Shared>,
    Auditor(auditor): Auditor,
    Stream { stream_type, id }: Stream,
    query: Query,
) -> Result<Json<AuditStream>, Problem> {
    query.only(&["at", "after", "limit", "personal"])?;
    let (part, at) = (Part::read(&query)?, moment(&query)?);
    let sight = Sight::of(auditor, part.personal)?;
    let (after, limit) = (part.after.cast_unsigned(), part.limit as usize);
    let question = StreamQuestion { stream_type, id, at, after, limit };
    let known = known(&app).await?;
    let found = app.commands.audit.stream(sight, &question, known, clock::now()).await?;
    let last = found.events.last().map(|event| event.sequence).filter(|last| *last < found.version);
    let next = part.next(found.events.len(), last.map(u64::cast_signed)).map(|next| {
        let at = query.text("at", 100).ok().flatten();
        let at =
            at.map(|at| url::form_urlencoded::Serializer::new(String::new()).append_pair("at", at).finish());
        let at = at.map(|at| format!("&{at}")).unwrap_or_default();
        app.settings.public("/v1/audit/streams/", &format!("{}/{id}?{next}{at}", question.stream_type))
    });
    Ok(Json(AuditStream {
        stream_type: question.stream_type,
        stream_id: id,
        version: found.version,
        state: found.state,
        events: found.events.into_iter().map(AuditEvent::from).collect(),
        mark: found.mark,
        next,
    }))
}

/// The stream in the path. What cannot be a type is no stream.
pub(crate) struct Stream {
    stream_type: String,
    id: Uuid,
}

impl<S: Send + Sync> FromRequestParts<S> for Stream {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| Problem::new(Kind::Malformed))?;
        let of = |name: &str| params.iter().find(|(key, _)| *key == name).map(|(_, value)| value);
        let stream_type = of("type").filter(|text| {
            (1..=40).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        });
        let stream_type = stream_type.ok_or_else(|| Problem::missing(Missing::Stream))?.to_owned();
        let id = of("id").filter(|text| is_uuid(text)).and_then(|text| Uuid::try_parse(text).ok());
        let id = id.ok_or_else(|| Problem::field(Kind::Validation, "id", "not_a_uuid", "must be a UUID"))?;
        Ok(Self { stream_type, id })
    }
}
