//! What a restriction keeps back, and what becomes of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use stage_commands::accounts::Correct;
use stage_domain::account::{Account, Purpose};
use stage_projections::{
    ProjectionError,
    outbox::{DELIVERY_LIFE, Delivery, News, RESTRICTED, Routes},
};
use stage_store::{Log, Recorded, StoreError};
use stage_testkit::{FakeSlack, FakeSmtp};
use stage_workers::{
    delivering::{Parcel, Recipient, Settings, recipients::Slack},
    rights::{self, Notices},
};
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    common::{self, House},
    quick,
};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n rest";

/// Slack does not take the first message yet, so that whoever registers now can change their mind before they are told of.
async fn behind_a_message_that_is_tried_again() -> (House, FakeSlack, JoinHandle<()>) {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    slack.will_answer([(503, "", Some(6))]);
    let working = house.tell_slack(&slack, quick()).await;
    house.register("first@example.org").await;
    slack.came(1).await;
    (house, slack, working)
}

#[tokio::test]
async fn nothing_is_sent_of_a_restricted_person_until_it_is_lifted_and_of_one_who_objects_never() {
    // The others change their minds.
    let (house, slack, working) = behind_a_message_that_is_tried_again().await;
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
    let (house, slack, working) = behind_a_message_that_is_tried_again().await;
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
    house.commands.erase(ada.account, None, common::request(), &chrono::Utc::now).await.unwrap();
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
    house.commands.erase(ada.account, None, common::request(), &chrono::Utc::now).await.unwrap();
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
    let recipient = Arc::new(LiftedMeanwhile {
        slack: house.slack(&slack),
        kept_back: Notify::new(),
        lifted: Notify::new(),
        once: AtomicBool::new(false),
    });
    let working = house.work(recipient.clone(), quick()).await;
    // One message is under way for as long as it takes until Ada is restricted.
    slack.hold(true);
    house.register("first@example.org").await;
    slack.came(1).await;
    let ada = house.register("ada@example.org").await;
    house.commands.restrict_account(ada.account, true, common::request()).await.unwrap();
    slack.hold(false);
    let kept_back = tokio::time::timeout(Duration::from_secs(90), recipient.kept_back.notified()).await;
    kept_back.expect("hers is kept back");
    house.commands.restrict_account(ada.account, false, common::request()).await.unwrap();
    house.commands.lift_restrictions(i64::MAX, &[], chrono::Utc::now()).await.unwrap();
    house.caught_up("outbox_slack").await;
    recipient.lifted.notify_one();
    house.settled("sent", 2).await;
    let posts = slack.posts();
    assert!(posts.iter().any(|post| post.text.contains("ada@example.org")), "{posts:?}");
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
    let notices = Notices::new(&house.log);
    assert_eq!(notices.given().await.unwrap().but_for, [ada.account], "it waits for its mail");
    let mails = smtp.came(4).await;
    assert!(mails[3].data.contains("The restriction of your data ends"), "{}", mails[3].data);
    house.settled("sent", 4).await;
    assert!(notices.given().await.unwrap().but_for.is_empty());
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
    let told = Notices::new(&house.log).given().await.unwrap();
    assert_eq!(told.but_for, [ada.account]);
    let lifted = house.commands.lift_restrictions(told.position, &told.but_for, chrono::Utc::now()).await;
    assert_eq!(lifted.unwrap(), 1);
    for (person, restricted) in [(ada, true), (bob, false)] {
        let account = house.log.load::<Account>(person.account.0).await.unwrap().aggregate;
        assert_eq!(account.is_restricted(), restricted);
    }
}

#[tokio::test]
async fn an_erasure_that_can_not_finish_holds_up_nobodys_end_of_a_restriction() {
    let house = House::new().await;
    let (ada, bob) = (house.register("ada@example.org").await, house.register("bob@example.org").await);
    let stage = house.stage(ada, "rathaus").await;
    house.commands.add_media(ada, stage, PNG.into(), common::request()).await.unwrap();
    house.commands.restrict_account(bob.account, true, common::request()).await.unwrap();
    house.commands.restrict_account(bob.account, false, common::request()).await.unwrap();
    // Her picture can't be deleted.
    let away = house.without_objects().await;
    away.erase(ada.account, None, common::request(), &chrono::Utc::now).await.unwrap();
    assert!(away.finish_erasures(&chrono::Utc::now).await.is_err());
    let notices = Arc::new(Notices::new(&house.log));
    let working = tokio::spawn(rights::run(away, notices, common::clock(), CancellationToken::new()));
    house
        .until("his restriction ends", async || {
            !house.log.load::<Account>(bob.account.0).await.unwrap().aggregate.is_restricted()
        })
        .await;
    let erasure = house.commands.erasure(ada.account).await.unwrap().unwrap();
    assert_eq!(erasure.finished_at, None, "and hers is still under way");
    working.abort();
}

#[tokio::test]
async fn a_worker_without_mail_waits_for_one_that_has_it() {
    let house = House::new().await;
    // The first try fails, and the next does not come by itself within this test.
    let ada = house.register("busy@example.org").await;
    let slow = Settings { first_pause: Duration::from_secs(3600), ..quick() };
    let announced = async || {
        house.commands.restrict_account(ada.account, true, common::request()).await.unwrap();
        house.commands.restrict_account(ada.account, false, common::request()).await.unwrap();
    };
    let without_mail = Notices::new(&house.log);
    let lifted = async || {
        let told = without_mail.given().await.unwrap();
        house.commands.lift_restrictions(told.position, &told.but_for, chrono::Utc::now()).await.unwrap()
    };
    announced().await;
    assert_eq!(lifted().await, 1, "nobody has mail");
    // Another worker has it, and died before it handed anything over.
    let smtp = FakeSmtp::start().await;
    let post = Arc::new(common::smtp(&smtp));
    stage_workers::delivering::set_up(&house.database.pool, &[house.mailer(post.clone())]).await.unwrap();
    announced().await;
    assert_eq!(lifted().await, 0);
    // It is back, and the mail can't be sent yet.
    let working = house.mail(post, slow).await;
    house.caught_up("outbox_mail").await;
    let waiting = house.settled("waiting", 1).await;
    house.until("it was tried", async || house.settled("waiting", 1).await[0].reason.is_some()).await;
    assert_eq!(lifted().await, 0);
    house.deliveries().retry(waiting[0].id, chrono::Utc::now()).await.unwrap();
    house.settled("sent", 1).await;
    assert_eq!(lifted().await, 1);
    working.abort();
}
