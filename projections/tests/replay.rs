//! The law of every projection: its rows follow from the events, however they are cut into batches.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;

use common::{Logbook, at, content, id, topic, world};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use stage_domain::{
    AccountId, Decide, InvitationId, Language, PostId, SourceId, StageId, TopicId,
    account::{Account, AccountCommand, Correction, Purpose, Registration},
    post::{Post, PostCommand, PostEvent, RedactionReason},
    source::{Cursor, Failure, FailureKind, Network, Source, SourceCommand},
    stage::{Role, Stage, StageCommand},
    topics::{Matcher, PostText},
};
use stage_store::Recorded;
use uuid::Uuid;

const WORDS: [&str; 6] = ["Konzert", "Theater", "Fußball", "Schnee", "Haushalt", "Sonntag"];

/// Something that somebody tries, on one of a few stages, sources, topics and posts.
#[derive(Clone, Debug)]
enum Attempt {
    Register(u8),
    LogIn(u8),
    Correct(u8, u8),
    Restrict(u8, bool),
    Object(u8, bool),
    Erase(u8),
    Create(u8),
    Rename(u8, u8),
    Invite(u8, u8),
    Accept(u8, u8),
    ChangeRole(u8, u8, u8),
    Leave(u8, u8),
    Define(u8, u8, u8),
    Change(u8, u8, u8),
    Remove(u8, u8),
    Close(u8),
    Link(u8),
    Pause(u8, bool),
    RecordImport(u8, u8),
    Fail(u8),
    Unlink(u8),
    Import(u8, u8, u8),
    Hide(u8, u8),
    Show(u8, u8),
    Pin(u8, u8),
    Assign(u8, u8, Option<Vec<u8>>),
    Redact(u8, u8),
}

fn attempt() -> impl Strategy<Value = Attempt> {
    use Attempt::*;
    let (two, four, six) = (0..2u8, 0..4u8, 0..6u8);
    prop_oneof![
        1 => two.clone().prop_map(Register),
        1 => two.clone().prop_map(LogIn),
        1 => (two.clone(), four.clone()).prop_map(|(a, n)| Correct(a, n)),
        2 => (two.clone(), any::<bool>()).prop_map(|(a, on)| Restrict(a, on)),
        1 => (two.clone(), any::<bool>()).prop_map(|(a, on)| Object(a, on)),
        1 => two.clone().prop_map(Erase),
        4 => two.clone().prop_map(Create),
        1 => (two.clone(), six.clone()).prop_map(|(s, n)| Rename(s, n)),
        2 => (two.clone(), four.clone()).prop_map(|(s, n)| Invite(s, n)),
        2 => (two.clone(), four.clone()).prop_map(|(s, n)| Accept(s, n)),
        2 => (two.clone(), four.clone(), 0..3u8).prop_map(|(s, n, r)| ChangeRole(s, n, r)),
        1 => (two.clone(), four.clone()).prop_map(|(s, n)| Leave(s, n)),
        5 => (two.clone(), four.clone(), six.clone()).prop_map(|(s, t, w)| Define(s, t, w)),
        4 => (two.clone(), four.clone(), six.clone()).prop_map(|(s, t, w)| Change(s, t, w)),
        2 => (two.clone(), four.clone()).prop_map(|(s, t)| Remove(s, t)),
        1 => two.prop_map(Close),
        8 => four.clone().prop_map(Link),
        1 => (four.clone(), any::<bool>()).prop_map(|(s, p)| Pause(s, p)),
        2 => (four.clone(), six.clone()).prop_map(|(s, n)| RecordImport(s, n)),
        1 => four.clone().prop_map(Fail),
        1 => four.clone().prop_map(Unlink),
        25 => (four.clone(), six.clone(), any::<u8>()).prop_map(|(s, n, w)| Import(s, n, w)),
        3 => (four.clone(), six.clone()).prop_map(|(s, n)| Hide(s, n)),
        2 => (four.clone(), six.clone()).prop_map(|(s, n)| Show(s, n)),
        2 => (four.clone(), six.clone()).prop_map(|(s, n)| Pin(s, n)),
        2 => (four.clone(), six.clone()).prop_map(|(s, n)| Redact(s, n)),
        5 => (four.clone(), six, proptest::option::of(proptest::collection::vec(four, 0..3)))
            .prop_map(|(s, n, t)| Assign(s, n, t)),
    ]
}

