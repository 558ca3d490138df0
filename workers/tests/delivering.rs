//! Telling recipients: what they are told, in which order, how often, and what a crash leaves behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use common::{House, person};
use stage_commands::{accounts::Correct, members::Invite};
use stage_domain::{
    InvitationId, Language,
    account::{Account, Purpose},
    stage::Role,
};
use stage_projections::{
    ProjectionError,
    outbox::{DELIVERY_LIFE, Delivery, News, Routes},
};
use stage_store::{Log, Recorded, StoreError};
use stage_testkit::{FakeSlack, FakeSmtp, TakenMail};
use stage_workers::{
    delivering::{
        Parcel, RESTRICTED, Recipient, Settings,
        recipients::{Slack, mail::Folder},
    },
    rights::{HandedOver, Told as _},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Pauses short enough for a test, and few tries.
fn quick() -> Settings {
    Settings {
        tries: 4,
        first_pause: Duration::from_millis(20),
        look_every: Duration::from_millis(20),
        watch_every: Duration::from_millis(50),
        rest: Duration::from_millis(50),
        ..Settings::default()
    }
}

#[tokio::test]
async fn slack_is_told_who_registered_and_which_stage_is_new_and_nothing_of_it_is_in_the_outbox() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    let working = house.tell_slack(&slack, quick()).await;
    let ada = house.register("ada@example.org").await;
    house.stage(ada, "rathaus").await;
    let posts = slack.took(2).await;
    for fact in ["New registration", "First name: Ada", "Last name: Lovelace", "E-mail: ada@example.org"] {
        assert!(posts[0].text.contains(fact), "{}", posts[0].text);
    }
    assert!(posts[0].text.contains("Phone: +49 30 1234567"));
    assert!(posts[1].text.contains("New stage") && posts[1].text.contains("Name: Rathaus"));
    assert!(!posts[1].text.contains("Ada") && !posts[1].text.contains(&ada.account.to_string()));
    assert_eq!(house.settled("sent", 2).await.len(), 2);
    let rows: String = sqlx::query_scalar("SELECT string_agg(d::text, ' ') FROM outbox.deliveries d")
        .fetch_one(&house.database.pool)
        .await
        .unwrap();
    for value in ["Ada", "Lovelace", "ada@example.org", "1234567", "Rathaus"] {
        assert!(!rows.contains(value), "{value} is in the outbox");
    }
    working.abort();
}

#[tokio::test]
async fn a_recipient_is_told_of_nothing_that_was_before_it_was_set_up() {
    let house = House::new().await;
    house.register("bob@example.org").await;
    let slack = FakeSlack::start().await;
    let working = house.tell_slack(&slack, quick()).await;
    house.register("ada@example.org").await;
    let posts = slack.came(1).await;
    assert!(posts[0].text.contains("ada@example.org"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(slack.posts().len(), 1);
    working.abort();
}

#[tokio::test]
async fn a_recipient_that_is_set_up_while_an_append_is_open_is_told_of_it_too() {
    let house = House::new().await;
    let mut open = house.database.pool.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         VALUES ('stage', $1, 1, 'StageCreated', '1', json_build_object('StageCreated', json_build_object(
             'owner', $1, 'name', 'Rathaus', 'handle', 'rathaus', 'at', '2026-11-25T00:00:00Z')), '{}')",
    )
    .bind(Uuid::now_v7().to_string())
    .execute(&mut *open)
    .await
    .unwrap();
    // Its position is the higher one, and it can be seen.
    house.register("bob@example.org").await;
    let slack = FakeSlack::start().await;
    let working = house.tell_slack(&slack, quick()).await;
    open.commit().await.unwrap();
    let posts = slack.took(1).await;
    assert!(posts[0].text.contains("Rathaus"), "{posts:?}");
    working.abort();
}

#[tokio::test]
async fn one_that_asks_to_wait_is_left_alone_for_so_long_and_everything_comes_in_order() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    slack.will_answer([(429, "rate_limited", Some(2)), (503, "", None)]);
    let working = house.tell_slack(&slack, quick()).await;
    house.register("one@example.org").await;
    house.register("two@example.org").await;
    let refused = slack.came(2).await;
    assert_eq!([refused[0].status, refused[1].status], [429, 503]);
    assert!(refused[1].at - refused[0].at >= Duration::from_secs(2));
    let taken = slack.took(2).await;
    assert!(
        refused[..2]
            .iter()
            .chain(&taken[..1])
            .all(|post| post.text.contains("one@") && post.key == refused[0].key)
    );
    assert!(taken[1].text.contains("two@") && taken[1].key != taken[0].key);
    working.abort();
}

