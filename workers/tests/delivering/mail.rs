//! Mails: in the folder of `stage up`, and to an SMTP server.

use std::sync::Arc;

use stage_commands::{accounts::Correct, members::Invite};
use stage_domain::{InvitationId, Language, stage::Role};
use stage_testkit::{FakeSmtp, TakenMail};
use stage_workers::delivering::recipients::mail::Folder;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    common::{self, House, person},
    quick,
};

#[tokio::test]
async fn mails_in_the_folder_are_sealed_until_their_person_is_erased() {
    let house = House::new().await;
    let folder = tempfile::tempdir().unwrap();
    let kept = Arc::new(Folder::new(folder.path().to_owned(), house.log.clone(), common::clock()));
    let working = house.mail(kept.clone(), quick()).await;
    let mut ada = person("ada@example.org");
    ada.language = Language::De;
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
    house.commands.erase(bob.account, None, common::request(), &chrono::Utc::now).await.unwrap();
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
