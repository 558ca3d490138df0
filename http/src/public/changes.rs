use axum::{extract::State, response::Response};
use serde::Serialize;
use stage_commands::Missing;
use stage_projections::feed::{Known, PostChange, PostState};
use utoipa::{
    IntoParams, ToSchema,
    openapi::path::{Parameter, ParameterIn},
};
use uuid::Uuid;

use crate::{
    HttpSettings,
    answer::{Reader, json},
    app::{Inner, Shared},
    contract::{
        params::{ConditionHeaders, WaitParams, optional},
        responses::{NotModified, PublicRefusals},
    },
    extract::{Handle, Query, Waited},
    kept::{Draft, Of},
    posts::{
        filter::{self, LONGEST_CURSOR},
        view::Post,
    },
    problem::Problem,
};

/// Changes on a page where nothing is said, and the most.
const USUAL: u32 = 50;
const MOST: u32 = 100;

/// What became of a stage's posts.
#[derive(Serialize, ToSchema)]
pub(crate) struct Changes {
    /// The stage's handle.
    stage: String,
    /// In the order in which it happened; each post once, as it is now.
    changes: Vec<Change>,
    /// What to send as `since` next, also when nothing changed.
    cursor: String,
    /// Whether there is more already.
    more: bool,
    /// The address of what comes next.
    #[schema(format = Uri)]
    next: String,
}

/// What became of a post.
#[derive(Serialize, ToSchema)]
#[schema(as = PostChange)]
pub(crate) struct Change {
    id: Uuid,
    state: ChangedTo,
    /// The post as it is now; null unless it is visible.
    post: Option<Post>,
}

/// Whether a post is shown.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChangedTo {
    /// New, revised or shown again.
    Visible,
    /// Not to be shown, perhaps for a while.
    Hidden,
    /// Gone for good.
    Withdrawn,
}

impl Change {
    pub(crate) fn new(change: PostChange, settings: &HttpSettings) -> Self {
        let (state, post) = match change.state {
            PostState::Visible(post) => (ChangedTo::Visible, Some(Post::new(*post, settings))),
            PostState::Hidden => (ChangedTo::Hidden, None),
            PostState::Withdrawn => (ChangedTo::Withdrawn, None),
        };
        Self { id: change.id.0, state, post }
    }
}

/// The parameters of a page of changes.
pub(crate) struct ChangesParams;

impl IntoParams for ChangesParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let since =
            "What was read before: `cursor` of the page before. Without it, everything from the beginning";
        vec![
            optional("since", ParameterIn::Query, since, filter::cursor()),
            optional("limit", ParameterIn::Query, "Changes on a page", filter::limit(USUAL, MOST)),
        ]
    }
}

/// Read what changed
///
/// For mirrors: whoever keeps posts by their id, and applies page after page, holds what the stage shows. Hidden and
/// withdrawn posts are told too. When the stage's topics change, all posts are told anew. Counts no view.
#[utoipa::path(
    get, path = "/v1/stages/{handle}/changes", operation_id = "list_changes", tag = "public",
    params(("handle" = String, Path, description = "The stage's handle"), ChangesParams, WaitParams, ConditionHeaders),
    responses(
        (status = 200, description = "A page, in the order in which it happened", body = Changes,
            headers(
                ("ETag" = String, description = "Of these very bytes"),
                ("Cache-Control" = String),
                ("Link" = String, description = "What comes next, as `rel=\"next\"`"),
            )),
        NotModified,
        PublicRefusals,
    ),
)]
pub(crate) async fn changes(
    State(app): State<Shared>,
    Handle(handle): Handle,
    query: Query,
    waited: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    query.only(&["since", "limit"])?;
    let since = query
        .text("since", LONGEST_CURSOR)?
        .map(|since| since.parse().map_err(|_| Problem::unknown_cursor("since")));
    let since = since.transpose()?;
    let limit = query.number("limit", 1, MOST)?.unwrap_or(USUAL);
    app.pages.answer(&app, &reader, waited, async || render(&app, &handle, since, limit).await).await
}

async fn render(app: &Inner, handle: &str, since: Option<Known>, limit: u32) -> Result<Draft, Problem> {
    let stage = app.reads.stage_by_handle(handle).await?.ok_or_else(|| Problem::missing(Missing::Stage))?;
    let page = app.reads.changes(stage.id, since, limit).await?;
    let cursor = page.cursor.to_string();
    let path = format!("{handle}/changes?limit={limit}&since={cursor}");
    let next = app.settings.public("/v1/stages/", &path);
    let link = Some(format!("<{next}>; rel=\"next\""));
    let changes = page.changes.into_iter().map(|change| Change::new(change, &app.settings)).collect();
    let changes = Changes { stage: stage.handle, changes, cursor, more: page.more, next };
    Ok(Draft { link, ..json(&changes, Of::Stage(stage.id), vec![])? })
}
