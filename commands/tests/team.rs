//! The team of a stage: who may do what, and how one joins and leaves.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use bytes::Bytes;
use common::{House, at, invite, keyed, person, request};
use stage_commands::{
    Actor, CommandError, Done, Missing, Request, UseCase, posts::Moderation, sources::Fetched,
};
use stage_domain::{
    InvitationId, PostId, SourceId, StageId, TopicId,
    post::PostContent,
    source::{Cursor, Network},
    stage::{Role, Stage},
    topics::Rules,
};

const DAY: i64 = 24 * 60 * 60;

/// The addresses, keys and claims that are kept for invitations.
async fn kept(house: &House) -> (i64, i64, i64) {
    sqlx::query_as(
        "SELECT (SELECT count(*) FROM invitations),
                (SELECT count(*) FROM subject_keys WHERE subject NOT IN (SELECT account_id FROM credentials)),
                (SELECT count(*) FROM claims WHERE kind = 'invitation')",
    )
    .fetch_one(&house.database.pool)
    .await
    .unwrap()
}

async fn members(house: &House, stage: StageId) -> Vec<(uuid::Uuid, String)> {
    sqlx::query_as("SELECT account_id, role FROM stage_members WHERE stage_id = $1 ORDER BY account_id")
        .bind(stage.0)
        .fetch_all(&house.database.pool)
        .await
        .unwrap()
}

/// A stage with one of everything.
struct Furnished {
    stage: StageId,
    owner: Actor,
    topic: TopicId,
    source: SourceId,
    post: PostId,
    invitation: InvitationId,
    /// Somebody to be given a role or removed.
    member: Actor,
}

impl Furnished {
    async fn new(house: &House, owner: Actor, member: Actor, handle: &str) -> Self {
        let stage = house.stage(owner, handle).await;
        let topic = house.commands.define_topic(owner, stage, "Kultur", Rules::default(), request(0)).await;
        let source = house.source(owner, stage, "https://example.org/feed").await;
        let posts = vec![("1".to_owned(), PostContent::default())];
        let fetched = Fetched { title: None, cursor: Cursor::default(), wait: None, posts };
        house.commands.import(source, fetched, at(0)).await.unwrap();
        house.joins(owner, stage, member, Role::Moderator).await;
        let (invitation, _) = house.invited(owner, stage, Role::Editor).await;
        let topic = TopicId(topic.unwrap().id);
        Self { stage, owner, topic, source, post: PostId::of(source, "1"), invitation, member }
    }

    /// Every use case there is: one that is added does not compile until it is tried here.
    async fn attempt(&self, house: &House, who: Actor, use_case: UseCase) -> Result<(), CommandError> {
        let (commands, stage) = (&house.commands, self.stage);
        let done: Result<Done, CommandError> = match use_case {
            UseCase::ReadStage
            | UseCase::ReadTeam
            | UseCase::ReadHistory
            | UseCase::ListPosts
            | UseCase::PreviewTopic => {
                return commands.may(who, stage, use_case).await.map(drop);
            }
            UseCase::ListInvitations => return commands.invitations(who, stage, at(2)).await.map(drop),
            UseCase::ModeratePost => {
                commands.moderate(who, stage, self.post, Moderation::Hide, request(2)).await
            }
            UseCase::Leave => commands.remove_member(who, stage, who.account, request(2)).await,
            UseCase::RenameStage => commands.change_stage(who, stage, Some("Neu"), None, request(2)).await,
            UseCase::MoveStage => {
                let handle = format!("moved-{}", &stage.to_string()[24..]);
                commands.change_stage(who, stage, None, Some(&handle), request(2)).await
            }
            UseCase::DefineTopic => {
                commands.define_topic(who, stage, "Sport", Rules::default(), request(2)).await
            }
            UseCase::ChangeTopic => {
                commands.change_topic(who, stage, self.topic, "Musik", Rules::default(), request(2)).await
            }
            UseCase::RemoveTopic => commands.remove_topic(who, stage, self.topic, request(2)).await,
            UseCase::LinkSource => {
                let address = "https://example.org/other";
                commands.link_source(who, stage, Network::Feed, address, None, request(2)).await
            }
            UseCase::ChangeSource => {
                commands.change_source(who, stage, self.source, Some(60), None, request(2)).await
            }
            UseCase::PollSource => commands.poll_now(who, stage, self.source, request(2)).await,
            UseCase::UnlinkSource => commands.unlink_source(who, stage, self.source, request(2)).await,
            UseCase::RedactPost => {
                let reason = stage_domain::post::RedactionReason::PersonalData;
                commands.redact_post(who, stage, self.post, reason, request(2)).await
            }
            UseCase::AddMedia => {
                let picture = Bytes::from_static(b"\x89PNG\r\n\x1a\n");
                commands.add_media(who, stage, picture, request(2)).await
            }
            UseCase::CloseStage => commands.close_stage(who, stage, request(2)).await,
            UseCase::Invite => {
                commands.invite(who, stage, invite("new@example.org", Role::Editor), request(2)).await
            }
            UseCase::WithdrawInvitation => {
                commands.withdraw_invitation(who, stage, self.invitation, request(2)).await
            }
            UseCase::ChangeRole => {
                commands.change_role(who, stage, self.member.account, Role::Editor, request(2)).await
            }
            UseCase::RemoveMember => {
                commands.remove_member(who, stage, self.member.account, request(2)).await
            }
        };
        done.map(drop)
    }
}