/// The aggregates, so that only what may happen does; and what the read model must show of it.
#[derive(Default)]
struct Model {
    log: Logbook,
    accounts: BTreeMap<Uuid, Account>,
    stages: BTreeMap<Uuid, Stage>,
    sources: BTreeMap<Uuid, Source>,
    posts: BTreeMap<Uuid, Post>,
}

/// Whether hidden, whether pinned, and the topics in their order, each with whether a person chose it.
type Shown = (bool, bool, Vec<(TopicId, bool)>);

fn stage_id(stage: u8) -> StageId {
    StageId(id(100 + u128::from(stage)))
}

fn source_id(source: u8) -> SourceId {
    SourceId(id(200 + u128::from(source)))
}

/// Sources 0 and 1 belong to the first stage, 2 and 3 to the second.
fn stage_of(source: u8) -> StageId {
    stage_id(source / 2)
}

/// The first is who creates stages.
fn member(number: u8) -> AccountId {
    AccountId(id(1 + u128::from(number)))
}

fn topic_id(stage: StageId, topic: u8) -> TopicId {
    TopicId(id(stage.0.as_u128() * 10 + u128::from(topic)))
}

fn post_id(source: u8, post: u8) -> PostId {
    PostId::of(source_id(source), &post.to_string())
}

/// Decides, applies and writes down.
fn act<A: Decide>(log: &mut Logbook, all: &mut BTreeMap<Uuid, A>, id: Uuid, command: A::Command) {
    let aggregate = all.entry(id).or_default();
    for event in aggregate.decide(command).unwrap_or_default() {
        log.push::<A>(id, &event);
        aggregate.apply(event);
    }
}

impl Model {
    fn account(&mut self, account: u8, command: AccountCommand) {
        act(&mut self.log, &mut self.accounts, id(1 + u128::from(account)), command);
    }

    fn stage(&mut self, stage: StageId, command: StageCommand) {
        act(&mut self.log, &mut self.stages, stage.0, command);
    }

    fn source(&mut self, source: u8, command: SourceCommand) {
        act(&mut self.log, &mut self.sources, source_id(source).0, command);
    }

    fn post(&mut self, source: u8, post: u8, command: PostCommand) {
        act(&mut self.log, &mut self.posts, post_id(source, post).0, command);
    }

    fn define(stage: StageId, number: u8, word: u8) -> stage_domain::topics::Topic {
        let word = WORDS[usize::from(word)];
        stage_domain::topics::Topic {
            id: topic_id(stage, number),
            ..topic(0, &format!("{number}{word}"), &[word])
        }
    }

