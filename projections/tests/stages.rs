//! Stages as the dashboard sees them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Logbook, STAGE, World, at, created, id, topic, world};
use stage_domain::{
    AccountId, InvitationId, Language, SourceId, StageId,
    account::{Account, AccountEvent},
    source::{Cursor, Failure, FailureKind, SourceEvent},
    stage::{Role, Stage, StageEvent},
};
use stage_projections::heads::Stages;

fn imported(imported: u32, title: &str, minute: i64) -> SourceEvent {
    SourceEvent::SourceImported {
        cursor: Cursor::default(),
        title: Some(title.into()),
        imported,
        revised: 0,
        at: at(minute),
    }
}

#[tokio::test]
async fn a_stage_shows_its_topics_and_sources_in_the_order_of_their_making() {
    let (world, mut log) = (world().await, Logbook::default());
    // Ids that sort the other way round.
    let (first, second) = (SourceId(id(9)), SourceId(id(8)));
    log.stage(created("rathaus")).linked(first).linked(second);
    log.stage(StageEvent::TopicDefined { topic: topic(9, "Kultur", &["Konzert"]), at: at(1) });
    log.stage(StageEvent::TopicDefined { topic: topic(8, "Sport", &["Ball"]), at: at(1) });
    log.stage(StageEvent::TopicChanged { topic: topic(9, "Musik", &["Lied"]), at: at(2) });
    log.stage(StageEvent::StageRenamed { name: "Neues Rathaus".into(), at: at(2) });
    log.source(first, imported(3, "Amtsblatt", 3)).source(first, imported(2, "Das Amtsblatt", 4));
    log.source(second, SourceEvent::SourceChanged { interval_minutes: 60, paused: true, at: at(4) });
    world.project(&log.fresh()).await;

    let stage = world.reads.stage(STAGE).await.unwrap().unwrap();
    assert_eq!((stage.name.as_str(), stage.handle.as_str(), stage.version), ("Neues Rathaus", "rathaus", 5));
    assert_eq!(stage.topics, [topic(9, "Musik", &["Lied"]), topic(8, "Sport", &["Ball"])]);
    let [a, b] = stage.sources.as_slice() else { panic!("{:?}", stage.sources) };
    assert_eq!((a.id, b.id), (first, second));
    assert_eq!((a.title.as_deref(), a.imported, a.last_import_at), (Some("Das Amtsblatt"), 5, Some(at(4))));
    assert_eq!((a.paused, a.version), (false, 3));
    assert_eq!((b.paused, b.interval_minutes, b.last_import_at), (true, 60, None));

    let owner = AccountId(id(1));
    assert_eq!(world.reads.stages_of(owner).await.unwrap(), [(stage.clone(), Role::Owner)]);
    assert_eq!(world.reads.stage_by_handle("rathaus").await.unwrap(), Some(stage));
    assert_eq!(world.reads.stage_by_handle("rat\0haus").await.unwrap(), None);
}

#[tokio::test]
async fn a_source_fails_until_it_imports_again_and_is_gone_once_it_is_unlinked() {
    let (world, mut log) = (world().await, Logbook::default());
    let source = SourceId(id(9));
    let failure = Failure { kind: FailureKind::Gone, detail: "404".into() };
    log.stage(created("rathaus")).linked(source);
    log.source(source, SourceEvent::SourceFailed { failure: failure.clone(), at: at(3) });
    world.project(&log.fresh()).await;
    let failing = || async { world.reads.stage(STAGE).await.unwrap().unwrap().sources[0].failing.clone() };
    assert_eq!(failing().await, Some((failure, at(3))));

    log.source(source, imported(0, "Amtsblatt", 4));
    world.project(&log.fresh()).await;
    assert_eq!(failing().await, None);

    log.source(source, SourceEvent::SourceUnlinked { at: at(5) });
    world.project(&log.fresh()).await;
    assert_eq!(world.reads.stage(STAGE).await.unwrap().unwrap().sources, []);
}

#[tokio::test]
async fn a_handle_that_a_closed_stage_left_leads_to_its_next_stage() {
    let (world, mut log) = (world().await, Logbook::default());
    let next = StageId(id(101));
    log.stage(created("rathaus"));
    log.stage(StageEvent::TopicDefined { topic: topic(1, "Kultur", &["Konzert"]), at: at(1) });
    log.stage(StageEvent::StageClosed { at: at(2) });
    log.push::<Stage>(next.0, &created("rathaus"));
    world.project(&log.fresh()).await;
    assert_eq!(world.reads.stage(STAGE).await.unwrap(), None);
    let stage = world.reads.stage_by_handle("rathaus").await.unwrap().unwrap();
    assert_eq!((stage.id, stage.topics.len()), (next, 0));
    let handles = ["nobody", "rathaus", "rat\0haus"].map(str::to_owned);
    assert_eq!(world.reads.open_stages(&handles).await.unwrap(), [("rathaus".to_owned(), next)]);
    assert_eq!(world.reads.stages_of(AccountId(id(1))).await.unwrap().len(), 1);
}

