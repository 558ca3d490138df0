//! What came with an archive from another installation happened there, and was told there.

use std::{io::Cursor, sync::Arc};

use futures::TryStreamExt as _;
use stage_commands::{Actor, accounts::Correct};
use stage_domain::account::Account;
use stage_testkit::{FakeSlack, FakeSmtp};
use stage_workers::rights::Notices;

use crate::{
    common::{self, House},
    quick,
};

/// Takes the person's account along from one house to another.
async fn moves(person: Actor, from: &House, to: &House) {
    let archive = from.commands.export_account(person.account, Vec::new(), chrono::Utc::now()).await.unwrap();
    let archive: Vec<_> = archive.try_collect().await.unwrap();
    let password = "the password over there".into();
    to.commands.import_account(Cursor::new(archive.concat()), password, common::request()).await.unwrap();
}

#[tokio::test]
async fn what_came_with_an_archive_is_told_to_nobody_and_what_happens_then_is() {
    let (here, there) = (House::new().await, House::new().await);
    let (slack, smtp) = (FakeSlack::start().await, FakeSmtp::start().await);
    let _telling = there.tell_slack(&slack, quick()).await;
    let _mailing = there.mail(Arc::new(common::smtp(&smtp)), quick()).await;

    let ada = here.register("former@example.org").await;
    here.stage(ada, "rathaus").await;
    let correct = Correct { email: Some("ada@example.org".into()), ..Correct::default() };
    here.commands.correct_account(ada.account, correct, common::request()).await.unwrap();
    here.commands.request_password_reset("ada@example.org", common::request()).await.unwrap();
    here.commands.restrict_account(ada.account, true, common::request()).await.unwrap();
    here.commands.restrict_account(ada.account, false, common::request()).await.unwrap();
    here.commands.lift_restrictions(i64::MAX, &[], chrono::Utc::now()).await.unwrap();
    moves(ada, &here, &there).await;
    for consumer in ["outbox_slack", "outbox_mail"] {
        there.caught_up(consumer).await;
    }
    assert_eq!(there.enqueued(0).await, 0);

    there.stage(ada, "neues-rathaus").await;
    let told = slack.took(1).await;
    assert!(told[0].text.contains("New stage"), "{}", told[0].text);
    let correct = Correct { email: Some("king@example.org".into()), ..Correct::default() };
    there.commands.correct_account(ada.account, correct, common::request()).await.unwrap();
    let mut mailed: Vec<String> = smtp.came(2).await.into_iter().map(|mail| mail.to).collect();
    mailed.sort();
    assert_eq!(mailed, ["ada@example.org", "king@example.org"]);
}

#[tokio::test]
async fn the_end_of_a_restriction_that_was_not_over_there_is_announced_from_here_and_then_comes() {
    let (here, there) = (House::new().await, House::new().await);
    let smtp = FakeSmtp::start().await;
    let _mailing = there.mail(Arc::new(common::smtp(&smtp)), quick()).await;
    let ada = here.register("ada@example.org").await;
    here.commands.restrict_account(ada.account, true, common::request()).await.unwrap();
    here.commands.restrict_account(ada.account, false, common::request()).await.unwrap();
    moves(ada, &here, &there).await;
    let mails = smtp.came(1).await;
    assert!(mails[0].data.contains("The restriction of your data ends"), "{}", mails[0].data);
    there.settled("sent", 1).await;
    let told = Notices::new(&there.log).given().await.unwrap();
    let lifted = there.commands.lift_restrictions(told.position, &told.but_for, chrono::Utc::now()).await;
    assert_eq!(lifted.unwrap(), 1);
    assert!(!there.log.load::<Account>(ada.account.0).await.unwrap().aggregate.is_restricted());
}
