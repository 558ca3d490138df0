//! A stage as the dashboard shows it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use stage_commands::sources::Schedule;
use stage_domain::{SourceId, stage::Role};
use stage_projections::{
    stages::{SourceView, StageView},
    views::{Counts, Viewed},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    app::Inner,
    members::role::RoleName,
    problem::Problem,
    sources::view::Source,
    topics::body::{TopicRules, TopicWithRules},
};

/// A stage.
#[derive(Serialize, ToSchema)]
pub(crate) struct Stage {
    id: Uuid,
    name: String,
    handle: String,
    /// What the one who asks may do with it.
    role: RoleName,
    /// Where everybody reads it.
    #[schema(format = Uri)]
    url: String,
    created_at: DateTime<Utc>,
    /// In the order in which they were defined.
    topics: Vec<TopicWithRules>,
    /// In the order in which they were linked.
    sources: Vec<Source>,
    /// How often it was viewed, without known bots.
    #[schema(minimum = 0)]
    views: u64,
    /// How often bots viewed it that say so themselves.
    #[schema(minimum = 0)]
    bot_views: u64,
    /// The next `If-Match` for the stage and its topics.
    #[schema(minimum = 0)]
    version: u64,
}

/// These stages with how their sources are and how often each was viewed, for one question each.
pub(crate) async fn stages(app: &Inner, views: Vec<(StageView, Role)>) -> Result<Vec<Stage>, Problem> {
    let sources: Vec<SourceId> =
        views.iter().flat_map(|(view, _)| &view.sources).map(|source| source.id).collect();
    let of: Vec<Viewed> = views.iter().map(|(view, _)| Viewed::Stage(view.id)).collect();
    let schedules = app.commands.schedules(&sources).await?;
    let schedules: HashMap<SourceId, Schedule> = schedules.into_iter().map(|s| (s.source, s)).collect();
    let counts = app.reads.views(&of).await?;
    let stage = |((view, role), counts): ((StageView, Role), Counts)| Stage {
        url: app.settings.public("/v1/stages/", &view.handle),
        id: view.id.0,
        name: view.name,
        handle: view.handle,
        role: role.into(),
        created_at: view.created_at,
        topics: view
            .topics
            .into_iter()
            .map(|topic| TopicWithRules {
                id: topic.id.0,
                name: topic.name,
                include: TopicRules::of(topic.rules.include),
                exclude: TopicRules::of(topic.rules.exclude),
            })
            .collect(),
        sources: view.sources.into_iter().map(|source| with_schedule(source, &schedules)).collect(),
        views: counts.views,
        bot_views: counts.bots,
        version: view.version,
    };
    Ok(views.into_iter().zip(counts).map(stage).collect())
}

fn with_schedule(source: SourceView, schedules: &HashMap<SourceId, Schedule>) -> Source {
    let schedule = schedules.get(&source.id);
    Source::new(source, schedule)
}
