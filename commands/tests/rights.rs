//! What a person may ask for about their data: correcting, restricting, objecting, erasing.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{House, at, keyed, person, request};
use futures::{StreamExt as _, TryStreamExt as _};
use stage_commands::{Actor, CommandError, Missing, Request, accounts::Correct, members::Invite};
use stage_domain::{
    AccountId, InvitationId, Language, StageId,
    account::{Account, Purpose},
    stage::{Role, Stage},
};
use stage_store::ClaimKind;
use uuid::Uuid;

const PASSWORD: &str = "correct horse battery";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n rest";

async fn account(house: &House, account: AccountId) -> Account {
    house.commands.log.load::<Account>(account.0).await.unwrap().aggregate
}

async fn log_in(house: &House, email: &str) -> Result<Actor, CommandError> {
    let fresh = [*Uuid::now_v7().as_bytes(), [7; 16]].concat().try_into().unwrap();
    Ok(house.commands.log_in(email, PASSWORD.into(), fresh, request(0)).await?.actor)
}

/// Invites somebody, who accepts.
async fn joins(house: &House, owner: Actor, stage: StageId, who: Actor, role: Role) {
    let invite = Invite { email: "grace@example.org".into(), role, language: Language::En };
    let invited = house.commands.invite(owner, stage, invite, request(2)).await.unwrap();
    let mail = house.commands.invitation_mail(InvitationId(invited.id), at(2)).await.unwrap().unwrap();
    house.commands.accept_invitation(who, &mail.token, request(2)).await.unwrap();
}

fn email(email: &str) -> Correct {
    Correct { email: Some(email.into()), ..Correct::default() }
}

#[tokio::test]
async fn a_corrected_address_is_the_one_to_log_in_with_and_the_old_one_is_free() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    house.registered("bob@example.org").await;
    let taken = house.commands.correct_account(ada.account, email("BOB@example.org"), request(1)).await;
    assert!(matches!(taken, Err(CommandError::Taken { field: "email" })), "{taken:?}");
    assert!(log_in(&house, "ada@example.org").await.is_ok(), "what was refused changed nothing");

    let correct =
        Correct { last_name: Some("King".into()), phone: Some(String::new()), ..email("king@example.org") };
    house.commands.correct_account(ada.account, correct, request(2)).await.unwrap();
    assert!(log_in(&house, "king@example.org").await.is_ok());
    assert!(matches!(log_in(&house, "ada@example.org").await, Err(CommandError::WrongCredentials)));
    house.commands.register(person("ada@example.org"), request(3)).await.unwrap();
    let known = account(&house, ada.account).await.person.unwrap();
    assert_eq!(known.last_name.known().unwrap(), "King");
    assert_eq!(known.first_name.known().unwrap(), "Ada");
}

#[tokio::test]
async fn an_address_in_another_spelling_stays_the_persons_own() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    house.commands.correct_account(ada.account, email("Ada@Example.org"), request(1)).await.unwrap();
    let again = house.commands.register(person("ada@example.org"), request(2)).await;
    assert!(matches!(again, Err(CommandError::Taken { field: "email" })));
    let claimed = house.commands.log.claimed_by(ClaimKind::Email, "ada@example.org").await.unwrap();
    assert_eq!(claimed, Some(ada.account.0));
}

#[tokio::test]
async fn a_correction_knows_its_version_and_is_safe_to_send_again() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let send = || house.commands.correct_account(ada.account, email("king@example.org"), keyed("k", 1));
    let first = send().await.unwrap();
    assert_eq!(send().await.unwrap(), first);
    let late = Request { expected: Some(1), ..request(3) };
    let refused = house.commands.correct_account(ada.account, email("ada@example.org"), late).await;
    assert!(matches!(refused, Err(CommandError::Version { expected: 1, actual: 2 })), "{refused:?}");
}

#[tokio::test]
async fn what_is_corrected_is_sealed_as_it_was_before() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    house.commands.correct_account(ada.account, email("king@example.org"), request(1)).await.unwrap();
    let payloads: String = sqlx::query_scalar("SELECT string_agg(payload::text, ' ') FROM events")
        .fetch_one(&house.database.pool)
        .await
        .unwrap();
    assert!(payloads.contains("AccountCorrected"));
    assert!(!payloads.contains("king@example.org") && !payloads.contains("ada@example.org"));
}

