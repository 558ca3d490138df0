//! Art. 18, and the objection of Art. 21 and the correction of Art. 16.

use reqwest::StatusCode;
use serde_json::json;

use crate::{
    PERSON, account,
    common::{client::Client, eventually, program::Program, team},
    person, said,
};

#[tokio::test]
async fn a_restricted_person_is_not_shown_until_the_restriction_is_lifted_again() {
    let program = Program::start().await;
    let (mut ada, id) = person(&program).await;
    let mut reader = Client::new(&program.base);
    let restrict = async |ada: &mut Client, restricted: bool| {
        let done =
            ada.post("/api/v1/account/restriction", json!({"restricted": restricted})).await.expect_success();
        done.body["position"].clone()
    };
    let position = restrict(&mut ada, true).await;
    reader.get(&format!("/v1/stages/rathaus?wait_for={position}")).await.expect(StatusCode::NOT_FOUND);
    assert_eq!(said(&account(program.data(), &["show", &id]))["restricted"], true);
    restrict(&mut ada, false).await;
    eventually("the stage is shown again", async || {
        reader.get("/v1/stages/rathaus").await.status == StatusCode::OK
    })
    .await;
    assert_eq!(said(&account(program.data(), &["show", PERSON[2]]))["restricted"], false);

    let object = json!({"purpose": "recipients", "objects": true});
    ada.post("/api/v1/account/objection", object).await.expect_success();
    assert_eq!(said(&account(program.data(), &["show", &id]))["objections"], json!(["recipients"]));
    said(&account(program.data(), &["object", &id, "recipients", "--withdraw"]));
    assert_eq!(said(&account(program.data(), &["show", &id]))["objections"], json!([]));
    said(&account(program.data(), &["correct", &id, "--last-name", "King"]));
    eventually("the person sees the correction", async || {
        ada.get("/api/v1/account").await.body["last_name"] == "King"
    })
    .await;
    program.stop().await;
}

#[tokio::test]
async fn a_stage_goes_on_for_its_other_owner_and_does_not_name_who_is_restricted() {
    let program = Program::start().await;
    let (mut ada, id) = person(&program).await;
    let mut stage = String::new();
    eventually("the stage is listed", async || {
        let stages = ada.get("/api/v1/stages").await.body["stages"].clone();
        stage = stages[0]["id"].as_str().unwrap_or_default().to_owned();
        !stage.is_empty()
    })
    .await;
    let token = team::invited(&program, &mut ada, &stage, "grace@example.org", "owner").await;
    let mut grace = Client::registered(&program.base, "grace@example.org").await;
    team::join(&mut grace, &token).await;
    let mut reader = Client::new(&program.base);
    let restrict = async |who: &mut Client| {
        let done =
            who.post("/api/v1/account/restriction", json!({"restricted": true})).await.expect_success();
        done.body["position"].clone()
    };
    let position = restrict(&mut ada).await;
    reader.get(&format!("/v1/stages/rathaus?wait_for={position}")).await.expect(StatusCode::OK);
    let team = grace.get(&format!("/api/v1/stages/{stage}/members?wait_for={position}")).await;
    let team = team.expect(StatusCode::OK).body["members"].clone();
    assert_eq!((&team[0]["account_id"], &team[0]["first_name"]), (&json!(id), &json!(null)));
    assert_eq!(team[1]["first_name"], "Ada");
    let history = grace.get(&format!("/api/v1/stages/{stage}/history")).await.expect(StatusCode::OK).body;
    assert!(!history.to_string().contains(PERSON[1]), "{history}");
    let position = restrict(&mut grace).await;
    reader.get(&format!("/v1/stages/rathaus?wait_for={position}")).await.expect(StatusCode::NOT_FOUND);
    program.stop().await;
}