#[tokio::test]
async fn what_is_refused_is_dead_at_once_and_holds_up_nothing() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    slack.will_answer([(400, "invalid_payload", None)]);
    let working = house.tell_slack(&slack, quick()).await;
    house.register("one@example.org").await;
    house.register("two@example.org").await;
    let posts = slack.took(1).await;
    assert!(posts[0].text.contains("two@"));
    let dead = house.settled("dead", 1).await;
    assert_eq!((dead[0].tries, dead[0].reason.as_deref()), (1, Some("invalid_payload")));
    assert!(house.deliveries().give_up(dead[0].id, "nobody misses it", chrono::Utc::now()).await.unwrap());
    assert!(!house.deliveries().give_up(dead[0].id, "twice", chrono::Utc::now()).await.unwrap());
    house.settled("dropped", 1).await;
    working.abort();
}

#[tokio::test]
async fn what_fails_again_and_again_is_dead_after_so_many_tries_and_can_be_sent_once_more() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    slack.will_answer([(404, "no_service", None); 4]);
    let working = house.tell_slack(&slack, quick()).await;
    house.register("ada@example.org").await;
    let dead = house.settled("dead", 1).await;
    assert_eq!((dead[0].tries, dead[0].reason.as_deref()), (4, Some("no_service")));
    let status = house.deliveries().status().await.unwrap();
    assert_eq!((status[0].recipient.as_str(), status[0].dead, status[0].waiting), ("slack", 1, 0));
    assert_eq!(house.deliveries().troubles(10).await.unwrap()[0].id, dead[0].id);
    assert!(house.deliveries().retry(dead[0].id, chrono::Utc::now()).await.unwrap());
    house.settled("sent", 1).await;
    let posts = slack.posts();
    assert_eq!(posts.len(), 5);
    assert!(posts.iter().all(|post| post.key == dead[0].id.to_string()));
    working.abort();
}

#[tokio::test]
async fn killed_between_sending_and_noting_it_sends_again_with_the_same_key_and_in_order() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    slack.hold(true);
    let working = house.tell_slack(&slack, quick()).await;
    house.register("one@example.org").await;
    house.register("two@example.org").await;
    slack.came(1).await;
    working.abort();
    let _ = working.await;
    slack.hold(false);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let working = house.tell_slack(&slack, quick()).await;
    let posts = slack.took(3).await;
    assert_eq!(posts[0].key, posts[1].key);
    assert!(posts[1].text.contains("one@") && posts[2].text.contains("two@"));
    // It is noted whom the first was about although nobody lived to hear the answer.
    let disclosed: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox.disclosures")
        .fetch_one(&house.database.pool)
        .await
        .unwrap();
    assert_eq!(disclosed, 2);
    working.abort();
}