#[tokio::test]
async fn nothing_of_a_restricted_person_is_polled_or_shown_until_the_end_was_told() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    house.source(ada, stage, "https://example.org/feed.xml").await;
    let media = house.commands.add_media(ada, stage, PNG.into(), request(0)).await.unwrap();
    let hold = Duration::from_secs(1);
    let due = async |seconds| house.commands.take_due_polls(at(seconds), 9, hold).await.unwrap().len();
    let wait =
        async |seconds| house.commands.next_poll_in(at(seconds), Duration::from_secs(99)).await.unwrap();
    assert_eq!(due(1).await, 1);

    house.commands.restrict_account(ada.account, true, request(2)).await.unwrap();
    assert_eq!(due(10).await, 0);
    assert_eq!(wait(10).await, Duration::from_secs(99), "and nobody waits for it either");
    assert!(matches!(
        house.commands.media(media.id.into()).await,
        Err(CommandError::NotFound(Missing::Media))
    ));
    assert!(!account(&house, ada.account).await.allows(Purpose::Recipients));
    // Also what is linked meanwhile.
    house.source(ada, stage, "https://example.org/other.xml").await;
    assert_eq!(due(20).await, 0);

    let asked = house.commands.restrict_account(ada.account, false, request(30)).await.unwrap();
    assert_eq!(house.commands.lift_restrictions(asked.position - 1, &[], at(31)).await.unwrap(), 0);
    assert_eq!(due(31).await, 0, "the person was not told yet");
    assert!(account(&house, ada.account).await.is_restricted());
    assert_eq!(house.commands.lift_restrictions(asked.position, &[], at(32)).await.unwrap(), 1);
    assert_eq!(due(33).await, 2);
    assert!(house.commands.media(media.id.into()).await.is_ok());
    assert!(account(&house, ada.account).await.allows(Purpose::Recipients));
    assert_eq!(house.commands.lift_restrictions(i64::MAX, &[], at(34)).await.unwrap(), 0);
}

#[tokio::test]
async fn a_stage_goes_on_while_another_of_its_owners_is_not_restricted() {
    let house = House::new().await;
    let (ada, bob) = (house.registered("ada@example.org").await, house.registered("bob@example.org").await);
    let stage = house.stage(ada, "rathaus").await;
    house.source(ada, stage, "https://example.org/feed.xml").await;
    let media = house.commands.add_media(ada, stage, PNG.into(), request(0)).await.unwrap();
    let hold = Duration::from_secs(1);
    let goes_on = async |seconds| {
        let shown = house.commands.media(media.id.into()).await.is_ok();
        let polled = house.commands.take_due_polls(at(seconds), 9, hold).await.unwrap().len() == 1;
        assert_eq!(shown, polled);
        shown
    };
    house.commands.restrict_account(ada.account, true, request(1)).await.unwrap();
    joins(&house, ada, stage, bob, Role::Editor).await;
    assert!(!goes_on(10).await, "an editor is no owner");
    let promote = |role, at| house.commands.change_role(ada, stage, bob.account, role, request(at));
    promote(Role::Owner, 11).await.unwrap();
    assert!(goes_on(20).await);
    house.commands.restrict_account(bob.account, true, request(21)).await.unwrap();
    assert!(!goes_on(30).await);
    let asked = house.commands.restrict_account(bob.account, false, request(31)).await.unwrap();
    house.commands.lift_restrictions(asked.position, &[], at(32)).await.unwrap();
    assert!(goes_on(40).await);
}

#[tokio::test]
async fn an_erasure_closes_no_stage_that_somebody_else_owns_too() {
    let house = House::new().await;
    let (ada, bob) = (house.registered("ada@example.org").await, house.registered("bob@example.org").await);
    let stage = house.stage(ada, "rathaus").await;
    let media = house.commands.add_media(ada, stage, PNG.into(), request(0)).await.unwrap();
    joins(&house, ada, stage, bob, Role::Owner).await;
    let invite = Invite { email: "edsger@example.org".into(), role: Role::Editor, language: Language::En };
    house.commands.invite(ada, stage, invite, request(3)).await.unwrap();
    let erasure = house.commands.erase_account(ada, PASSWORD.into(), request(9)).await.unwrap();
    assert_eq!((erasure.stages, erasure.files, erasure.finished_at), (0, 0, Some(at(9))));
    assert_eq!(known(&house, ada.account).await, ["public.erasures", "public.events"]);
    assert!(house.commands.media(media.id.into()).await.is_ok());
    let team = house.commands.log.load::<Stage>(stage.0).await.unwrap().aggregate.team;
    assert_eq!(team.members.into_iter().collect::<Vec<_>>(), [(bob.account, Role::Owner)]);

    let open = house.commands.invitations(bob, stage, at(9)).await.unwrap();
    assert_eq!((open.len(), open[0].invited_by), (1, AccountId(Uuid::nil())), "it is the stage's");

    // It ends with the last of them, and her receipt is not told of that.
    let erasure = house.commands.erase_account(bob, PASSWORD.into(), request(10)).await.unwrap();
    assert_eq!((erasure.stages, erasure.files), (1, 1));
    assert_eq!(house.commands.erasure(ada.account).await.unwrap().unwrap().stages, 0);
    assert!(house.commands.objects.get(&format!("media/{}", media.id)).await.unwrap().is_none());
}