#[tokio::test]
async fn readers_see_no_stage_and_no_post_of_somebody_who_is_restricted() {
    let (world, mut log) = (world().await, Logbook::default());
    let owner = id(1);
    let source = SourceId(id(9));
    log.stage(created("rathaus")).linked(source);
    let post = log.imported(source, "1", "Konzert", 3);
    log.push::<Account>(owner, &AccountEvent::AccountRestricted { at: at(4) });
    world.project(&log.fresh()).await;
    let handles = ["rathaus".to_owned()];
    assert_eq!(world.reads.stage_by_handle("rathaus").await.unwrap(), None);
    assert_eq!(world.reads.open_stages(&handles).await.unwrap(), []);
    assert_eq!(world.reads.visible_posts(&[post]).await.unwrap(), []);
    assert!(world.reads.is_restricted(STAGE).await.unwrap());
    assert_eq!(world.reads.stages_of(AccountId(owner)).await.unwrap().len(), 1, "the owner does");

    log.push::<Account>(owner, &AccountEvent::RestrictionLiftAnnounced { at: at(5) });
    world.project(&log.fresh()).await;
    assert_eq!(world.reads.stage_by_handle("rathaus").await.unwrap(), None);
    log.push::<Account>(owner, &AccountEvent::RestrictionLifted { at: at(6) });
    world.project(&log.fresh()).await;
    assert!(world.reads.stage_by_handle("rathaus").await.unwrap().is_some());
    assert_eq!(world.reads.visible_posts(&[post]).await.unwrap(), [(post, STAGE)]);
    assert!(!world.reads.is_restricted(STAGE).await.unwrap());
}

#[tokio::test]
async fn a_stage_is_seen_as_long_as_one_of_its_owners_is_neither_restricted_nor_erased() {
    let (world, mut log) = (world().await, Logbook::default());
    let (ada, bob) = (AccountId(id(1)), AccountId(id(2)));
    let shown = async |world: &World| world.reads.stage_by_handle("rathaus").await.unwrap().is_some();
    log.stage(created("rathaus"));
    let invitation_id = InvitationId(id(11));
    log.stage(StageEvent::InvitationAccepted { invitation_id, member: bob, role: Role::Editor, at: at(1) });
    log.push::<Account>(ada.0, &AccountEvent::AccountRestricted { at: at(2) });
    world.project(&log.fresh()).await;
    assert!(!shown(&world).await, "an editor is no owner");
    log.stage(StageEvent::MemberRoleChanged { member: bob, role: Role::Owner, at: at(3) });
    world.project(&log.fresh()).await;
    assert!(shown(&world).await);
    let before = world.reads.heads().await.unwrap();
    log.push::<Account>(bob.0, &AccountEvent::AccountRestricted { at: at(4) });
    world.project(&log.fresh()).await;
    assert!(!shown(&world).await && world.reads.is_restricted(STAGE).await.unwrap());
    let moved = world.reads.moved(&before).await.unwrap().stages;
    assert!(
        matches!(moved, Stages::These(stages) if stages.contains(&STAGE)),
        "whoever keeps its pages hears"
    );

    log.push::<Account>(ada.0, &AccountEvent::RestrictionLifted { at: at(5) });
    world.project(&log.fresh()).await;
    assert!(shown(&world).await);
    log.push::<Account>(ada.0, &AccountEvent::AccountErased { at: at(6) });
    world.project(&log.fresh()).await;
    assert!(!shown(&world).await, "also before she has left");
    log.push::<Account>(bob.0, &AccountEvent::RestrictionLifted { at: at(7) });
    log.stage(StageEvent::MemberLeft { member: ada, at: at(7) });
    world.project(&log.fresh()).await;
    assert!(shown(&world).await);
}

#[tokio::test]
async fn a_stage_is_listed_for_each_of_its_members_with_their_role_until_they_leave() {
    let (world, mut log) = (world().await, Logbook::default());
    let (ada, bob, eve) = (AccountId(id(1)), AccountId(id(2)), AccountId(id(3)));
    let (first, second) = (InvitationId(id(11)), InvitationId(id(12)));
    log.stage(created("rathaus"));
    for (invitation_id, role) in [(first, Role::Editor), (second, Role::Moderator)] {
        let language = Language::De;
        log.stage(StageEvent::MemberInvited { invitation_id, role, language, expires_at: at(99), at: at(1) });
    }
    let (member, role) = (eve, Role::Moderator);
    log.stage(StageEvent::InvitationAccepted { invitation_id: second, member, role, at: at(2) });
    let (member, role) = (bob, Role::Editor);
    log.stage(StageEvent::InvitationAccepted { invitation_id: first, member, role, at: at(3) });
    world.project(&log.fresh()).await;
    let role_of = async |account| {
        let stages = world.reads.stages_of(account).await.unwrap();
        stages.first().map(|(stage, role)| (stage.id, stage.version, *role))
    };
    assert_eq!(role_of(bob).await, Some((STAGE, 5, Role::Editor)));
    let team = |members: Vec<stage_projections::stages::MemberView>| -> Vec<_> {
        members.into_iter().map(|member| (member.account, member.role, member.since)).collect()
    };
    let members = team(world.reads.members(STAGE).await.unwrap());
    assert_eq!(
        members,
        [(ada, Role::Owner, at(0)), (eve, Role::Moderator, at(2)), (bob, Role::Editor, at(3))]
    );

    log.stage(StageEvent::MemberRoleChanged { member: bob, role: Role::Owner, at: at(4) });
    log.stage(StageEvent::MemberLeft { member: ada, at: at(5) });
    log.stage(StageEvent::MemberRemoved { member: eve, at: at(6) });
    world.project(&log.fresh()).await;
    assert_eq!(team(world.reads.members(STAGE).await.unwrap()), [(bob, Role::Owner, at(3))]);
    assert_eq!((role_of(ada).await, role_of(eve).await), (None, None));

    log.stage(StageEvent::StageClosed { at: at(7) });
    world.project(&log.fresh()).await;
    assert_eq!(role_of(bob).await, None);
    assert!(world.reads.members(STAGE).await.unwrap().is_empty());
}