#[tokio::test]
async fn each_event_is_enqueued_once_however_often_the_worker_dies() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    // Nothing leaves, so that all that is enqueued stays to be counted.
    slack.hold(true);
    let mut working = house.tell_slack(&slack, quick()).await;
    for number in 0..12 {
        house.register(&format!("p{number}@example.org")).await;
        if number % 2 == 1 {
            working.abort();
            let _ = working.await;
            working = house.tell_slack(&slack, quick()).await;
        }
    }
    house.enqueued(12).await;
    // Not even a checkpoint that somebody sets back enqueues anything twice.
    working.abort();
    let _ = working.await;
    sqlx::query("UPDATE projection_checkpoints SET position = 0 WHERE name = 'outbox_slack'")
        .execute(&house.database.pool)
        .await
        .unwrap();
    let working = house.tell_slack(&slack, quick()).await;
    house.caught_up("outbox_slack").await;
    assert_eq!(house.enqueued(12).await, 12);
    working.abort();
}

#[tokio::test]
async fn of_two_workers_one_sends() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    let one = house.tell_slack(&slack, quick()).await;
    let two = house.tell_slack(&slack, quick()).await;
    for number in 0..3 {
        house.register(&format!("p{number}@example.org")).await;
    }
    house.settled("sent", 3).await;
    assert_eq!(slack.posts().len(), 3);
    one.abort();
    two.abort();
}

#[tokio::test]
async fn an_error_of_the_system_is_told_once_and_says_nothing_about_a_person() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    sqlx::query(
        "INSERT INTO projection_checkpoints (name, version, position, state, failed_position, error)
         VALUES ('feed', 1, 4, 'failed', 5, 'PostImported version 1: the field text is missing')",
    )
    .execute(&house.database.pool)
    .await
    .unwrap();
    let working = house.tell_slack(&slack, quick()).await;
    let posts = slack.came(1).await;
    for part in ["A part of Stage has stopped", "feed", "At position: 5", "stage projections status"] {
        assert!(posts[0].text.contains(part), "{}", posts[0].text);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(slack.posts().len(), 1);
    working.abort();
}

#[tokio::test]
async fn a_person_whose_key_is_destroyed_is_not_told_of() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    slack.will_answer([(503, "", Some(2))]);
    let working = house.tell_slack(&slack, quick()).await;
    let ada = house.register("ada@example.org").await;
    slack.came(1).await;
    sqlx::query("DELETE FROM subject_keys WHERE subject = $1")
        .bind(ada.account.0)
        .execute(&house.database.pool)
        .await
        .unwrap();
    let withheld = house.settled("withheld", 1).await;
    assert_eq!(withheld[0].reason.as_deref(), Some("erased"));
    assert_eq!(slack.posts().len(), 1);
    working.abort();
}

#[tokio::test]
async fn mails_in_the_folder_are_sealed_until_their_person_is_erased() {
    let house = House::new().await;
    let folder = tempfile::tempdir().unwrap();
    let kept = Arc::new(Folder::new(folder.path().to_owned(), house.log.clone(), common::clock()));
    let working = house.mail(kept.clone(), quick()).await;
    let mut ada = person("ada@example.org");
    ada.language = stage_domain::Language::De;
    let ada = house.register_as(ada).await;
    house.settled("sent", 1).await;
    let list = kept.list().unwrap();
    assert_eq!((list.len(), list[0].kind.as_str()), (1, "verification"));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains("ada@example.org") && !text.contains("Ada") && !text.contains("verify-email"));
    }
    let mail = kept.open(&list[0]).await.unwrap().unwrap();
    assert_eq!(mail.to, "ada@example.org");
    assert!(
        mail.text.contains("Guten Tag Ada,") && mail.text.contains("https://stage.example/verify-email#")
    );
    sqlx::query("DELETE FROM subject_keys WHERE subject = $1")
        .bind(ada.account.0)
        .execute(&house.database.pool)
        .await
        .unwrap();
    assert!(kept.open(&list[0]).await.unwrap().is_none());
    working.abort();
}

