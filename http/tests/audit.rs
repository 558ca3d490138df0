//! What auditors read: the log page by page, any stream at any moment, and who opened what.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use common::{Answer, House, request};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use stage_commands::auditors::{Auditors, Scope};
use stage_store::proof::{Notary, NotaryKey};

struct Reader<'a> {
    house: &'a House,
    id: String,
    token: String,
}

impl<'a> Reader<'a> {
    async fn new(house: &'a House, scope: Scope) -> Self {
        let auditors = Auditors::new(house.database.pool.clone());
        let (id, at) = (uuid::Uuid::now_v7(), chrono::Utc::now());
        let new = auditors.add(id.into(), "Audit office", scope, rand::random(), at).await.unwrap();
        Self { house, id: id.to_string(), token: new.token.expose_secret().to_owned() }
    }

    async fn get(&self, path: &str) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let path = path.strip_prefix("https://stage.example").unwrap_or(path);
        self.house.ask(request("GET", path, &[("authorization", &bearer)], "")).await
    }

    async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json
    }
}

fn types(page: &Value) -> Vec<&str> {
    page["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect()
}

/// Ada's account and her stage, once renamed.
async fn lived_in(house: &House) -> (String, String) {
    let ada = house.person("ada@example.org").await;
    let account = ada.send("GET", "/api/v1/session", &[], "").await.json["account_id"].clone();
    let created =
        ada.send("POST", "/api/v1/stages", &[], r#"{"name": "Rathaus", "handle": "rathaus"}"#).await;
    let stage = created.json["id"].as_str().unwrap().to_owned();
    let renamed =
        ada.send("PATCH", &format!("/api/v1/stages/{stage}"), &[], r#"{"name": "Bürgerhaus"}"#).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text);
    (account.as_str().unwrap().to_owned(), stage)
}

#[tokio::test]
async fn the_log_is_read_page_by_page_up_to_its_mark_and_each_event_comes_once() {
    let house = House::new().await;
    lived_in(&house).await;
    let reader = Reader::new(&house, Scope::Read).await;
    let whole = reader.json("/v1/audit/events").await;
    assert_eq!(whole["next"], Value::Null);
    let last = whole["events"].as_array().unwrap().last().unwrap();
    assert_eq!(whole["mark"], last["position"]);
    assert!(types(&whole).ends_with(&["StageCreated", "StageRenamed"]), "{:?}", types(&whole));

    let (mut next, mut paged) = (Some("/v1/audit/events?limit=2".to_owned()), vec![]);
    while let Some(path) = next {
        let page = reader.json(&path).await;
        paged.extend(page["events"].as_array().unwrap().clone());
        next = page["next"].as_str().map(str::to_owned);
    }
    assert_eq!(Value::Array(paged), whole["events"]);
    assert_eq!(reader.get("/v1/audit/events?limit=501").await.problem(422, "validation"), ["limit"]);
}

#[tokio::test]
async fn a_stream_is_shown_as_it_was_at_a_position_and_at_a_time() {
    let house = House::new().await;
    let (_, stage) = lived_in(&house).await;
    let reader = Reader::new(&house, Scope::Read).await;
    let path = format!("/v1/audit/streams/stage/{stage}");
    let now = reader.json(&path).await;
    assert_eq!((&now["version"], &now["state"]["name"]), (&json!(2), &json!("Bürgerhaus")));
    let [created, renamed] = now["events"].as_array().unwrap().as_slice() else { panic!("{now}") };
    for before in [created["position"].to_string(), created["time"].as_str().unwrap().to_owned()] {
        let then = reader.json(&format!("{path}?at={before}")).await;
        assert_eq!((&then["version"], &then["state"]["name"]), (&json!(1), &json!("Rathaus")));
        assert_eq!(types(&then), ["StageCreated"]);
    }
    for since in [renamed["position"].to_string(), renamed["time"].as_str().unwrap().to_owned()] {
        assert_eq!(reader.json(&format!("{path}?at={since}")).await["state"], now["state"]);
    }
    let part = reader.json(&format!("{path}?limit=1&at=2100-01-01T00:00:00%2B01:00")).await;
    let rest = reader.json(part["next"].as_str().unwrap()).await;
    assert_eq!((types(&part), types(&rest)), (vec!["StageCreated"], vec!["StageRenamed"]));

    reader.get(&format!("{path}?at=0")).await.problem(404, "not-found");
    reader.get(&format!("{path}?at=1970-01-01T00:00:00Z")).await.problem(404, "not-found");
    reader.get(&format!("/v1/audit/streams/post/{stage}")).await.problem(404, "not-found");
    reader.get(&format!("/v1/audit/streams/NO/{stage}")).await.problem(404, "not-found");
    reader.get(&format!("/v1/audit/streams/a%00b/{stage}")).await.problem(404, "not-found");
    assert_eq!(reader.get(&format!("{path}?at=yesterday")).await.problem(422, "validation"), ["at"]);
}

#[tokio::test]
async fn personal_values_are_opened_only_for_the_scope_and_each_time_is_an_event() {
    let house = House::new().await;
    let (account, _) = lived_in(&house).await;
    let (plain, personal) =
        (Reader::new(&house, Scope::Read).await, Reader::new(&house, Scope::ReadPersonal).await);
    let (path, access) =
        (format!("/v1/audit/streams/account/{account}"), format!("/v1/audit/streams/access/{account}"));
    let version = plain.json(&path).await["version"].clone();

    // Without asking, nothing is opened, whoever reads.
    for reader in [&plain, &personal] {
        for path in [&path, "/v1/audit/events"] {
            let answer = reader.get(path).await;
            assert!(!answer.text.contains("ada@example.org"), "{}", answer.text);
            assert!(answer.text.contains("\"state\":\"sealed\""), "{}", answer.text);
        }
    }
    let refused = plain.get(&format!("{path}?personal=true")).await;
    refused.problem(403, "scope");
    assert!(refused.headers["www-authenticate"].to_str().unwrap().contains("insufficient_scope"));
    plain.get("/v1/audit/events?personal=true").await.problem(403, "scope");
    plain.get(&access).await.problem(404, "not-found");

    let shown = personal.json(&format!("{path}?personal=true")).await;
    assert_eq!(
        shown["events"][0]["payload"]["AccountRegistered"]["email"]["personal"]["value"],
        "ada@example.org"
    );
    assert_eq!(shown["events"][0]["personal"][0]["state"], "open");
    personal.json("/v1/audit/events?personal=true&limit=1").await;
    let told = plain.json(&access).await;
    assert_eq!(types(&told), ["PersonalDataRead"; 2]);
    assert_eq!(told["state"]["reads"], 2);
    let read = &told["events"][0]["payload"]["PersonalDataRead"];
    assert_eq!((&read["auditor"], &read["from"]), (&json!(personal.id), &shown["events"][0]["position"]));
    // Of what holds nothing personal, nothing is told.
    let nothing = format!("{access}?personal=true");
    assert_eq!(personal.json(&nothing).await["version"], personal.json(&nothing).await["version"]);
    assert_eq!(plain.json(&path).await["version"], version, "being looked at does not change the account");
}

#[tokio::test]
async fn what_was_erased_reads_as_erased_to_everybody() {
    let house = House::new().await;
    let (account, _) = lived_in(&house).await;
    let personal = Reader::new(&house, Scope::ReadPersonal).await;
    sqlx::query("DELETE FROM subject_keys").execute(&house.database.pool).await.unwrap();
    for asked in ["false", "true"] {
        let shown = personal.json(&format!("/v1/audit/streams/account/{account}?personal={asked}")).await;
        let marks = shown["events"][0]["personal"].as_array().unwrap();
        assert!(marks.len() >= 3 && marks.iter().all(|mark| mark["state"] == "erased"), "{marks:?}");
        assert!(!shown["state"].to_string().contains("sealed"), "{}", shown["state"]);
    }
    let path = format!("/v1/audit/streams/access/{account}");
    personal.get(&path).await.problem(404, "not-found");
}

#[tokio::test]
async fn readers_of_one_person_at_the_same_time_are_all_told_of() {
    let house = House::new().await;
    let (account, _) = lived_in(&house).await;
    let personal = Reader::new(&house, Scope::ReadPersonal).await;
    let path = format!("/v1/audit/streams/account/{account}?personal=true");
    let all = futures::future::join_all((0..6).map(|_| personal.get(&path))).await;
    let shown = all.iter().filter(|answer| answer.status == 200).count();
    assert!(shown > 0 && all.iter().all(|answer| answer.status == 200 || answer.status == 409));
    let told = personal.json(&format!("/v1/audit/streams/access/{account}")).await;
    assert_eq!(told["version"], shown, "each answer that showed something is in the log");
}

#[tokio::test]
async fn a_size_that_no_signed_log_has_is_refused_with_its_field_and_its_bounds() {
    let house = House::new().await;
    lived_in(&house).await;
    let reader = Reader::new(&house, Scope::Read).await;
    let path = "/v1/audit/proofs/consistency";
    reader.get(&format!("{path}?from=1")).await.problem(404, "not-found");
    let mut connection = house.database.pool.acquire().await.unwrap();
    let key = NotaryKey::new("example.org/log", &[1; 32]).unwrap();
    let mut notary = Notary::take_up(&mut connection, key, &[]).await.unwrap();
    while notary.extend(&mut connection, i64::MAX, 100, chrono::Utc::now()).await.unwrap().is_some() {}
    let size = reader.json("/v1/audit/checkpoint").await["size"].as_u64().unwrap();
    assert_eq!(reader.json(&format!("{path}?from=1&to=2")).await["to"]["size"], 2);
    for (query, field, most) in [
        (format!("from={}", size + 1), "from", size),
        (format!("from=1&to={}", size + 1), "to", size),
        ("from=3&to=2".to_owned(), "from", 2),
    ] {
        let answer = reader.get(&format!("{path}?{query}")).await;
        assert_eq!(answer.problem(422, "validation"), [field], "{query}");
        let fault = &answer.json["errors"][0];
        assert_eq!(fault["message"], format!("must be 1 to {most}"), "{query}");
    }
}