    fn attempt(&mut self, attempt: &Attempt, minute: i64) {
        let at = at(minute);
        match attempt.clone() {
            Attempt::Register(account) => {
                let subject = AccountId(id(1 + u128::from(account)));
                let registration =
                    Registration::new(subject, "Ada", "L", "ada@example.org", None, Language::En).unwrap();
                self.account(account, AccountCommand::Register { registration, at });
            }
            Attempt::LogIn(account) => self.account(account, AccountCommand::LogIn { at }),
            Attempt::Correct(account, number) => {
                let subject = AccountId(id(1 + u128::from(account)));
                let (name, phone) = (format!("L{number}"), "0".repeat(usize::from(number)));
                let phone = (number != 1 && number != 2).then_some(phone.as_str());
                let correction = Correction::new(subject, None, Some(&name), None, phone, None).unwrap();
                self.account(account, AccountCommand::Correct { correction, at });
            }
            Attempt::Restrict(account, true) => self.account(account, AccountCommand::Restrict { at }),
            Attempt::Restrict(account, false) => {
                self.account(account, AccountCommand::AnnounceLift { at });
                self.account(account, AccountCommand::Lift { at });
            }
            Attempt::Object(account, objects) => {
                let purpose = Purpose::Recipients;
                self.account(account, AccountCommand::Object { purpose, objects, at });
            }
            Attempt::Erase(account) => self.account(account, AccountCommand::Erase { at }),
            Attempt::Create(stage) => {
                let (name, handle) = ("Rathaus".to_owned(), format!("stage-{stage}"));
                let owner = AccountId(id(1));
                self.stage(stage_id(stage), StageCommand::Create { owner, name, handle, at });
            }
            Attempt::Rename(stage, name) => {
                let (name, handle) = (Some(name.to_string()), Some(format!("handle-{name}")));
                self.stage(stage_id(stage), StageCommand::Change { name, handle, at });
            }
            Attempt::Invite(stage, number) => {
                let (invitation_id, role) = (InvitationId(id(u128::from(number))), Role::Moderator);
                let expires_at = common::at(10_000);
                let language = Language::En;
                let invite = StageCommand::Invite { invitation_id, role, language, expires_at, at };
                self.stage(stage_id(stage), invite);
            }
            Attempt::Accept(stage, number) => {
                let (invitation_id, member) = (InvitationId(id(u128::from(number))), member(number));
                self.stage(stage_id(stage), StageCommand::AcceptInvitation { invitation_id, member, at });
            }
            Attempt::ChangeRole(stage, number, role) => {
                let (member, role) = (member(number), Role::ALL[usize::from(role)]);
                self.stage(stage_id(stage), StageCommand::ChangeRole { member, role, at });
            }
            Attempt::Leave(stage, number) => {
                self.stage(stage_id(stage), StageCommand::Leave { member: member(number), at });
            }
            Attempt::Define(stage, number, word) => {
                let stage = stage_id(stage);
                let known = self.stages.get(&stage.0);
                if known.is_none_or(|known| known.topic(topic_id(stage, number)).is_none()) {
                    self.stage(
                        stage,
                        StageCommand::DefineTopic { topic: Self::define(stage, number, word), at },
                    );
                }
            }
            Attempt::Change(stage, number, word) => {
                let stage = stage_id(stage);
                self.stage(stage, StageCommand::ChangeTopic { topic: Self::define(stage, number, word), at });
            }
            Attempt::Remove(stage, number) => {
                let stage = stage_id(stage);
                self.stage(stage, StageCommand::RemoveTopic { topic_id: topic_id(stage, number), at });
            }
            Attempt::Close(stage) => self.stage(stage_id(stage), StageCommand::Close { at }),
            Attempt::Link(source) => self.source(
                source,
                SourceCommand::Link {
                    stage_id: stage_of(source),
                    network: Network::Feed,
                    address: format!("https://example.org/{source}"),
                    interval_minutes: 15,
                    at,
                },
            ),
            Attempt::Pause(source, paused) => self
                .source(source, SourceCommand::Change { interval_minutes: None, paused: Some(paused), at }),
            Attempt::RecordImport(source, imported) => self.source(
                source,
                SourceCommand::RecordImport {
                    cursor: Cursor::default(),
                    title: Some(imported.to_string()),
                    imported: imported.into(),
                    revised: 0,
                    at,
                },
            ),
            Attempt::Fail(source) => {
                let failure = Failure { kind: FailureKind::Gone, detail: "410".into() };
                self.source(source, SourceCommand::RecordFailure { failure, at });
            }
            Attempt::Unlink(source) => self.source(source, SourceCommand::Unlink { at }),
            Attempt::Import(source, post, words) => {
                // Also while its source is unlinked or its stage closed: the two may cross.
                let text: Vec<_> =
                    WORDS.iter().enumerate().filter(|(n, _)| words >> n & 1 == 1).map(|(_, w)| *w).collect();
                let published_at = (words & 64 == 0).then(|| common::at(i64::from(words) - 100));
                if self.sources.contains_key(&source_id(source).0) {
                    self.post(
                        source,
                        post,
                        PostCommand::Import {
                            stage_id: stage_of(source),
                            source_id: source_id(source),
                            network: Network::Feed,
                            network_id: post.to_string(),
                            content: content(&text.join(" "), published_at),
                            at,
                        },
                    );
                }
            }
            Attempt::Hide(source, post) => self.post(source, post, PostCommand::Hide { at }),
            Attempt::Show(source, post) => self.post(source, post, PostCommand::Show { at }),
            Attempt::Pin(source, post) => self.post(source, post, PostCommand::Pin { at }),
            Attempt::Assign(source, post, topics) => {
                let of = |topic: &u8| topic_id(stage_of(source), *topic);
                let topics = topics.map(|topics| topics.iter().map(of).collect());
                self.post(source, post, PostCommand::Assign { topics, at });
            }
            Attempt::Redact(source, post) => {
                let reason = RedactionReason::PersonalData;
                self.post(source, post, PostCommand::Redact { reason, at });
            }
        }
    }

