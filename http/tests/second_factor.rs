//! The second factor over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::num::NonZeroU32;

use axum::http::StatusCode;
use common::House;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

const PATH: &str = "/api/v1/account/second-factor";
const PASSWORD: &str = r#"{"password": "correct horse battery"}"#;

#[tokio::test]
async fn a_log_in_names_what_is_missing_and_what_is_wrong() {
    // The limit on passwords has a test of its own.
    let house = House::with(|settings| settings.log_in_rate.burst = NonZeroU32::new(1_000).unwrap()).await;
    let ada = house.person("ada@example.org").await;
    assert_eq!(
        ada.send("GET", PATH, &[], "").await.json,
        json!({"enabled": false, "recovery_codes_left": 0})
    );
    let wrong = ada.send("POST", PATH, &[], r#"{"password": "wrong horse battery"}"#).await;
    assert_eq!(wrong.problem(422, "validation"), ["password"]);
    let begun = ada.send("POST", PATH, &[], PASSWORD).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.text);
    assert_eq!(begun.headers["cache-control"], "no-store");
    let secret = Secret::try_from_base32(begun.json["secret"].as_str().unwrap()).unwrap();
    let now = chrono::Utc::now().timestamp().unsigned_abs();
    let code = Builder::new().with_secret(secret).build().unwrap().generate(now).to_string();
    let confirmation = format!("{PATH}/confirmation");
    let wrong = ada.send("POST", &confirmation, &[], r#"{"code": "abcdef"}"#).await;
    assert_eq!(wrong.problem(422, "validation"), ["code"]);
    let on = ada.send("POST", &confirmation, &[], &json!({"code": code}).to_string()).await;
    assert_eq!(on.status, StatusCode::OK, "{}", on.text);
    let recovery = on.json["recovery_codes"][0].clone();
    ada.send("POST", PATH, &[], PASSWORD).await.problem(409, "refused");

    let log_in = async |code: Value| {
        let body = json!({"email": "ada@example.org", "password": "correct horse battery", "code": code});
        house.post("/api/v1/session", &body.to_string()).await
    };
    log_in(Value::Null).await.problem(401, "second-factor-required");
    let used = log_in(code.into()).await;
    used.problem(401, "second-factor-wrong");
    assert!(used.headers.contains_key("www-authenticate"));
    assert_eq!(log_in(recovery).await.status, StatusCode::CREATED);
    let codes = format!("{PATH}/recovery-codes");
    let renewal = |code: &Value| json!({"password": "correct horse battery", "code": code}).to_string();
    let wrong = ada.send("POST", &codes, &[], &renewal(&json!("abcdef"))).await;
    assert_eq!(wrong.problem(422, "validation"), ["code"]);
    let renewed = ada.send("POST", &codes, &[], &renewal(&on.json["recovery_codes"][1])).await;
    assert_eq!(renewed.status, StatusCode::OK, "{}", renewed.text);
    assert_eq!(renewed.headers["cache-control"], "no-store");
    log_in(on.json["recovery_codes"][2].clone()).await.problem(401, "second-factor-wrong");
    assert_eq!(log_in(renewed.json["recovery_codes"][2].clone()).await.status, StatusCode::CREATED);
    for _ in 0..2 {
        log_in("abcdef".into()).await.problem(401, "second-factor-wrong");
    }
    let off = ada.send("DELETE", PATH, &[], PASSWORD).await;
    assert_eq!(off.status, StatusCode::OK, "{}", off.text);
    assert_eq!(log_in(Value::Null).await.status, StatusCode::CREATED);
}
