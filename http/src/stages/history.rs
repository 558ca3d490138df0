use axum::{Json, extract::State, http::HeaderMap};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use stage_commands::UseCase;
use stage_domain::Language;
use stage_projections::history::HistoryEntry;
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        Type,
        path::{Parameter, ParameterIn},
        schema::ObjectBuilder,
    },
};
use uuid::Uuid;

use crate::{
    app::Shared,
    contract::{
        params::{WaitParams, optional},
        responses::TeamRefusals,
    },
    edge,
    extract::{Ids, Query, Session, Waited},
    problem::Problem,
    texts,
};

const USUAL: u32 = 50;
const MOST: u32 = 200;

/// What happened to a stage, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct StageHistory {
    entries: Vec<StageHistoryEntry>,
    /// The address of the next, older page; null at the end.
    #[schema(format = Uri)]
    next: Option<String>,
}

/// Something that happened to a stage, to one of its sources or, by hand, to one of its posts.
#[derive(Serialize, ToSchema)]
pub(crate) struct StageHistoryEntry {
    /// Where in the log it stands.
    #[schema(minimum = 1)]
    position: i64,
    at: DateTime<Utc>,
    /// What happened, for programs.
    #[schema(pattern = "^[a-z_]+$")]
    kind: String,
    /// The same in the reader's language.
    text: String,
    /// Who did it; null where the program did it by itself, as an import.
    by: Option<StageHistoryWho>,
    about: StageHistorySubject,
    /// What is known about it by name, such as `name`, `handle` or `imported`.
    #[schema(value_type = Object)]
    detail: Value,
}

/// Somebody who did something to a stage.
#[derive(Serialize, ToSchema)]
pub(crate) struct StageHistoryWho {
    account_id: Uuid,
    /// Absent once the person is erased, and while their data is restricted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
}

/// What something was done to.
#[derive(Serialize, ToSchema)]
pub(crate) struct StageHistorySubject {
    /// `stage`, `source` or `post`.
    #[serde(rename = "type")]
    kind: String,
    id: Uuid,
}

impl StageHistoryEntry {
    fn new(entry: HistoryEntry, language: Language) -> Self {
        Self {
            position: entry.position,
            at: entry.at,
            text: texts::history(&entry.kind, language).to_owned(),
            kind: entry.kind,
            by: entry.by.map(|who| StageHistoryWho { account_id: who.account.0, name: who.name }),
            about: StageHistorySubject { kind: entry.stream_type, id: entry.stream_id },
            detail: entry.detail,
        }
    }
}

/// The parameters of a history.
pub(crate) struct HistoryParams;

impl IntoParams for HistoryParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let number = || ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1_i64));
        let limit = number().maximum(Some(MOST)).default(Some(USUAL.into())).build();
        let cursor = number().maximum(Some(i64::MAX)).build();
        vec![
            optional("limit", ParameterIn::Query, "Entries on a page", limit),
            optional(
                "cursor",
                ParameterIn::Query,
                "Where the page begins, as `next` of the page before says",
                cursor,
            ),
        ]
    }
}

/// Read the history of a stage: who did what, when
///
/// Its own changes, those of its sources and their imports, and the moderation of its posts.
#[utoipa::path(
    get, path = "/api/v1/stages/{id}/history", operation_id = "read_stage_history", tag = "stages",
    security(("session" = [])),
    params(("id" = Uuid, Path, description = "The stage"), HistoryParams, WaitParams),
    responses((status = 200, description = "A page, the newest first", body = StageHistory), TeamRefusals),
)]
pub(crate) async fn history(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<1>,
    query: Query,
    headers: HeaderMap,
    _: Waited,
) -> Result<Json<StageHistory>, Problem> {
    let Ids([id]) = ids;
    query.only(&["limit", "cursor"])?;
    let limit = query.number("limit", 1, MOST)?.unwrap_or(USUAL);
    let before = query.number("cursor", 1, i64::MAX)?;
    app.commands.may(session.actor, id.into(), UseCase::ReadHistory).await?;
    let page = app.reads.history(id.into(), before, limit).await?;
    let language = edge::of_request(&headers, "/api/v1/stages");
    let address = |before| {
        app.settings.public("/api/v1/stages/", &format!("{id}/history?limit={limit}&cursor={before}"))
    };
    Ok(Json(StageHistory {
        entries: page.entries.into_iter().map(|entry| StageHistoryEntry::new(entry, language)).collect(),
        next: page.next.map(address),
    }))
}
