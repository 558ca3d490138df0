//! What readers see, asked once and remembered until something is heard of its stage: views come twenty at a time, and
//! must not cost a query each.

use std::{collections::HashMap, sync::Arc};

use moka::sync::Cache;
use stage_domain::{PostId, StageId};
use stage_projections::Reads;

use super::watch::{Mark, Watch};
use crate::problem::Problem;

/// How many posts, and how many stages, are remembered.
const MOST: u64 = 100_000;

pub(crate) struct Visible {
    posts: Cache<PostId, Answer>,
    stages: Cache<String, (StageId, Answer)>,
    watch: Arc<Watch>,
}

/// It was seen, and is until something newer is heard of `mark`.
#[derive(Clone)]
struct Answer {
    mark: Mark,
    since: u64,
}

impl Visible {
    pub(crate) fn new(watch: Arc<Watch>) -> Self {
        Self { posts: Cache::new(MOST), stages: Cache::new(MOST), watch }
    }

    /// Those of these posts that readers see now, as often as they are named.
    pub(crate) async fn posts(&self, reads: &Reads, mut ids: Vec<PostId>) -> Result<Vec<PostId>, Problem> {
        if ids.is_empty() {
            return Ok(ids);
        }
        self.watch.awake().await?;
        let known = |id: &PostId| self.posts.get(id).is_some_and(|answer| self.is_right(&answer));
        let mut asked: Vec<PostId> = ids.iter().filter(|id| !known(id)).copied().collect();
        if asked.is_empty() {
            return Ok(ids);
        }
        let since = self.watch.heard();
        let seen: HashMap<PostId, StageId> = reads.visible_posts(&asked).await?.into_iter().collect();
        for (id, stage) in &seen {
            self.posts.insert(*id, self.answer(*stage, since));
        }
        asked.retain(|id| !seen.contains_key(id));
        ids.retain(|id| !asked.contains(id));
        Ok(ids)
    }

    /// The same for stages by their handles.
    pub(crate) async fn stages(&self, reads: &Reads, handles: &[String]) -> Result<Vec<StageId>, Problem> {
        if handles.is_empty() {
            return Ok(vec![]);
        }
        self.watch.awake().await?;
        let known = |handle: &String| self.stages.get(handle).filter(|(_, answer)| self.is_right(answer));
        let mut seen: HashMap<&String, StageId> =
            handles.iter().filter_map(|handle| known(handle).map(|(id, _)| (handle, id))).collect();
        let asked: Vec<String> =
            handles.iter().filter(|handle| !seen.contains_key(handle)).cloned().collect();
        let since = self.watch.heard();
        let found = if asked.is_empty() { vec![] } else { reads.open_stages(&asked).await? };
        for (handle, id) in &found {
            self.stages.insert(handle.clone(), (*id, self.answer(*id, since)));
        }
        seen.extend(found.iter().map(|(handle, id)| (handle, *id)));
        Ok(handles.iter().filter_map(|handle| seen.get(handle).copied()).collect())
    }

    fn answer(&self, stage: StageId, since: u64) -> Answer {
        Answer { mark: self.watch.mark(Some(stage)), since }
    }

    fn is_right(&self, answer: &Answer) -> bool {
        self.watch.is_right(&answer.mark, answer.since)
    }
}