    /// The posts that must be there, with what must be known of each: hidden, pinned, topics in their order,
    /// and whether a person chose them.
    fn expected(&self) -> BTreeMap<Uuid, Shown> {
        let mut expected = BTreeMap::new();
        for (id, post) in &self.posts {
            let Some(home) = post.home else { continue };
            let stage = self.stages.get(&home.stage_id.0).cloned().unwrap_or_default();
            if post.redacted || stage.closed || self.sources[&home.source_id.0].unlinked {
                continue;
            }
            let topics: Vec<_> = match &post.assigned {
                Some(own) => {
                    stage.topics.iter().map(|t| t.id).filter(|t| own.contains(t)).map(|t| (t, true)).collect()
                }
                None => {
                    let assigned = Matcher::new(&stage.topics).assign(&PostText::from(&post.content));
                    assigned.into_iter().map(|found| (found.topic_id, false)).collect()
                }
            };
            expected.insert(*id, (post.hidden, post.pinned, topics));
        }
        expected
    }
}

fn without_redacted(events: &[Recorded]) -> Vec<Recorded> {
    let redacted = |event: &&Recorded| event.event_type == "PostRedacted";
    let posts: Vec<Uuid> = events.iter().filter(redacted).map(|event| event.stream_id).collect();
    let kept = |event: &&Recorded| {
        !(posts.contains(&event.stream_id) && PostEvent::CONTENT.contains(&event.event_type.as_str()))
    };
    events.iter().filter(kept).cloned().collect()
}

#[test]
fn the_same_log_in_any_batches_makes_the_same_rows_and_the_right_ones() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(world());
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(48);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let input = (
        proptest::collection::vec(attempt(), 1..250),
        proptest::collection::vec(prop_oneof![1..4usize, 1..60usize], 1..40),
    );
    let law = |(attempts, sizes): (Vec<Attempt>, Vec<usize>)| {
        runtime.block_on(async {
            let mut model = Model::default();
            for (attempt, minute) in attempts.iter().zip(0..) {
                model.attempt(attempt, minute);
            }
            let events = model.log.fresh();
            common::forget(world.pool()).await;
            world.project(&events).await;
            let at_once = common::rows(world.pool()).await;

            let expected = model.expected();
            let stored: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM read_feed.posts ORDER BY id")
                .fetch_all(world.pool())
                .await
                .unwrap();
            assert_eq!(stored, expected.keys().copied().collect::<Vec<_>>());
            for (stage, state) in &model.stages {
                let members = if state.closed { BTreeMap::new() } else { state.team.members.clone() };
                let stored = world.reads.members(StageId(*stage)).await.unwrap();
                let stored: BTreeMap<_, _> = stored.into_iter().map(|row| (row.account, row.role)).collect();
                assert_eq!(stored, members);
            }
            for (id, (hidden, pinned, topics)) in &expected {
                let view = world.reads.post(PostId(*id)).await.unwrap().unwrap();
                let shown: Vec<_> = view.topics.iter().map(|topic| (topic.id, topic.by_hand)).collect();
                assert_eq!((view.hidden, view.pinned, &shown), (*hidden, *pinned, topics));
            }

            common::forget(world.pool()).await;
            let mut rest = events.as_slice();
            for size in sizes.iter().cycle() {
                let (batch, next) = rest.split_at((*size).min(rest.len()));
                world.project(batch).await;
                rest = next;
                if rest.is_empty() {
                    break;
                }
            }
            assert_eq!(common::rows(world.pool()).await, at_once);

            // As the log is read once payloads are redacted: without the events that said what the post says.
            common::forget(world.pool()).await;
            world.project(&without_redacted(&events)).await;
            assert_eq!(common::rows(world.pool()).await, at_once);
            common::forget(world.pool()).await;
            world.project_in_passes(&events, sizes[0]).await;
            assert_eq!(common::rows(world.pool()).await, at_once, "as a rebuild goes through the log");
        });
        Ok(())
    };
    runner.run(&input, law).unwrap();
}