#[tokio::test]
async fn the_hourly_sweep_empties_the_folder_though_no_mail_follows_also_of_what_a_crash_left() {
    let house = House::new().await;
    let folder = tempfile::tempdir().unwrap();
    let kept = Arc::new(Folder::new(folder.path().to_owned(), house.log.clone(), common::clock()));
    let working = house.mail(kept.clone(), quick()).await;
    house.register("ada@example.org").await;
    house.settled("sent", 1).await;
    working.abort();
    std::fs::write(folder.path().join(format!("{}.new", Uuid::now_v7())), "half a mail").unwrap();
    let lying = |end: &str| {
        let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|its| its == end)).count()
    };
    let mailer = house.mailer(kept);
    mailer.sweep(chrono::Utc::now() + chrono::TimeDelta::hours(23)).unwrap();
    assert_eq!((lying("json"), lying("new")), (1, 1), "it may still be on its way to its name");
    for (hours, left) in [(25, (1, 0)), (30 * 24 + 1, (0, 0))] {
        let later: stage_workers::Clock =
            Arc::new(move || chrono::Utc::now() + chrono::TimeDelta::hours(hours));
        let sweeping = tokio::spawn(stage_workers::sweeping::run(
            house.commands.clone(),
            house.deliveries(),
            vec![mailer.clone()],
            later,
            CancellationToken::new(),
        ));
        house.until("swept", async || (lying("json"), lying("new")) == left).await;
        sweeping.abort();
    }
}

#[tokio::test]
async fn the_link_of_a_mail_verifies_its_own_address_once_and_for_two_days() {
    let house = House::new().await;
    let smtp = FakeSmtp::start().await;
    let working = house.mail(Arc::new(common::smtp(&smtp)), quick()).await;
    house.register("ada@example.org").await;
    let token = common::token(&smtp.came(1).await[0].data, "verify-email");
    let at = |hours| common::request_in(chrono::TimeDelta::hours(hours));
    let late = house.commands.verify_email(&token, at(49)).await;
    assert!(late.is_err(), "{late:?}");
    let other = house.commands.reset_password(&token, "another horse battery".into(), at(0)).await;
    assert!(other.is_err(), "a link for one thing is none for another: {other:?}");
    let first = house.commands.verify_email(&token, at(0)).await.unwrap();
    let again = house.commands.verify_email(&token, at(1)).await.unwrap();
    assert_eq!(first.version, again.version, "a second time changes nothing");
    working.abort();
}

#[tokio::test]
async fn an_address_that_does_not_work_holds_up_nobody_and_a_busy_server_gets_the_same_mail_again() {
    let house = House::new().await;
    let smtp = FakeSmtp::start().await;
    let working = house.mail(Arc::new(common::smtp(&smtp)), quick()).await;
    house.register("unknown@example.org").await;
    house.register("busy@example.org").await;
    house.register("ada@example.org").await;
    let mails = smtp.came(2).await;
    let mut to: Vec<_> = mails.iter().map(|mail| mail.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["ada@example.org", "busy@example.org"]);
    let dead = house.settled("dead", 1).await;
    assert_eq!((dead[0].tries, dead[0].reason.as_deref()), (1, Some("mailbox_unknown")));
    let sent = house.settled("sent", 2).await;
    let busy = sent.iter().find(|delivery| delivery.tries == 2).expect("was tried twice");
    let mail = mails.iter().find(|mail| mail.to.starts_with("busy")).unwrap();
    assert!(mail.data.contains(&format!("Message-ID: <{}@stage.example>", busy.id)), "{}", mail.data);
    working.abort();
}

