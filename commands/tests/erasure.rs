//! What an erasure takes with it, what it leaves, and that nothing keeps it from its end.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SecondsFormat, Utc};
use common::{House, PASSWORD, at, invite, keyed, request};
use stage_commands::{Actor, CommandError};
use stage_domain::{
    AccountId,
    stage::{Role, Stage},
};
use uuid::Uuid;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n rest";

#[tokio::test]
async fn an_erasure_closes_no_stage_that_somebody_else_owns_too() {
    let house = House::new().await;
    let (ada, bob) = (house.registered("ada@example.org").await, house.registered("bob@example.org").await);
    let stage = house.stage(ada, "rathaus").await;
    let media = house.commands.add_media(ada, stage, PNG.into(), request(0)).await.unwrap();
    house.joins(ada, stage, bob, Role::Owner).await;
    let invite = invite("edsger@example.org", Role::Editor);
    house.commands.invite(ada, stage, invite, request(3)).await.unwrap();
    let erasure = house.commands.erase_account(ada, PASSWORD.into(), request(9), &|| at(9)).await.unwrap();
    assert_eq!((erasure.stages, erasure.files, erasure.finished_at), (0, 0, Some(at(9))));
    assert_eq!(known(&house, ada.account).await, ["public.erasures", "public.events"]);
    assert!(house.commands.media(media.id.into()).await.is_ok());
    let team = house.commands.log.load::<Stage>(stage.0).await.unwrap().aggregate.team;
    assert_eq!(team.members.into_iter().collect::<Vec<_>>(), [(bob.account, Role::Owner)]);

    let open = house.commands.invitations(bob, stage, at(9)).await.unwrap();
    assert_eq!((open.len(), open[0].invited_by), (1, AccountId(Uuid::nil())), "it is the stage's");

    // It ends with the last of them, and her receipt is not told of that.
    let erasure = house.commands.erase_account(bob, PASSWORD.into(), request(10), &|| at(10)).await.unwrap();
    assert_eq!((erasure.stages, erasure.files), (1, 1));
    assert_eq!(house.commands.erasure(ada.account).await.unwrap().unwrap().stages, 0);
    assert!(house.commands.objects.get(&format!("media/{}", media.id)).await.unwrap().is_none());
}

#[tokio::test]
async fn only_the_right_password_erases() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let refused =
        house.commands.erase_account(ada, "wrong horse battery".into(), request(1), &|| at(1)).await;
    assert!(
        matches!(&refused, Err(CommandError::Invalid(invalid)) if invalid.0[0].field == "password"),
        "{refused:?}"
    );
    assert!(house.log_in("ada@example.org").await.is_ok());
}

/// A person with everything that an account can have.
async fn busy_person(house: &House) -> (Actor, Uuid) {
    let ada = house.registered("ada@example.org").await;
    house.log_in("ada@example.org").await.unwrap();
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
    let erasure = house.commands.erase_account(ada, PASSWORD.into(), request(9), &|| at(9)).await.unwrap();
    assert_eq!((erasure.stages, erasure.files, erasure.finished_at), (2, 1, Some(at(9))));
    assert!(house.commands.objects.get(&format!("media/{media}")).await.unwrap().is_none());

    assert_eq!(known(&house, ada.account).await, ["public.erasures", "public.events"]);
    assert!(house.account(ada.account).await.erased);
    assert!(matches!(house.log_in("ada@example.org").await, Err(CommandError::WrongCredentials)));
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
    assert!(house.commands.erase(ada, None, request(1), &|| at(1)).await.unwrap().receipt.is_some());
    assert_eq!(rows_with(&house, &key).await, 0);

    let bob = house.registered("bob@example.org").await.account;
    let key = wrapped(bob).await;
    let mut old = pool.begin().await.unwrap();
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").execute(&mut *old).await.unwrap();
    sqlx::query("SELECT count(*) FROM subject_keys").execute(&mut *old).await.unwrap();
    assert!(
        house.commands.erase(bob, None, request(2), &|| at(2)).await.unwrap().receipt.is_some(),
        "nobody waits"
    );
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
            house.database.blocked(1).await;
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
            house.database.blocked(2).await;
            lock.commit().await.unwrap();
        };
        let erase = commands.erase(ada.account, None, request(1), &|| at(1));
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
    let erasure = house.commands.erase(ada.account, None, request(9), &|| at(9)).await.unwrap();
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
    assert_eq!(
        house.commands.erase(ada.account, None, request(10), &|| at(10)).await.unwrap().receipt,
        Some(receipt)
    );
}

#[tokio::test]
async fn a_receipt_says_when_the_erasure_was_finished_and_not_when_it_was_asked_for() {
    let house = House::new().await;
    let (ada, _) = busy_person(&house).await;
    // A second passes whenever somebody looks.
    let looks = AtomicI64::new(9);
    let clock = || at(looks.fetch_add(1, Ordering::Relaxed) + 1);
    let erasure = house.commands.erase(ada.account, None, request(9), &clock).await.unwrap();
    let finished_at = at(looks.load(Ordering::Relaxed));
    assert_eq!((erasure.erased_at, erasure.finished_at), (at(9), Some(finished_at)));
    assert!(finished_at >= at(11), "the stages were closed before");
    let receipt = erasure.receipt.unwrap();
    let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    assert!(receipt.contains(&format!("\nkey destroyed {}\n", time(at(9)))), "{receipt}");
    assert!(receipt.contains(&format!("\nfinished {}\n", time(finished_at))), "{receipt}");
}

#[tokio::test]
async fn an_erasure_that_was_cut_off_anywhere_is_finished_by_the_next_who_looks() {
    let house = House::new().await;
    let (ada, media) = busy_person(&house).await;
    let pool = &house.database.pool;
    // The object store is away: everything but the files is done.
    let away = house.without_objects().await;
    let erasure = away.erase_account(ada, PASSWORD.into(), request(9), &|| at(9)).await.unwrap();
    assert_eq!((erasure.finished_at, erasure.receipt), (None, None));
    assert!(matches!(house.log_in("ada@example.org").await, Err(CommandError::WrongCredentials)));
    assert!(matches!(away.finish_erasures(&|| at(10)).await, Err(CommandError::Store(_))));
    assert!(house.commands.objects.get(&format!("media/{media}")).await.unwrap().is_some());

    assert_eq!(house.commands.finish_erasures(&|| at(11)).await.unwrap(), 1);
    assert!(house.commands.objects.get(&format!("media/{media}")).await.unwrap().is_none());
    let erasure = house.commands.erasure(ada.account).await.unwrap().unwrap();
    assert_eq!((erasure.stages, erasure.files, erasure.finished_at), (2, 1, Some(at(11))));
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM stage_owners").fetch_one(pool).await.unwrap();
    assert_eq!(left, 0);
    assert_eq!(house.commands.finish_erasures(&|| at(12)).await.unwrap(), 0);
}

#[tokio::test]
async fn files_of_a_stage_that_was_closed_while_the_object_store_was_away_go_later() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let media = house.commands.add_media(ada, stage, PNG.into(), request(0)).await.unwrap().id;
    house.without_objects().await.close_stage(ada, stage, request(1)).await.unwrap();
    assert!(house.commands.objects.get(&format!("media/{media}")).await.unwrap().is_some());
    house.commands.finish_erasures(&|| at(2)).await.unwrap();
    assert!(house.commands.objects.get(&format!("media/{media}")).await.unwrap().is_none());
}