#[tokio::test]
async fn each_use_case_is_for_the_roles_that_the_table_says_and_for_nobody_else() {
    let house = House::new().await;
    let mut people = vec![];
    for name in ["owner", "member", "actor", "stranger"] {
        people.push(house.registered(&format!("{name}@example.org")).await);
    }
    let [owner, member, actor, stranger] = people[..] else { panic!("four people") };
    let mut number = 0;
    for use_case in UseCase::ALL {
        for role in Role::ALL {
            number += 1;
            let stage = Furnished::new(&house, owner, member, &format!("stage-{number}")).await;
            house.joins(stage.owner, stage.stage, actor, role).await;
            let version = async || house.commands.log.load::<Stage>(stage.stage.0).await.unwrap().version;
            let before = version().await;

            let unknown = stage.attempt(&house, stranger, *use_case).await;
            assert!(
                matches!(unknown, Err(CommandError::NotFound(Missing::Stage))),
                "{use_case:?} by a stranger: {unknown:?}"
            );
            let tried = stage.attempt(&house, actor, *use_case).await;
            if role >= use_case.needs() {
                assert!(tried.is_ok(), "{use_case:?} by {role:?}: {tried:?}");
            } else {
                let needs = use_case.needs();
                let refused = matches!(tried, Err(CommandError::Role { needs: said }) if said == needs);
                assert!(refused, "{use_case:?} by {role:?}: {tried:?}");
                assert_eq!(version().await, before);
            }
        }
    }
}

#[tokio::test]
async fn an_editor_who_sends_the_handle_as_it_is_renames_the_stage() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let bob = house.registered("bob@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    house.joins(ada, stage, bob, Role::Editor).await;
    house.commands.change_stage(bob, stage, Some("Neu"), Some("rathaus"), request(2)).await.unwrap();
}

#[tokio::test]
async fn what_a_post_says_is_taken_out_of_the_log_by_an_owner_alone() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let bob = house.registered("bob@example.org").await;
    let eve = house.registered("eve@example.org").await;
    let stage = Furnished::new(&house, ada, eve, "rathaus").await;
    house.joins(ada, stage.stage, bob, Role::Editor).await;
    let tried = stage.attempt(&house, bob, UseCase::RedactPost).await;
    assert!(matches!(tried, Err(CommandError::Role { needs: Role::Owner })), "{tried:?}");
    stage.attempt(&house, ada, UseCase::RedactPost).await.unwrap();
}