#[tokio::test]
async fn a_correction_and_an_erasure_go_to_who_got_the_data_and_to_nobody_else() {
    let house = House::new().await;
    let old = house.register("old@example.org").await;
    let slack = FakeSlack::start().await;
    let working = house.tell_slack(&slack, quick()).await;
    let ada = house.register("ada@example.org").await;
    house.settled("sent", 1).await;
    for person in [old, ada] {
        let correct = Correct { last_name: Some("Byron".into()), ..Correct::default() };
        house.commands.correct_account(person.account, correct, common::request()).await.unwrap();
        house.commands.erase(person.account, None, common::request()).await.unwrap();
    }
    // Erased before the correction could be sent, or not: either way the last word is the erasure.
    house
        .until("the erasure is told", async || {
            slack.posts().iter().any(|post| post.status == 200 && post.text.contains("Erasure"))
        })
        .await;
    house.settled("withheld", 2).await;
    let posts = slack.posts();
    let last = posts.last().unwrap();
    assert!(last.text.contains("Erasure") && last.text.contains(&ada.account.to_string()), "{}", last.text);
    assert!(!last.text.contains("Ada") && !last.text.contains("ada@"));
    assert!(posts.iter().all(|post| !post.text.contains(&old.account.to_string())));
    house
        .until("who was told to forget is noted to know nothing", async || {
            let disclosed: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox.disclosures")
                .fetch_one(&house.database.pool)
                .await
                .unwrap();
            disclosed == 0
        })
        .await;
    working.abort();
}

#[tokio::test]
async fn a_correction_tells_what_is_right_now() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    let working = house.tell_slack(&slack, quick()).await;
    let ada = house.register("ada@example.org").await;
    house.settled("sent", 1).await;
    let correct = Correct { last_name: Some("Byron".into()), ..Correct::default() };
    house.commands.correct_account(ada.account, correct, common::request()).await.unwrap();
    let posts = slack.took(2).await;
    assert!(posts[1].text.contains("Corrected data") && posts[1].text.contains("Last name: Byron"));
    assert!(posts[1].text.contains(&ada.account.to_string()), "it can be found by the account");
    working.abort();
}

#[tokio::test]
async fn a_correction_after_an_objection_is_told_to_who_has_the_data_without_what_it_says() {
    let house = House::new().await;
    let eve = house.register("eve@example.org").await;
    let slack = FakeSlack::start().await;
    let working = house.tell_slack(&slack, quick()).await;
    let ada = house.register("ada@example.org").await;
    house.settled("sent", 1).await;
    for person in [eve, ada] {
        house.commands.object(person.account, Purpose::Recipients, true, common::request()).await.unwrap();
        let correct = Correct { last_name: Some("Byron".into()), ..Correct::default() };
        house.commands.correct_account(person.account, correct, common::request()).await.unwrap();
    }
    house.settled("sent", 2).await;
    let withheld = house.settled("withheld", 1).await;
    assert_eq!(withheld[0].reason.as_deref(), Some("never_told"), "of Eve nobody was told");
    let posts = slack.posts();
    assert_eq!(posts.len(), 2, "{posts:?}");
    let told = &posts[1].text;
    assert!(told.contains("please delete it") && told.contains(&ada.account.to_string()), "{told}");
    assert!(["Ada", "Byron", "ada@", "1234567"].iter().all(|value| !told.contains(value)), "{told}");
    // And of the erasure too.
    house.commands.erase(ada.account, None, common::request()).await.unwrap();
    assert!(slack.took(3).await[2].text.contains("Erasure"));
    working.abort();
}

#[tokio::test]
async fn nothing_is_sent_of_a_restricted_person_until_it_is_lifted_and_of_one_who_objects_never() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    slack.will_answer([(503, "", Some(6))]);
    let working = house.tell_slack(&slack, quick()).await;
    // One message is being tried again; meanwhile the others change their minds.
    house.register("first@example.org").await;
    slack.came(1).await;
    let ada = house.register("ada@example.org").await;
    let bob = house.register("bob@example.org").await;
    house.stage(ada, "rathaus").await;
    house.commands.restrict_account(ada.account, true, common::request()).await.unwrap();
    house.commands.object(bob.account, Purpose::Recipients, true, common::request()).await.unwrap();
    let withheld = house.settled("withheld", 3).await;
    let reasons: Vec<_> = withheld.iter().map(|delivery| delivery.reason.as_deref().unwrap()).collect();
    assert_eq!(reasons, ["restricted", "objected", "restricted"]);
    house.commands.restrict_account(ada.account, false, common::request()).await.unwrap();
    let lifted = house.commands.lift_restrictions(i64::MAX, &[], chrono::Utc::now()).await.unwrap();
    assert_eq!(lifted, 1);
    let posts = slack.took(3).await;
    assert!(posts[1].text.contains("ada@example.org") && posts[2].text.contains("New stage"));
    assert!(posts.iter().all(|post| !post.text.contains("bob@")));
    working.abort();
}

