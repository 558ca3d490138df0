//! Art. 15 and 20.

use std::{collections::BTreeMap, io::Read, path::Path, time::Duration};

use serde_json::{Value, json};
use stage_testkit::FakeSlack;

use crate::{
    PERSON, PNG, account,
    common::{
        app,
        client::Client,
        eventually,
        feeds::{Feeds, rss},
        program::{Program, command},
        team,
    },
    person, said,
};

/// The entries of an archive by their names.
fn entries(archive: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(archive).unwrap()).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let read = |name: String| {
        let mut bytes = Vec::new();
        archive.by_name(&name).unwrap().read_to_end(&mut bytes).unwrap();
        (name, bytes)
    };
    names.into_iter().map(read).collect()
}

/// Without what an installation decides by itself: positions, when it wrote something down, which events came with an archive,
/// sessions, whom it told, and the second factor and memberships of stages that are not in the archive, which stay behind.
fn comparable(archive: &Path) -> BTreeMap<String, String> {
    let mut comparable = BTreeMap::new();
    for (name, bytes) in entries(archive) {
        let text = match name.as_str() {
            "stage-export.json" | "sessions.json" | "second-factor.json" | "acts.ndjson"
            | "recipients.json" => {
                continue;
            }
            "memberships.json" => {
                let mut memberships: Value = serde_json::from_slice(&bytes).unwrap();
                memberships.as_array_mut().unwrap().retain(|membership| membership["in_archive"] == true);
                memberships.to_string()
            }
            "events.ndjson" => String::from_utf8(bytes)
                .unwrap()
                .lines()
                .map(|line| {
                    let mut event: Value = serde_json::from_str(line).unwrap();
                    let fields = event.as_object_mut().unwrap();
                    assert!(fields.remove("position").is_some() && fields.remove("recorded_at").is_some());
                    fields["metadata"].as_object_mut().unwrap().remove("restored");
                    format!("{event}\n")
                })
                .collect(),
            _ => hex::encode(bytes),
        };
        comparable.insert(name, text);
    }
    comparable
}

fn entry(archive: &Path, name: &str) -> Value {
    serde_json::from_slice(&entries(archive)[name]).unwrap()
}

/// How many events of an archive came to where it is from with another archive.
fn restored(archive: &Path) -> usize {
    let events = String::from_utf8(entries(archive)["events.ndjson"].clone()).unwrap();
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["metadata"]["restored"] == "true").count()
}

/// The lines of `second` that are not in `first`, all of whose lines are in `second` in their order.
fn added<'a>(first: &str, second: &'a str) -> Vec<&'a str> {
    let (kept, added): (Vec<_>, Vec<_>) =
        second.lines().partition(|line| first.lines().any(|other| other == *line));
    assert_eq!(kept, first.lines().collect::<Vec<_>>());
    added
}

