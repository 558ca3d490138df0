use chrono::{DateTime, Utc};
use stage_domain::{
    AccountId, SourceId, StageId,
    source::{Failure, Network},
    stage::Role,
    topics::Topic,
};

use crate::views::Counts;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageView {
    pub id: StageId,
    /// Who created it; who owns it now, its team says.
    pub owner: AccountId,
    pub name: String,
    pub handle: String,
    pub created_at: DateTime<Utc>,
    pub version: u64,
    /// How often it was viewed.
    pub views: Counts,
    /// In the order in which they were defined.
    pub topics: Vec<Topic>,
    /// In the order in which they were linked; unlinked ones are gone.
    pub sources: Vec<SourceView>,
}

/// A member of a stage's team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberView {
    pub account: AccountId,
    pub role: Role,
    pub since: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceView {
    pub id: SourceId,
    pub network: Network,
    pub address: String,
    /// The feed's own title, once it was imported.
    pub title: Option<String>,
    pub interval_minutes: u32,
    pub paused: bool,
    pub linked_at: DateTime<Utc>,
    /// When an import last changed something.
    pub last_import_at: Option<DateTime<Utc>>,
    /// Posts ever imported from it.
    pub imported: u64,
    /// Why it brings nothing, and since when.
    pub failing: Option<(Failure, DateTime<Utc>)>,
    pub version: u64,
}
