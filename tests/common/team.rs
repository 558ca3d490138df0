//! Joining a stage's team as people do: through the mail that the folder of the program keeps.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{client::Client, eventually, program::Program};

/// Invites an address, and gives the token of the link in the mail.
pub async fn invited(program: &Program, owner: &mut Client, stage: &str, email: &str, role: &str) -> String {
    let invitation = json!({"email": email, "role": role});
    let path = format!("/api/v1/stages/{stage}/invitations");
    owner.post(&path, invitation).await.expect(StatusCode::CREATED);
    let mut token = String::new();
    eventually("the invitation is mailed", async || {
        let listed = program.command(&["mail", "list", "--json"]);
        let listed: Value = serde_json::from_slice(&listed.stdout).unwrap_or_default();
        let kept = listed["mails"].as_array().into_iter().flatten();
        for mail in kept.filter(|mail| mail["kind"] == "invitation") {
            let shown = program.command(&["mail", "show", mail["id"].as_str().unwrap()]);
            let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
            if let Some((_, rest)) = shown.split_once("accept-invitation#").filter(|_| shown.contains(email))
            {
                token = rest.split_whitespace().next().unwrap_or_default().to_owned();
            }
        }
        !token.is_empty()
    })
    .await;
    token
}

/// Accepts an invitation.
pub async fn join(member: &mut Client, token: &str) {
    member.post("/api/v1/invitations", json!({"token": token})).await.expect(StatusCode::OK);
}

/// The account of whoever is logged in.
pub async fn account_of(client: &mut Client) -> String {
    let session = client.get("/api/v1/session").await.expect(StatusCode::OK);
    session.body["account_id"].as_str().unwrap().to_owned()
}
