//! What a correction, an objection and an erasure change.

use stage_commands::accounts::Correct;
use stage_domain::account::Purpose;
use stage_testkit::FakeSlack;

use crate::{
    common::{self, House},
    quick,
};

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
        house.commands.erase(person.account, None, common::request(), &chrono::Utc::now).await.unwrap();
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
    let before = house.deliveries().disclosures(ada.account).await.unwrap();
    let correct = Correct { last_name: Some("Byron".into()), ..Correct::default() };
    house.commands.correct_account(ada.account, correct, common::request()).await.unwrap();
    let posts = slack.took(2).await;
    let noted = house.deliveries().disclosures(ada.account).await.unwrap();
    assert!(noted[0].first_at == before[0].first_at && noted[0].last_at > before[0].last_at, "{noted:?}");
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
    let disclosed = house.deliveries().disclosures(ada.account).await.unwrap();
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
    let noted = house.deliveries().disclosures(ada.account).await.unwrap();
    assert_eq!(noted, disclosed, "no value went out, so none is noted");
    // And of the erasure too.
    house.commands.erase(ada.account, None, common::request(), &chrono::Utc::now).await.unwrap();
    assert!(slack.took(3).await[2].text.contains("Erasure"));
    working.abort();
}