#[tokio::test]
async fn an_invitation_is_accepted_once_and_then_its_address_is_forgotten() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let bob = house.registered("bob@example.org").await;
    let eve = house.registered("eve@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let (invitation, token) = house.invited(ada, stage, Role::Editor).await;
    assert_eq!(kept(&house).await, (1, 1, 1));
    let open = house.commands.invitations(ada, stage, at(1)).await.unwrap();
    assert_eq!((open.len(), open[0].id, open[0].invited_by), (1, invitation, ada.account));

    let there = house.commands.accept_invitation(ada, &token, request(1)).await;
    assert!(matches!(there, Err(CommandError::Refused(_))), "{there:?}");
    let done = house.commands.accept_invitation(bob, &token, keyed("k", 1)).await.unwrap();
    assert_eq!(done.id, stage.0);
    assert_eq!(house.commands.accept_invitation(bob, &token, keyed("k", 1)).await.unwrap(), done);
    let again = house.commands.accept_invitation(eve, &token, request(2)).await;
    assert!(matches!(again, Err(CommandError::NotFound(Missing::Invitation))), "{again:?}");
    assert_eq!(house.commands.may(bob, stage, UseCase::ReadStage).await.unwrap(), Role::Editor);
    assert_eq!(kept(&house).await, (0, 0, 0));
    assert!(house.commands.invitation_mail(invitation, at(1)).await.unwrap().is_none());
    let mut team = [(ada.account.0, "owner".to_owned()), (bob.account.0, "editor".to_owned())];
    team.sort();
    assert_eq!(members(&house, stage).await, team);
}

#[tokio::test]
async fn of_ten_people_with_one_link_one_joins() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let (_, token) = house.invited(ada, stage, Role::Editor).await;
    let mut people = vec![];
    for number in 0..10 {
        people.push(house.registered(&format!("{number}@example.org")).await);
    }
    let tries = people.iter().map(|who| house.commands.accept_invitation(*who, &token, request(1)));
    let joined = futures::future::join_all(tries).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(joined, 1);
    assert_eq!(members(&house, stage).await.len(), 2);
}

#[tokio::test]
async fn a_token_that_we_did_not_make_invites_to_nothing() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let bob = house.registered("bob@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let (_, token) = house.invited(ada, stage, Role::Editor).await;
    let token = secrecy::ExposeSecret::expose_secret(&token).to_owned();
    let mut changed = token.clone().into_bytes();
    changed[3] ^= 1;
    for wrong in [String::from_utf8(changed).unwrap(), token[1..].to_owned(), "x".into(), String::new()] {
        let refused = house.commands.accept_invitation(bob, &wrong.into(), request(1)).await;
        assert!(matches!(refused, Err(CommandError::NotFound(Missing::Invitation))), "{refused:?}");
    }
}

#[tokio::test]
async fn an_invitation_that_expires_is_forgotten_and_makes_room_for_another() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let bob = house.registered("bob@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let invite_at = |seconds| {
        house.commands.invite(ada, stage, invite("Grace@example.org", Role::Editor), request(seconds))
    };
    let first = InvitationId(invite_at(0).await.unwrap().id);
    let token = house.commands.invitation_mail(first, at(0)).await.unwrap().unwrap().token;
    let twice = invite_at(1).await;
    assert!(matches!(twice, Err(CommandError::Taken { field: "email" })), "{twice:?}");
    let late = house.commands.accept_invitation(bob, &token, request(7 * DAY)).await;
    assert!(matches!(late, Err(CommandError::NotFound(Missing::Invitation))), "{late:?}");
    assert!(house.commands.invitation_mail(first, at(7 * DAY)).await.unwrap().is_none());
    invite_at(7 * DAY).await.unwrap();
    assert_eq!(house.commands.sweep(at(14 * DAY)).await.unwrap().invitations, 1);
    assert_eq!(kept(&house).await, (0, 0, 0));
}

#[tokio::test]
async fn what_is_withdrawn_and_what_a_closed_stage_had_open_is_forgotten() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let (first, _) = house.invited(ada, stage, Role::Editor).await;
    house.invited(ada, stage, Role::Owner).await;
    house.commands.withdraw_invitation(ada, stage, first, request(1)).await.unwrap();
    assert_eq!(kept(&house).await, (1, 1, 1));
    house.commands.close_stage(ada, stage, request(2)).await.unwrap();
    assert_eq!(kept(&house).await, (0, 0, 0));
    assert!(members(&house, stage).await.is_empty());
}

#[tokio::test]
async fn no_address_of_an_invitation_is_in_the_clear_in_the_database() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let mail = invite("grace@example.org", Role::Editor);
    house.commands.invite(ada, stage, mail, request(0)).await.unwrap();
    let everything: String = sqlx::query_scalar(
        "SELECT string_agg(t, ' ') FROM (
             SELECT encode(email, 'escape') FROM invitations
             UNION ALL SELECT payload::text || metadata::text FROM events
             UNION ALL SELECT encode(key, 'escape') FROM claims) AS every (t)",
    )
    .fetch_one(&house.database.pool)
    .await
    .unwrap();
    assert!(everything.contains("MemberInvited") && !everything.contains("grace"), "{everything}");
}