#[tokio::test]
async fn an_archive_breaks_off_when_its_person_is_erased_while_it_is_sent() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    // More than is made ahead of the reader, and nothing that gets smaller.
    for _ in 0..8 {
        let noise: Vec<u8> =
            std::iter::repeat_with(|| *Uuid::new_v4().as_bytes()).take(20_000).flatten().collect();
        house.commands.add_media(ada, stage, [PNG, &noise].concat().into(), request(0)).await.unwrap();
    }
    let export = async || house.commands.export_account(ada.account, Vec::new(), at(1)).await.unwrap();
    let whole: Result<Vec<_>, _> = export().await.try_collect().await;
    assert!(whole.unwrap().len() > 6);
    let parts = export().await;
    house.commands.erase_account(ada, PASSWORD.into(), request(2)).await.unwrap();
    let parts: Vec<_> = parts.collect().await;
    assert!(matches!(parts.last(), Some(Err(CommandError::NotFound(Missing::Account)))), "{parts:?}");
}

#[tokio::test]
async fn an_end_of_a_restriction_that_fails_holds_up_nobody_elses() {
    let house = House::new().await;
    let (ada, bob) = (house.registered("ada@example.org").await, house.registered("bob@example.org").await);
    for person in [ada, bob] {
        house.commands.restrict_account(person.account, true, request(1)).await.unwrap();
        house.commands.restrict_account(person.account, false, request(2)).await.unwrap();
    }
    // Of a version of the program that is not known here.
    sqlx::query(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         VALUES ('account', $1, 4, 'Unheard', '1', '{\"Unheard\": {}}', '{}')",
    )
    .bind(ada.account.to_string())
    .execute(&house.database.pool)
    .await
    .unwrap();
    let lifted = house.commands.lift_restrictions(i64::MAX, &[], at(3)).await;
    assert!(matches!(lifted, Err(CommandError::Store(_))), "{lifted:?}");
    assert!(!account(&house, bob.account).await.is_restricted());
}

#[tokio::test]
async fn who_is_restricted_anew_while_the_end_is_being_told_stays_restricted() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    house.commands.restrict_account(ada.account, true, request(0)).await.unwrap();
    house.commands.restrict_account(ada.account, false, request(1)).await.unwrap();
    house.commands.restrict_account(ada.account, true, request(2)).await.unwrap();
    house.commands.lift_restrictions(i64::MAX, &[], at(3)).await.unwrap();
    assert!(account(&house, ada.account).await.is_restricted());
}

#[tokio::test]
async fn an_objection_counts_until_it_is_withdrawn() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let object = |objects| house.commands.object(ada.account, Purpose::Recipients, objects, request(1));
    object(true).await.unwrap();
    assert!(!account(&house, ada.account).await.allows(Purpose::Recipients));
    object(false).await.unwrap();
    assert!(account(&house, ada.account).await.allows(Purpose::Recipients));
}

#[tokio::test]
async fn only_the_right_password_erases() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let refused = house.commands.erase_account(ada, "wrong horse battery".into(), request(1)).await;
    assert!(matches!(refused, Err(CommandError::WrongCredentials)));
    assert!(log_in(&house, "ada@example.org").await.is_ok());
}

/// A person with everything that an account can have.
async fn busy_person(house: &House) -> (Actor, Uuid) {
    let ada = house.registered("ada@example.org").await;
    log_in(house, "ada@example.org").await.unwrap();
    house.commands.create_stage(ada, "Rathaus", "rathaus", keyed("k", 1)).await.unwrap();
    let stage = house.stage(ada, "stadt").await;
    house.source(ada, stage, "https://example.org/feed.xml").await;
    let media = house.commands.add_media(ada, stage, PNG.into(), request(0)).await.unwrap();
    house.commands.restrict_account(ada.account, true, request(0)).await.unwrap();
    (ada, media.id)
}