#[tokio::test]
async fn what_a_restriction_kept_back_is_never_sent_of_one_who_is_erased_and_does_not_stay() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    slack.will_answer([(503, "", Some(6))]);
    let working = house.tell_slack(&slack, quick()).await;
    // One message is being tried again; meanwhile Ada is restricted.
    house.register("first@example.org").await;
    slack.came(1).await;
    let ada = house.register("ada@example.org").await;
    house.stage(ada, "rathaus").await;
    house.commands.restrict_account(ada.account, true, common::request()).await.unwrap();
    let correct = Correct { last_name: Some("Byron".into()), ..Correct::default() };
    house.commands.correct_account(ada.account, correct, common::request()).await.unwrap();
    let withheld = house.settled("withheld", 3).await;
    assert!(withheld.iter().all(|delivery| delivery.reason.as_deref() == Some("restricted")));
    let late = chrono::Utc::now() + DELIVERY_LIFE + chrono::TimeDelta::hours(1);
    house.deliveries().sweep(late).await.unwrap();
    assert_eq!(house.settled("withheld", 3).await.len(), 3, "they wait for the restriction to be lifted");
    house.commands.erase(ada.account, None, common::request()).await.unwrap();
    // With what would tell of the erasure, had Slack ever been told of the person.
    let settled = house.settled("withheld", 4).await;
    let reasons: Vec<_> = settled.iter().map(|delivery| delivery.reason.as_deref().unwrap()).collect();
    assert_eq!(reasons, ["erased", "erased", "erased", "never_told"]);
    house.deliveries().sweep(late).await.unwrap();
    let about_her: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox.deliveries WHERE about = $1")
        .bind(ada.account.0)
        .fetch_one(&house.database.pool)
        .await
        .unwrap();
    assert_eq!(about_her, 0);
    assert_eq!(slack.took(1).await.len(), 1, "nothing of it was sent");
    working.abort();
}

#[tokio::test]
async fn what_was_kept_back_before_an_erasure_let_go_of_it_is_let_go_of_by_the_next_worker() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    let working = house.tell_slack(&slack, quick()).await;
    let ada = house.register("ada@example.org").await;
    house.settled("sent", 1).await;
    house.commands.erase(ada.account, None, common::request()).await.unwrap();
    house.settled("sent", 2).await;
    working.abort();
    // As an older version left it.
    sqlx::query(
        "UPDATE outbox.deliveries SET state = 'withheld', reason = 'restricted' WHERE kind = 'registration'",
    )
    .execute(&house.database.pool)
    .await
    .unwrap();
    let working = house.tell_slack(&slack, quick()).await;
    house
        .until("it is looked at again", async || {
            house
                .settled("withheld", 0)
                .await
                .iter()
                .any(|delivery| delivery.reason.as_deref() == Some("erased"))
        })
        .await;
    assert_eq!(slack.posts().len(), 2, "and nothing of it is sent");
    working.abort();
}

/// Slack, where a restriction that was seen has ended before what is kept back is noted.
struct LiftedMeanwhile {
    slack: Slack,
    kept_back: Notify,
    lifted: Notify,
    once: AtomicBool,
}

impl Routes for LiftedMeanwhile {
    fn name(&self) -> &'static str {
        self.slack.name()
    }

    fn consumer(&self) -> &'static str {
        self.slack.consumer()
    }

    fn news(&self, event: &Recorded) -> Result<Vec<News>, StoreError> {
        self.slack.news(event)
    }
}

