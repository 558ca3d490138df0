//! What a poll brought becomes events: its posts, the source's cursor and the next poll in one transaction.

use std::{collections::HashSet, sync::Arc, time::Duration};

use stage_domain::{
    Decide, PostId, SourceId,
    post::{Post, PostCommand, PostContent, PostEvent},
    source::{Cursor, Failure, Source, SourceCommand},
    stage::Stage,
};
use stage_store::{Act, Batch, Loaded};

use super::schedule::{End, Outcome, Polled};
use crate::{CommandError, Commands, Missing, Time};

/// How often an import is decided anew when somebody changes the same posts meanwhile.
const TRIES: usize = 5;

/// What a poll brought.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub title: Option<String>,
    pub cursor: Cursor,
    /// How long the document says that it stays as it is; the next poll waits at least so long, up to a day.
    pub wait: Option<Duration>,
    /// The network's own id for each post, and what it says. Of two with one id the first counts.
    pub posts: Vec<(String, PostContent)>,
}

/// What an import changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub imported: u32,
    pub revised: u32,
    /// Events appended; 0 when nothing changed.
    pub events: usize,
    pub position: i64,
}

impl Commands {
    /// A poll brought a document. Importing what is already there appends nothing.
    pub async fn import(
        &self,
        source: SourceId,
        fetched: Fetched,
        now: Time,
    ) -> Result<Imported, CommandError> {
        for _ in 0..TRIES {
            match self.try_import(source, &fetched, now).await {
                Err(CommandError::Busy) => {}
                other => return other,
            }
        }
        Err(CommandError::Busy)
    }

    async fn try_import(&self, id: SourceId, fetched: &Fetched, now: Time) -> Result<Imported, CommandError> {
        let source = self.linked(id).await?;
        let mut imported = Imported::default();
        let mut batch = Batch::default();
        self.add_posts(id, &source, fetched, now, &mut imported, &mut batch).await?;
        let events = source.aggregate.decide(SourceCommand::RecordImport {
            cursor: fetched.cursor.clone(),
            title: fetched.title.clone(),
            imported: imported.imported,
            revised: imported.revised,
            at: now,
        })?;
        imported.events += events.len();
        batch.add::<Source>(id.0, source.version, &events)?;

        let polled = Polled { source: id, outcome: Outcome::Answered(fetched.wait), at: now };
        let act = Act { also: vec![Arc::new(polled)], ..Act::default() };
        imported.position = self.log.append(batch, act).await?.position;
        Ok(imported)
    }

    /// Decides for each post whether it is new, revised or neither.
    async fn add_posts(
        &self,
        id: SourceId,
        source: &Loaded<Source>,
        fetched: &Fetched,
        now: Time,
        imported: &mut Imported,
        batch: &mut Batch,
    ) -> Result<(), CommandError> {
        let mut seen = HashSet::new();
        let posts: Vec<_> = fetched
            .posts
            .iter()
            .map(|(network_id, content)| (PostId::of(id, network_id), network_id, content))
            .filter(|(post, ..)| seen.insert(*post))
            .collect();
        let ids: Vec<_> = posts.iter().map(|(post, ..)| post.0).collect();
        let known = self.log.load_many::<Post>(&ids).await?;
        let stage_id = source.aggregate.stage_id.ok_or(CommandError::NotFound(Missing::Source))?;
        for ((post, network_id, content), known) in posts.into_iter().zip(known) {
            let events = known.aggregate.decide(PostCommand::Import {
                stage_id,
                source_id: id,
                network: source.aggregate.network,
                network_id: network_id.clone(),
                content: Box::new(content.clone()),
                at: now,
            })?;
            match events.first() {
                Some(PostEvent::PostImported { .. }) => imported.imported += 1,
                Some(_) => imported.revised += 1,
                None => continue,
            }
            imported.events += events.len();
            batch.add::<Post>(post.0, known.version, &events)?;
        }
        Ok(())
    }

    /// The source, when it is still linked to a stage that is still open. Else it is not polled again: a stage that
    /// was closed while somebody linked a source to it has left a schedule behind.
    async fn linked(&self, id: SourceId) -> Result<Loaded<Source>, CommandError> {
        let source = self.log.load::<Source>(id.0).await?;
        let open = match source.aggregate.stage_id.filter(|_| source.aggregate.is_linked()) {
            Some(stage) => self.log.load::<Stage>(stage.0).await?.aggregate.is_open(),
            None => false,
        };
        if open {
            return Ok(source);
        }
        End { source: id }.write_now(&mut *self.log.pool().acquire().await?).await?;
        Err(CommandError::NotFound(Missing::Source))
    }

    /// A poll found nothing new (304).
    pub async fn not_modified(&self, source: SourceId, now: Time) -> Result<(), CommandError> {
        let loaded = self.linked(source).await?;
        if loaded.aggregate.failing.is_some() {
            // The source answers again: that is an event, though nothing was imported.
            let Source { title, cursor, .. } = loaded.aggregate;
            let fetched = Fetched { title, cursor, wait: None, posts: vec![] };
            return self.import(source, fetched, now).await.map(drop);
        }
        let mut connection = self.log.pool().acquire().await?;
        let polled = Polled { source, outcome: Outcome::Answered(None), at: now };
        Ok(polled.write_now(&mut connection).await?)
    }

    /// A poll failed. The next one waits longer each time, at least `retry_after`, at most a day.
    pub async fn poll_failed(
        &self,
        source: SourceId,
        failure: Failure,
        retry_after: Option<Duration>,
        now: Time,
    ) -> Result<(), CommandError> {
        self.linked(source).await?;
        let polled = Polled { source, outcome: Outcome::Failed(retry_after), at: now };
        let act = Act { also: vec![Arc::new(polled)], ..Act::default() };
        let command = SourceCommand::RecordFailure { failure, at: now };
        self.log.execute::<Source>(source.0, command, act).await.map(drop).map_err(CommandError::from)
    }
}