/// The tables that know the account's number.
async fn known(house: &House, account: AccountId) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables
         WHERE schemaname <> 'information_schema' AND schemaname NOT LIKE 'pg\\_%'",
    )
    .fetch_all(&house.database.pool)
    .await
    .unwrap();
    assert!(tables.len() > 10);
    let mut known = Vec::new();
    for table in tables {
        let sql = format!("SELECT EXISTS (SELECT FROM {table} t WHERE t::text LIKE '%' || $1 || '%')");
        let account = account.to_string();
        if sqlx::query_scalar(&sql).bind(account).fetch_one(&house.database.pool).await.unwrap() {
            known.push(table);
        }
    }
    known.sort();
    known
}

#[tokio::test]
async fn after_an_erasure_no_table_but_the_log_and_the_receipt_knows_the_account() {
    let house = House::new().await;
    let (ada, media) = busy_person(&house).await;
    let erasure = house.commands.erase_account(ada, PASSWORD.into(), request(9)).await.unwrap();
    assert_eq!((erasure.stages, erasure.files, erasure.finished_at), (2, 1, Some(at(9))));
    assert!(house.commands.objects.get(&format!("media/{media}")).await.unwrap().is_none());

    assert_eq!(known(&house, ada.account).await, ["public.erasures", "public.events"]);
    assert!(account(&house, ada.account).await.erased);
    assert!(matches!(log_in(&house, "ada@example.org").await, Err(CommandError::WrongCredentials)));
    // The address and the handles are free.
    let bob = house.registered("ada@example.org").await;
    house.stage(bob, "rathaus").await;
    let refused = house.commands.create_stage(ada, "Mine", "mine", request(10)).await;
    assert!(matches!(refused, Err(CommandError::NotLoggedIn)), "{refused:?}");
}