#[async_trait]
impl Recipient for LiftedMeanwhile {
    async fn prepare(&self, delivery: &Delivery, log: &Log) -> Result<Parcel<'_>, ProjectionError> {
        let parcel = self.slack.prepare(delivery, log).await?;
        if matches!(parcel, Parcel::Withheld(RESTRICTED)) && !self.once.swap(true, Ordering::SeqCst) {
            self.kept_back.notify_one();
            self.lifted.notified().await;
        }
        Ok(parcel)
    }
}

#[tokio::test]
async fn what_is_kept_back_in_the_moment_in_which_the_restriction_ends_is_sent() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    slack.will_answer([(503, "", Some(2))]);
    let recipient = Arc::new(LiftedMeanwhile {
        slack: house.slack(&slack),
        kept_back: Notify::new(),
        lifted: Notify::new(),
        once: AtomicBool::new(false),
    });
    let working = house.work(recipient.clone(), quick()).await;
    // One message is being tried again; meanwhile Ada is restricted.
    house.register("first@example.org").await;
    slack.came(1).await;
    let ada = house.register("ada@example.org").await;
    house.commands.restrict_account(ada.account, true, common::request()).await.unwrap();
    recipient.kept_back.notified().await;
    house.commands.restrict_account(ada.account, false, common::request()).await.unwrap();
    house.commands.lift_restrictions(i64::MAX, &[], chrono::Utc::now()).await.unwrap();
    house.caught_up("outbox_slack").await;
    recipient.lifted.notify_one();
    let posts = slack.took(2).await;
    assert!(posts[1].text.contains("ada@example.org"), "{}", posts[1].text);
    working.abort();
}

#[tokio::test]
async fn a_restriction_ends_once_its_mail_is_sent_and_not_while_it_waits() {
    let house = House::new().await;
    let smtp = FakeSmtp::start().await;
    // The first try fails, and the next is a while away.
    let slow = Settings { first_pause: Duration::from_secs(3), ..quick() };
    let _working = house.mail(Arc::new(common::smtp(&smtp)), slow).await;
    let ada = house.register("ada@example.org").await;
    smtp.came(1).await;
    house.commands.restrict_account(ada.account, true, common::request()).await.unwrap();
    let correct = Correct { email: Some("busy@example.org".into()), ..Correct::default() };
    house.commands.correct_account(ada.account, correct, common::request()).await.unwrap();
    house.commands.restrict_account(ada.account, false, common::request()).await.unwrap();
    house.caught_up("outbox_mail").await;
    let told = HandedOver::new(&house.log, &house.recipients(&smtp));
    assert_eq!(told.told().await.unwrap().but_for, [ada.account], "it waits for its mail");
    let mails = smtp.came(4).await;
    assert!(mails[3].data.contains("The restriction of your data ends"), "{}", mails[3].data);
    house.settled("sent", 4).await;
    assert!(told.told().await.unwrap().but_for.is_empty());
}

#[tokio::test]
async fn a_mail_that_can_not_be_sent_holds_up_nobody_elses_end_of_a_restriction() {
    let house = House::new().await;
    let smtp = FakeSmtp::start().await;
    // What is answered with "later" is not tried again within this test.
    let slow = Settings { first_pause: Duration::from_secs(3600), ..quick() };
    let _working = house.mail(Arc::new(common::smtp(&smtp)), slow).await;
    let ada = house.register("busy@example.org").await;
    let bob = house.register("bob@example.org").await;
    for person in [ada, bob] {
        house.commands.restrict_account(person.account, true, common::request()).await.unwrap();
        house.commands.restrict_account(person.account, false, common::request()).await.unwrap();
    }
    house.caught_up("outbox_mail").await;
    let mails = smtp.came(2).await;
    assert!(mails.iter().all(|mail| mail.to == "bob@example.org"), "{mails:?}");
    house.settled("sent", 2).await;
    let told = HandedOver::new(&house.log, &house.recipients(&smtp)).told().await.unwrap();
    assert_eq!(told.but_for, [ada.account]);
    let lifted = house.commands.lift_restrictions(told.position, &told.but_for, chrono::Utc::now()).await;
    assert_eq!(lifted.unwrap(), 1);
    for (person, restricted) in [(ada, true), (bob, false)] {
        let account = house.log.load::<Account>(person.account.0).await.unwrap().aggregate;
        assert_eq!(account.is_restricted(), restricted);
    }
}

