use std::collections::HashSet;

use stage_domain::{
    AccountId, PostId, SessionId, StageId,
    account::Account,
    post::Post,
    source::Source,
    stage::{Role, Stage},
};
use stage_store::{Deed, Loaded};
use uuid::Uuid;

use super::{
    opml::opml,
    shapes::{
        AccountShape, ActShape, Disclosure, EventLine, FORMAT, Manifest, PostShape, PurposeShape,
        SecondFactorShape, SessionShape, StageShape, VERSION,
    },
    writer::{Sender, Writer},
};
use crate::{Actor, CommandError, Commands, Missing, Time, stages::object_key};

/// Streams that are read at once.
pub(super) const PAGE: usize = 100;

/// The ids of everything that belongs to the account, closed and unlinked ones too.
struct Belongings {
    /// Those that the person belongs to or once did, and how they are now.
    joined: Vec<(Uuid, Stage)>,
    /// Those of them that the person owns.
    stages: Vec<Uuid>,
    sources: Vec<Uuid>,
    posts: Vec<Uuid>,
}

impl Commands {
    pub(super) async fn write_archive(
        &self,
        account: AccountId,
        loaded: Loaded<Account>,
        told: &[Disclosure],
        now: Time,
        sender: &Sender,
    ) -> Result<(), CommandError> {
        let mut writer = Writer::new(sender);
        let manifest =
            Manifest { format: FORMAT.to_owned(), version: VERSION, account_id: account, exported_at: now };
        writer.json("stage-export.json", &manifest).await?;
        writer.json("account.json", &AccountShape::of(account, &loaded.aggregate)).await?;
        writer.json("purposes.json", &PurposeShape::all(&loaded.aggregate)).await?;
        writer.json("recipients.json", &told).await?;
        let actor = Actor { account, session: SessionId::default() };
        let sessions = self.sessions(actor, now).await?.into_iter();
        writer.json("sessions.json", &sessions.map(SessionShape::from).collect::<Vec<_>>()).await?;
        let factor = SecondFactorShape::from(self.second_factor(actor).await?);
        writer.json("second-factor.json", &factor).await?;

        let all = self.belongings(account).await?;
        let memberships = self.memberships(account, &all.joined).await?;
        writer.json("memberships.json", &memberships).await?;
        for (id, stage) in &all.joined {
            if stage.is_open() && is_of(account, stage) {
                self.write_stage(&mut writer, StageId(*id), stage, &all).await?;
            }
        }
        writer.begin("acts.ndjson")?;
        for deed in self.deeds_elsewhere(account, &all).await? {
            writer.line(&ActShape::from(deed)).await?;
        }
        writer.begin("events.ndjson")?;
        self.write_events(&mut writer, "account", &[account.0]).await?;
        self.write_events(&mut writer, "access", &[account.0]).await?;
        self.write_events(&mut writer, "stage", &all.stages).await?;
        self.write_events(&mut writer, "source", &all.sources).await?;
        self.write_events(&mut writer, "post", &all.posts).await?;
        // Who was erased meanwhile can't be read any more from then on: what there is is no whole archive.
        match self.log.load::<Account>(account.0).await?.aggregate.is_open() {
            true => writer.finish().await,
            false => Err(CommandError::NotFound(Missing::Account)),
        }
    }

    async fn belongings(&self, account: AccountId) -> Result<Belongings, CommandError> {
        let joined = self.log.stages_joined_by(account.0).await?;
        let loaded = self.log.load_many::<Stage>(&joined).await?.into_iter().map(|loaded| loaded.aggregate);
        let joined: Vec<_> = joined.into_iter().zip(loaded).collect();
        let stages =
            joined.iter().filter(|(_, stage)| is_of(account, stage)).map(|(id, _)| *id).collect::<Vec<_>>();
        let sources = self.log.sources_linked_to(&stages).await?;
        let posts = self.log.posts_imported_from(&sources).await?;
        Ok(Belongings { joined, stages, sources, posts })
    }

    /// What the person did where the events themselves are not in the archive, as in stages of others.
    async fn deeds_elsewhere(&self, account: AccountId, all: &Belongings) -> Result<Vec<Deed>, CommandError> {
        let here = all.stages.iter().chain(&all.sources).chain(&all.posts);
        let here: HashSet<String> = here.map(Uuid::to_string).collect();
        let deeds = self.log.deeds_of(account.0).await?;
        Ok(deeds.into_iter().filter(|deed| !here.contains(&deed.stream_id)).collect())
    }

    async fn write_stage(
        &self,
        writer: &mut Writer<'_>,
        id: StageId,
        stage: &Stage,
        all: &Belongings,
    ) -> Result<(), CommandError> {
        let folder = format!("stages/{}", stage.handle);
        let Stage { name, handle, topics, media, .. } = stage;
        writer.json(&format!("{folder}/stage.json"), &StageShape { id, name, handle, topics, media }).await?;

        let sources = self.log.load_many::<Source>(&all.sources).await?;
        let linked = sources.iter().map(|source| &source.aggregate);
        let linked = linked.filter(|source| source.is_linked() && source.stage_id == Some(id));
        let opml = opml(name, linked).map_err(|_| CommandError::Archive)?;
        writer.entry(&format!("{folder}/sources.opml"), &opml).await?;

        writer.begin(&format!("{folder}/posts.ndjson"))?;
        for page in all.posts.chunks(PAGE) {
            for (post, loaded) in page.iter().zip(self.log.load_many::<Post>(page).await?) {
                self.write_post(writer, id, PostId(*post), &loaded.aggregate, all, &sources).await?;
            }
        }
        for media in media {
            let Some(object) = self.objects.get(&object_key(*media)).await? else { continue };
            let ending = object.content_type.rsplit('/').next().unwrap_or("bin");
            writer.entry(&format!("{folder}/media/{media}.{ending}"), &object.bytes).await?;
        }
        Ok(())
    }

    async fn write_post(
        &self,
        writer: &mut Writer<'_>,
        stage: StageId,
        id: PostId,
        post: &Post,
        all: &Belongings,
        sources: &[Loaded<Source>],
    ) -> Result<(), CommandError> {
        let Some(home) = post.home.filter(|home| home.stage_id == stage && !post.redacted) else {
            return Ok(());
        };
        // Posts of a source that was unlinked are not on the stage any more.
        let place = all.sources.binary_search(&home.source_id.0).ok();
        if !place.is_some_and(|place| sources[place].aggregate.is_linked()) {
            return Ok(());
        }
        let shape = PostShape {
            id,
            source_id: home.source_id,
            content: &post.content,
            hidden: post.hidden,
            pinned: post.pinned,
            topics: post.assigned.as_deref(),
        };
        writer.line(&shape).await
    }

    async fn write_events(
        &self,
        writer: &mut Writer<'_>,
        stream_type: &str,
        ids: &[Uuid],
    ) -> Result<(), CommandError> {
        for page in ids.chunks(PAGE) {
            let mut after = None;
            loop {
                let events = self.log.opened(stream_type, page, after, PAGE as i64).await?;
                let Some(last) = events.last() else { break };
                after = Some((last.stream_id, last.sequence));
                for event in events {
                    writer.line(&EventLine::of(event).map_err(|_| CommandError::Archive)?).await?;
                }
            }
        }
        Ok(())
    }
}

/// A stage goes along with each of its owners, whoever created it; of a closed one those count who were there to the end.
/// It is nobody else's to take away.
pub(crate) fn is_of(account: AccountId, stage: &Stage) -> bool {
    stage.team.role(account) == Some(Role::Owner)
}
