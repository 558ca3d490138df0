//! A person's rights over their data, as a client asks for them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use axum::http::StatusCode;
use common::House;

#[tokio::test]
async fn a_correction_names_every_field_at_fault_and_knows_its_version() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    house.person("bob@example.org").await;
    let patch = async |headers: &[(&str, &str)], body: &str| {
        ada.send("PATCH", "/api/v1/account", headers, body).await
    };
    let wrong = r#"{"first_name": "", "email": "nobody", "phone": "call me", "role": "admin"}"#;
    assert_eq!(patch(&[], wrong).await.problem(422, "validation"), ["email", "first_name", "phone", "role"]);
    assert_eq!(patch(&[], r#"{"email": "BOB@example.org"}"#).await.problem(409, "taken"), ["email"]);
    let done = patch(&[], r#"{"last_name": "King", "phone": null, "language": "de"}"#).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    let late = [("if-match", "\"1\"")];
    patch(&late, r#"{"last_name": "Byron"}"#).await.problem(412, "version");
}

#[tokio::test]
async fn an_account_is_erased_by_its_password_alone_and_the_answer_is_the_receipt() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let erase = async |body: &str| ada.send("DELETE", "/api/v1/account", &[], body).await;
    assert_eq!(erase("{}").await.problem(422, "validation"), ["password"]);
    let wrong = erase(r#"{"password": "wrong horse battery"}"#).await;
    assert_eq!(wrong.problem(422, "validation"), ["password"]);
    let erased = erase(r#"{"password": "correct horse battery"}"#).await;
    assert_eq!(erased.status, StatusCode::OK, "{}", erased.text);
    assert!(erased.json["receipt"].as_str().unwrap().contains("stage erasure receipt v1"));
    assert_eq!(erased.headers["stage-position"], erased.json["position"].to_string());
    assert!(
        erased
            .headers
            .get_all("set-cookie")
            .iter()
            .all(|cookie| cookie.to_str().unwrap().contains("Max-Age=0"))
    );
    for (method, path) in
        [("GET", "/api/v1/account"), ("GET", "/api/v1/account/export"), ("GET", "/api/v1/session")]
    {
        ada.send(method, path, &[], "").await.problem(401, "not-logged-in");
    }
}

#[tokio::test]
async fn an_export_is_a_file_that_no_cache_keeps() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let export = ada.send("GET", "/api/v1/account/export", &[], "").await;
    assert_eq!(export.status, StatusCode::OK);
    assert_eq!(export.headers["content-type"], "application/zip");
    assert_eq!(export.headers["content-disposition"], "attachment; filename=\"stage-export.zip\"");
    assert_eq!(export.headers["cache-control"], "no-store");
    assert!(export.text.starts_with("PK"));
}

#[tokio::test]
async fn only_a_purpose_that_there_is_can_be_objected_to() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let object = async |body: &str| ada.send("POST", "/api/v1/account/objection", &[], body).await;
    let unknown = object(r#"{"purpose": "account", "objects": true}"#).await;
    assert_eq!(unknown.problem(422, "validation"), ["purpose"]);
    let done = object(r#"{"purpose": "recipients", "objects": true}"#).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    let restrict = ada.send("POST", "/api/v1/account/restriction", &[], r#"{"restricted": true}"#).await;
    assert_eq!(restrict.status, StatusCode::OK, "{}", restrict.text);
}
