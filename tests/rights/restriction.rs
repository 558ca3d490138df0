//! Art. 18, and the objection of Art. 21 and the correction of Art. 16.

use reqwest::StatusCode;
use serde_json::json;

use crate::{
    PERSON, account,
    common::{client::Client, eventually, program::Program},
    json, person,
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
    assert_eq!(json(&account(program.data(), &["show", &id]))["restricted"], true);
    restrict(&mut ada, false).await;
    eventually("the stage is shown again", async || {
        reader.get("/v1/stages/rathaus").await.status == StatusCode::OK
    })
    .await;
    assert_eq!(json(&account(program.data(), &["show", PERSON[2]]))["restricted"], false);

    let object = json!({"purpose": "recipients", "objects": true});
    ada.post("/api/v1/account/objection", object).await.expect_success();
    assert_eq!(json(&account(program.data(), &["show", &id]))["objections"], json!(["recipients"]));
    json(&account(program.data(), &["object", &id, "recipients", "--withdraw"]));
    assert_eq!(json(&account(program.data(), &["show", &id]))["objections"], json!([]));
    json(&account(program.data(), &["correct", &id, "--last-name", "King"]));
    eventually("the person sees the correction", async || {
        ada.get("/api/v1/account").await.body["last_name"] == "King"
    })
    .await;
    program.stop().await;
}