#[tokio::test]
async fn an_account_is_taken_along_with_everything_into_another_installation() {
    let slack = FakeSlack::start().await;
    let options = ["--allow-private-addresses", "--slack-webhook-url", &slack.url];
    let (here, there) = (Program::start_with(&options).await, Program::start().await);
    let feeds = Feeds::serve(Duration::ZERO).await;
    let (mut ada, id) = person(&here).await;
    slack.came(1).await;
    let mut stages = Value::Null;
    eventually("the stage is listed", async || {
        stages = ada.get("/api/v1/stages").await.body["stages"].clone();
        stages[0]["id"].is_string()
    })
    .await;
    let stage = format!("/api/v1/stages/{}", stages[0]["id"].as_str().unwrap());
    let topic = json!({"name": "Feste", "include": {"terms": ["Fest"], "phrases": [], "hashtags": []},
        "exclude": {"terms": [], "phrases": [], "hashtags": []}});
    ada.post(&format!("{stage}/topics"), topic).await.expect_success();
    let items =
        [("1", "Fest am See"), ("2", "Neuer Radweg")].map(|(id, title)| (id.to_owned(), title.to_owned()));
    let address = feeds.publish("news.xml", rss("News", items));
    ada.post(&format!("{stage}/sources"), json!({"network": "feed", "address": address}))
        .await
        .expect_success();
    let mut posts = Value::Null;
    eventually("the posts are imported", async || {
        posts = ada.get("/v1/stages/rathaus/posts").await.body["posts"].clone();
        posts.as_array().map(Vec::len) == Some(2)
    })
    .await;
    let hidden = posts[1]["id"].as_str().unwrap();
    ada.post(&format!("{stage}/posts/{hidden}/hide"), json!({})).await.expect_success();
    ada.patch("/api/v1/account", json!({"email": PERSON[5]})).await.expect_success();
    app::turn_on(&mut ada, PERSON[4]).await;
    let (mut grace, grace_id) = shares_stages_with(&here, &mut ada, stages[0]["id"].as_str().unwrap()).await;

    let auditor =
        said(&command(here.data(), &["auditor", "add", "Audit", "--scope", "read-personal", "--json"]));
    looks_at(&here, auditor["token"].as_str().unwrap(), &id).await;

    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first.zip");
    let archive = ada.get_bytes("/api/v1/account/export").await;
    std::fs::write(&first, archive).unwrap();
    let names: Vec<String> = entries(&first).into_keys().collect();
    for name in
        ["account.json", "purposes.json", "sessions.json", "events.ndjson", "stages/rathaus/sources.opml"]
    {
        assert!(names.iter().any(|found| found == name), "{names:?}");
    }
    let opml = String::from_utf8(entries(&first)["stages/rathaus/sources.opml"].clone()).unwrap();
    assert!(opml.contains(&format!("xmlUrl=\"{address}\"")), "{opml}");
    let held = entries(&first);
    assert!(held.iter().any(|(name, bytes)| name.contains("/media/") && bytes == PNG));
    assert_eq!(held["stages/rathaus/posts.ndjson"].split(|byte| *byte == b'\n').count(), 3);
    assert!(String::from_utf8_lossy(&held["account.json"]).contains(PERSON[5]));
    let factor = entry(&first, "second-factor.json");
    assert_eq!((&factor["on"], &factor["recovery_codes_left"]), (&json!(true), &json!(10)));
    assert!(factor["since"].is_string(), "{factor}");
    let memberships = entry(&first, "memberships.json");
    let shown = |number: usize| {
        let Value::Object(mut fields) = memberships[number].clone() else { panic!("{memberships}") };
        let fields = ["handle", "role", "in_archive", "history"].map(|name| fields.remove(name).unwrap());
        let what = fields[3].as_array().unwrap().iter().map(|step| step["what"].clone()).collect::<Value>();
        let [handle, role, in_archive, _] = fields;
        json!([handle, role, in_archive, what])
    };
    assert_eq!(shown(0), json!(["rathaus", "owner", true, ["created"]]));
    assert_eq!(shown(1), json!(["verein", "moderator", false, ["invitation_accepted"]]));
    // Accepting is all that she did there.
    let act: Value = serde_json::from_slice(&held["acts.ndjson"]).unwrap();
    assert_eq!(act["event_type"], "InvitationAccepted");
    assert_eq!(act["stream_id"], memberships[1]["stage_id"]);
    // Who looked at the person's data, and when; it is all about the installation that it is from.
    let looks = looks_in(&first);
    assert_eq!(looks.len(), 1, "{looks:?}");
    let (look, read) = (&looks[0], &looks[0]["payload"]["PersonalDataRead"]);
    assert_eq!((&look["stream_id"], &read["auditor"]), (&json!(id), &auditor["id"]));
    assert!(read["at"].is_string(), "{look}");
    let told = entry(&first, "recipients.json");
    assert_eq!((told.as_array().unwrap().len(), &told[0]["recipient"]), (1, &json!("slack")), "{told}");
    assert!(told[0]["first_at"].is_string() && told[0]["last_at"].is_string(), "{told}");
    // The operator's own command makes the same.
    let by_operator = folder.path().join("by-operator.zip");
    said(&account(here.data(), &["export", &id, "--to", by_operator.to_str().unwrap()]));
    assert_eq!(comparable(&by_operator), comparable(&first));

    let password = folder.path().join("password");
    std::fs::write(&password, "the password over there\n").unwrap();
    let import = ["import", first.to_str().unwrap(), "--password-file", password.to_str().unwrap()];
    let imported = said(&account(there.data(), &import));
    assert_eq!((imported["account_id"].as_str(), &imported["files"]), (Some(id.as_str()), &json!(1)));
    let again = account(there.data(), &import);
    assert_eq!(
        String::from_utf8_lossy(&again.stderr),
        "stage: the account of this archive is here already\n"
    );
    let second = folder.path().join("second.zip");
    said(&account(there.data(), &["export", PERSON[5], "--to", second.to_str().unwrap()]));
    // What is here and was not there is said by events: the factor stayed behind, and so did who has no account.
    let (mut before, mut after) = (comparable(&first), comparable(&second));
    let (events, more) = (before.remove("events.ndjson").unwrap(), after.remove("events.ndjson").unwrap());
    assert_eq!(after, before);
    let kept: Vec<_> = events.lines().filter(|line| !line.contains("PersonalDataRead")).collect();
    assert_eq!((restored(&first), restored(&second)), (0, kept.len()));
    let more = added(&kept.join("\n"), &more);
    assert!(looks_in(&second).is_empty());
    let is = |line: &str, what: &str, whose: &str| line.contains(what) && line.contains(whose);
    assert!(is(more[0], "SecondFactorDisabled", &id) && is(more[1], "MemberRemoved", &grace_id), "{more:?}");
    assert_eq!(more.len(), 2, "{more:?}");
    let off = json!({"on": false, "since": null, "recovery_codes_left": 0});
    assert_eq!(entry(&second, "second-factor.json"), off);

    // And it lives: the person logs in and the stage is shown.
    let mut over_there = Client::new(&there.base);
    let credentials = json!({"email": PERSON[5], "password": "the password over there"});
    over_there.post("/api/v1/session", credentials).await.expect_success();
    eventually("the read models are there", async || {
        over_there.get("/v1/stages/rathaus/posts").await.body["posts"].as_array().map(Vec::len) == Some(1)
    })
    .await;
    let shown = over_there.get("/v1/stages/rathaus/posts").await.body["posts"][0].clone();
    assert_eq!((&shown["id"], &shown["title"]), (&posts[0]["id"], &posts[0]["title"]));
    assert_eq!(shown["topics"][0]["name"], posts[0]["topics"][0]["name"]);
    assert_eq!(over_there.get("/api/v1/account").await.body["first_name"], PERSON[0]);
    app::turn_on(&mut over_there, "the password over there").await;

    // Whoever shares the stage finds it there, and brings along what else is theirs.
    let theirs = folder.path().join("theirs.zip");
    std::fs::write(&theirs, grace.get_bytes("/api/v1/account/export").await).unwrap();
    assert_eq!(entries(&theirs)["stages/rathaus/posts.ndjson"], held["stages/rathaus/posts.ndjson"]);
    assert_eq!(entry(&theirs, "second-factor.json"), off);
    let import = ["import", theirs.to_str().unwrap(), "--password-file", password.to_str().unwrap()];
    let imported = said(&account(there.data(), &import));
    assert_eq!(
        (imported["account_id"].as_str(), &imported["stages_left_out"]),
        (Some(&*grace_id), &json!(1))
    );
    eventually("the other stage is there, with its moderator", async || {
        let stages = over_there.get("/api/v1/stages").await.body["stages"].clone();
        stages[0]["handle"] == "rathaus" && stages[1]["handle"] == "verein"
    })
    .await;
    here.stop().await;
    there.stop().await;
}

/// An auditor reads the events of this account, opened.
async fn looks_at(program: &Program, token: &str, id: &str) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let path = format!("{}/v1/audit/streams/account/{id}?personal=true", program.base);
    let answer = client.get(path).bearer_auth(token).send().await.unwrap();
    assert!(answer.status().is_success());
}

/// The events of an archive that tell of an auditor's look.
fn looks_in(archive: &Path) -> Vec<Value> {
    let events = String::from_utf8(entries(archive)["events.ndjson"].clone()).unwrap();
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["stream_type"] == "access").collect()
}

/// Somebody who owns the stage too, and has another one in which the person is a moderator.
async fn shares_stages_with(program: &Program, ada: &mut Client, stage: &str) -> (Client, String) {
    let email = "grace@example.org";
    let mut grace = Client::registered(&program.base, email).await;
    let token = team::invited(program, ada, stage, email, "owner").await;
    team::join(&mut grace, &token).await;
    let other = json!({"name": "Verein", "handle": "verein"});
    let other = grace.post("/api/v1/stages", other).await.expect_success().id();
    let token = team::invited(program, &mut grace, &other, PERSON[5], "moderator").await;
    team::join(ada, &token).await;
    let id = team::account_of(&mut grace).await;
    (grace, id)
}
