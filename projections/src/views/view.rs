use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use stage_domain::{PostId, StageId};
use uuid::Uuid;

/// What was viewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Viewed {
    Post(PostId),
    Stage(StageId),
}

impl Viewed {
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Post(_) => "post",
            Self::Stage(_) => "stage",
        }
    }

    pub(super) fn id(self) -> Uuid {
        match self {
            Self::Post(id) => id.0,
            Self::Stage(id) => id.0,
        }
    }
}

/// Who looked, as far as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Viewer {
    /// Nobody who is known to be a bot.
    Person,
    /// A bot that says so itself.
    Bot,
}

/// How often something was viewed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Without known bots.
    pub views: u64,
    /// By bots that say so themselves.
    pub bots: u64,
}

impl Counts {
    pub fn add(&mut self, by: Viewer) {
        match by {
            Viewer::Person => self.views += 1,
            Viewer::Bot => self.bots += 1,
        }
    }

    #[must_use]
    pub fn all(self) -> u64 {
        self.views + self.bots
    }
}

/// The counts of one day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCounts {
    pub day: NaiveDate,
    pub counts: Counts,
}

/// A part of a journal, in records: those after the first `after`, up to and including the one numbered `up_to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub after: u64,
    pub up_to: u64,
}

/// The sum of some parts of journals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewBatch {
    /// What is summed here. The counts are refused unless every part begins where that journal's count ends.
    pub journals: BTreeMap<Uuid, Part>,
    pub counts: BTreeMap<(Viewed, NaiveDate), Counts>,
}

impl ViewBatch {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.journals.is_empty()
    }

    /// How many views this adds.
    #[must_use]
    pub fn views(&self) -> u64 {
        self.counts.values().map(|counts| counts.all()).sum()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// Another counter counted some of these records first. Nothing was counted here; read again what is counted.
    #[error("another counter counted these views first")]
    Overtaken,
    /// Whether it was counted is unknown when this happens while committing; read again what is counted.
    #[error("the counts cannot be written now")]
    Unavailable(#[from] sqlx::Error),
}