#[tokio::test]
async fn two_owners_who_demote_each_other_leave_one() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let bob = house.registered("bob@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    house.joins(ada, stage, bob, Role::Owner).await;
    let demote =
        |who, whom: Actor| house.commands.change_role(who, stage, whom.account, Role::Editor, request(2));
    let (one, other) = tokio::join!(demote(ada, bob), demote(bob, ada));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    let owners = members(&house, stage).await.into_iter().filter(|(_, role)| role == "owner").count();
    assert_eq!(owners, 1);
}

#[tokio::test]
async fn who_is_removed_or_given_a_lower_role_while_a_command_of_theirs_is_under_way_appends_nothing() {
    let house = House::new().await;
    let (commands, pool) = (&house.commands, &house.database.pool);
    let ada = house.registered("ada@example.org").await;
    let bob = house.registered("bob@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    for is_removed in [true, false] {
        house.joins(ada, stage, bob, Role::Editor).await;
        let link = |at| {
            commands.link_source(bob, stage, Network::Feed, "https://example.org/feed", None, request(at))
        };
        let mut lock = pool.begin().await.unwrap();
        sqlx::query("LOCK TABLE claims IN SHARE MODE").execute(&mut *lock).await.unwrap();
        let meanwhile = async {
            // It was asked whether he may, and is just about to append.
            house.database.blocked(1).await;
            match is_removed {
                true => commands.remove_member(ada, stage, bob.account, request(2)).await.unwrap(),
                false => {
                    commands.change_role(ada, stage, bob.account, Role::Moderator, request(2)).await.unwrap()
                }
            };
            lock.commit().await.unwrap();
        };
        let (linked, ()) = tokio::join!(link(2), meanwhile);
        assert!(matches!(linked, Err(CommandError::Busy)), "{linked:?}");
        let sources = "SELECT count(*) FROM events WHERE aggregate_type = 'source'";
        let sources: i64 = sqlx::query_scalar(sources).fetch_one(pool).await.unwrap();
        assert_eq!(sources, 0);
        match (link(3).await, is_removed) {
            (Err(CommandError::NotFound(Missing::Stage)), true) => {}
            (Err(CommandError::Role { needs: Role::Editor }), false) => {}
            (again, _) => panic!("{again:?}"),
        }
    }
}

#[tokio::test]
async fn a_change_to_a_version_of_the_team_that_has_passed_is_refused() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let late = Request { expected: Some(9), ..request(0) };
    let refused = house.commands.invite(ada, stage, invite("bob@example.org", Role::Editor), late).await;
    assert!(matches!(refused, Err(CommandError::Version { expected: 9, actual: 1 })), "{refused:?}");
    assert_eq!(kept(&house).await, (0, 0, 0));
}

#[tokio::test]
async fn an_account_that_ends_leaves_shared_stages_and_takes_its_own_with_it() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let done = house.commands.register(person("bob@example.org"), request(0)).await.unwrap();
    let bob = Actor { account: done.id.into(), session: uuid::Uuid::now_v7().into() };
    let (shared, own, others) =
        (house.stage(ada, "shared").await, house.stage(ada, "own").await, house.stage(bob, "others").await);
    house.joins(ada, shared, bob, Role::Owner).await;
    house.joins(ada, own, bob, Role::Editor).await;
    house.joins(bob, others, ada, Role::Moderator).await;

    assert_eq!(house.commands.end_memberships(ada.account, at(3)).await.unwrap(), [own]);
    assert!(house.commands.end_memberships(ada.account, at(4)).await.unwrap().is_empty());
    let stage = async |stage: StageId| house.commands.log.load::<Stage>(stage.0).await.unwrap().aggregate;
    assert!(stage(own).await.closed && !stage(shared).await.closed && !stage(others).await.closed);
    assert_eq!(members(&house, shared).await, [(bob.account.0, "owner".to_owned())]);
    assert_eq!(members(&house, others).await, [(bob.account.0, "owner".to_owned())]);
}