#[tokio::test]
async fn a_change_of_address_is_told_at_the_old_one_and_only_there_until_the_person_is_erased() {
    let house = House::new().await;
    let smtp = FakeSmtp::start().await;
    let mut ada = person("ada@example.org");
    ada.language = Language::De;
    let ada = house.register_as(ada).await;
    let bob = house.register("bob@example.org").await;
    // Set up, but not at work yet, so that all of it waits.
    house.mail(Arc::new(common::smtp(&smtp)), quick()).await.abort();
    for (who, email) in [(ada, "second@example.org"), (ada, "third@example.org"), (bob, "robert@example.org")]
    {
        let correct = Correct { email: Some(email.into()), ..Correct::default() };
        house.commands.correct_account(who.account, correct, common::request()).await.unwrap();
    }
    house.commands.erase(bob.account, None, common::request()).await.unwrap();
    let working = house.mail(Arc::new(common::smtp(&smtp)), quick()).await;
    house.settled("sent", 4).await;
    let withheld = house.settled("withheld", 2).await;
    assert!(withheld.iter().all(|delivery| delivery.reason.as_deref() == Some("erased")));
    let rows: String = sqlx::query_scalar("SELECT string_agg(d::text, ' ') FROM outbox.deliveries d")
        .fetch_one(&house.database.pool)
        .await
        .unwrap();
    assert!(!rows.contains('@'), "{rows}");
    let mails = smtp.came(4).await;
    // Long lines are folded.
    let text = |mail: &TakenMail| mail.data.replace("=\n", "");
    let told: Vec<_> = mails.iter().filter(|mail| text(mail).contains("letzte Mail")).collect();
    let to: Vec<_> = told.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!(to, ["ada@example.org", "second@example.org"]);
    assert!(told.iter().all(|mail| !text(mail).contains("third@") && !text(mail).contains("Ada")));
    working.abort();
}

#[tokio::test]
async fn an_invitation_is_mailed_to_an_address_without_an_account_until_it_is_withdrawn() {
    let house = House::new().await;
    let smtp = FakeSmtp::start().await;
    let ada = house.register("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    // Set up, but not at work yet, so that both invitations wait.
    house.mail(Arc::new(common::smtp(&smtp)), quick()).await.abort();
    let mut invitations = vec![];
    for (email, language) in [("grace@example.org", Language::De), ("edsger@example.org", Language::En)] {
        let invite = Invite { email: email.into(), role: Role::Editor, language };
        let invited = house.commands.invite(ada, stage, invite, common::request()).await.unwrap();
        invitations.push(InvitationId(invited.id));
    }
    house.commands.withdraw_invitation(ada, stage, invitations[1], common::request()).await.unwrap();
    let working = house.mail(Arc::new(common::smtp(&smtp)), quick()).await;
    let withheld = house.settled("withheld", 1).await;
    assert_eq!(withheld[0].reason.as_deref(), Some("not_open"));
    let mails = smtp.came(1).await;
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "grace@example.org"));
    let bob = house.register("bob@example.org").await;
    let token = common::token(&mails[0].data, "accept-invitation");
    let joined = house.commands.accept_invitation(bob, &token, common::request()).await.unwrap();
    assert_eq!(joined.id, stage.0);
    working.abort();
}
