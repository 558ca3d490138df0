//! An authenticator app.

use std::time::SystemTime;

use reqwest::StatusCode;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use super::client::Client;

/// What an app that was told this secret shows now.
pub fn code(secret: &str) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let secret = Secret::try_from_base32(secret).unwrap();
    Builder::new().with_secret(secret).build().unwrap().generate(now).to_string()
}

/// Turns the second factor on; gives the secret and the recovery codes.
pub async fn turn_on(client: &mut Client, password: &str) -> (String, Vec<String>) {
    let begun = client.post("/api/v1/account/second-factor", json!({"password": password})).await;
    let secret = begun.expect(StatusCode::OK).body["secret"].as_str().unwrap().to_owned();
    let confirmation = json!({"code": code(&secret)});
    let on = client.post("/api/v1/account/second-factor/confirmation", confirmation).await;
    let codes = on.expect(StatusCode::OK).body["recovery_codes"].as_array().unwrap().clone();
    let code = |code: Value| code.as_str().unwrap().to_owned();
    (secret, codes.into_iter().map(code).collect())
}