/// How many rows of the table of keys hold these bytes, deleted ones too.
async fn rows_with(house: &House, wrapped: &[u8]) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM generate_series(0, pg_relation_size('subject_keys') / 8192 - 1) AS page,
             heap_page_items(get_raw_page('subject_keys', page::int)) WHERE position($1 IN t_data) > 0",
    )
    .bind(wrapped)
    .fetch_one(&house.database.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn the_row_of_a_destroyed_key_is_gone_before_the_receipt_or_once_nobody_may_see_it_any_more() {
    let house = House::new().await;
    let pool = &house.database.pool;
    sqlx::query("CREATE EXTENSION pageinspect").execute(pool).await.unwrap();
    let wrapped = async |account: AccountId| -> Vec<u8> {
        sqlx::query_scalar("SELECT wrapped FROM subject_keys WHERE subject = $1")
            .bind(account.0)
            .fetch_one(pool)
            .await
            .unwrap()
    };
    let ada = house.registered("ada@example.org").await.account;
    let key = wrapped(ada).await;
    assert_eq!(rows_with(&house, &key).await, 1);
    assert!(house.commands.erase(ada, None, request(1)).await.unwrap().receipt.is_some());
    assert_eq!(rows_with(&house, &key).await, 0);

    let bob = house.registered("bob@example.org").await.account;
    let key = wrapped(bob).await;
    let mut old = pool.begin().await.unwrap();
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").execute(&mut *old).await.unwrap();
    sqlx::query("SELECT count(*) FROM subject_keys").execute(&mut *old).await.unwrap();
    assert!(house.commands.erase(bob, None, request(2)).await.unwrap().receipt.is_some(), "nobody waits");
    assert_eq!(rows_with(&house, &key).await, 1);
    old.commit().await.unwrap();
    house.commands.sweep(at(3)).await.unwrap();
    assert_eq!(rows_with(&house, &key).await, 0);
}

#[tokio::test]
async fn a_request_that_was_under_way_when_its_person_was_erased_leaves_no_row() {
    let house = House::new().await;
    for (what, table) in [
        ("a change", "idempotency_keys"),
        ("a link that was followed before", "idempotency_keys"),
        ("a second factor", "second_factors"),
        ("a restriction", "restrictions"),
    ] {
        let (ada, _) = busy_person(&house).await;
        let stage = house.stage(ada, "ratsaal").await;
        let (pool, commands) = (&house.database.pool, &house.commands);
        let link = commands.verification_token(ada.account, "ada@example.org", at(9));
        commands.verify_email(&link, request(1)).await.unwrap();
        let mut lock = pool.begin().await.unwrap();
        sqlx::query(&format!("LOCK TABLE {table} IN SHARE MODE")).execute(&mut *lock).await.unwrap();
        let request_under_way = async {
            // The erasure is in the midst of its transaction, and nobody sees anything of it yet.
            house.blocked(1).await;
            match what {
                "a change" => commands
                    .change_stage(ada, stage, Some("Neu"), None, keyed("under way", 2))
                    .await
                    .map(drop),
                "a link that was followed before" => {
                    commands.verify_email(&link, keyed("under way", 2)).await.map(drop)
                }
                "a second factor" => {
                    commands.begin_second_factor(ada, PASSWORD.into(), [7; 20], at(1)).await.map(drop)
                }
                _ => commands.restrict_account(ada.account, true, request(1)).await.map(drop),
            }
        };
        let let_go = async {
            house.blocked(2).await;
            lock.commit().await.unwrap();
        };
        let erase = commands.erase(ada.account, None, request(1));
        let (erasure, refused, ()) = tokio::join!(erase, request_under_way, let_go);
        assert!(erasure.unwrap().receipt.is_some());
        match what {
            "a link that was followed before" => assert!(matches!(refused, Err(CommandError::Invalid(_)))),
            _ => assert!(matches!(refused, Err(CommandError::NotLoggedIn)), "{what}: {refused:?}"),
        }
        assert_eq!(known(&house, ada.account).await, ["public.erasures", "public.events"], "{what}");
    }
}

#[tokio::test]
async fn the_receipt_is_signed_and_names_nobody() {
    let house = House::new().await;
    let (ada, _) = busy_person(&house).await;
    let erasure = house.commands.erase(ada.account, None, request(9)).await.unwrap();
    let receipt = erasure.receipt.unwrap();
    let log = &house.commands.log;
    let verifier = log.keyring().receipt_verifier(log.pool()).await.unwrap();
    let verifier = signed_note::StandardVerifier::new(&verifier).unwrap();
    let known = signed_note::VerifierList::new(vec![Box::new(verifier)]);
    let note = signed_note::Note::from_bytes(receipt.as_bytes()).unwrap();
    assert_eq!(note.verify(&known).unwrap().0.len(), 1);
    assert!(receipt.contains(&ada.account.to_string()) && receipt.contains("stages closed 2"));
    for value in ["Ada", "Lovelace", "ada@example.org"] {
        assert!(!receipt.contains(value));
    }
    // Asked again, it is the same one.
    assert_eq!(house.commands.erase(ada.account, None, request(10)).await.unwrap().receipt, Some(receipt));
}

#[tokio::test]
async fn an_erasure_that_was_cut_off_anywhere_is_finished_by_the_next_who_looks() {
    let house = House::new().await;
    let (ada, media) = busy_person(&house).await;
    let pool = &house.database.pool;
    // The object store is away: everything but the files is done.
    let away = house.without_objects().await;
    let erasure = away.erase_account(ada, PASSWORD.into(), request(9)).await.unwrap();
    assert_eq!((erasure.finished_at, erasure.receipt), (None, None));
    assert!(matches!(log_in(&house, "ada@example.org").await, Err(CommandError::WrongCredentials)));
    assert!(matches!(away.finish_erasures(at(10)).await, Err(CommandError::Store(_))));
    assert!(house.commands.objects.get(&format!("media/{media}")).await.unwrap().is_some());

    assert_eq!(house.commands.finish_erasures(at(11)).await.unwrap(), 1);
    assert!(house.commands.objects.get(&format!("media/{media}")).await.unwrap().is_none());
    let erasure = house.commands.erasure(ada.account).await.unwrap().unwrap();
    assert_eq!((erasure.stages, erasure.files, erasure.finished_at), (2, 1, Some(at(11))));
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM stage_owners").fetch_one(pool).await.unwrap();
    assert_eq!(left, 0);
    assert_eq!(house.commands.finish_erasures(at(12)).await.unwrap(), 0);
}

#[tokio::test]
async fn files_of_a_stage_that_was_closed_while_the_object_store_was_away_go_later() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let media = house.commands.add_media(ada, stage, PNG.into(), request(0)).await.unwrap().id;
    house.without_objects().await.close_stage(ada, stage, request(1)).await.unwrap();
    assert!(house.commands.objects.get(&format!("media/{media}")).await.unwrap().is_some());
    house.commands.finish_erasures(at(2)).await.unwrap();
    assert!(house.commands.objects.get(&format!("media/{media}")).await.unwrap().is_none());
}
