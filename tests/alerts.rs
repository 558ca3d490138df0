//! The alert rules and the dashboard name what `/metrics` gives, and every alert has its section in docs/operate.md.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{collections::BTreeSet, path::Path, time::Duration};

use common::{
    client::Client,
    eventually,
    feeds::{Feeds, rss},
    metrics::Metrics,
    program::Program,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use stage_testkit::FakeHub;

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Our metrics that are named in a text.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '_');
    words.filter(|word| word.starts_with("stage_")).map(str::to_owned).collect()
}

/// What stands behind this key in the rules, also where it goes on in the next lines.
fn values(rules: &str, key: &str) -> Vec<String> {
    let mut values: Vec<String> = vec![];
    let mut going_on = false;
    for line in rules.lines() {
        let line = line.trim().trim_start_matches("- ");
        match line.split_once(": ") {
            Some((found, value)) if found == key => {
                going_on = value == ">-";
                values.push(if going_on { String::new() } else { value.to_owned() });
            }
            Some((found, _)) if found.chars().all(|c| c.is_ascii_lowercase()) => going_on = false,
            _ if going_on => values.last_mut().unwrap().push_str(line),
            _ => {}
        }
    }
    values
}

/// The queries of all panels.
fn queries(dashboard: &Value) -> Vec<&str> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.map(|target| target["expr"].as_str().unwrap()).collect()
}

#[test]
fn every_alert_has_its_section_with_what_to_do() {
    let (rules, page) = (file("deploy/prometheus/alerts.yml"), file("docs/operate.md"));
    let (alerts, runbooks) = (values(&rules, "alert"), values(&rules, "runbook"));
    assert_eq!(alerts.len(), runbooks.len());
    for (alert, runbook) in alerts.iter().zip(&runbooks) {
        assert_eq!(runbook, &format!("docs/operate.md#{}", alert.to_lowercase()));
        let heading = format!("\n### {alert}\n");
        let section = page.split(&heading).nth(1).unwrap_or_else(|| panic!("{alert} has no section"));
        let section = section.split("\n### ").next().unwrap();
        assert!(section.split_whitespace().count() > 20, "the section of {alert} says something");
    }
    let sections = page.lines().filter(|line| line.starts_with("### Stage")).count();
    assert_eq!(sections, alerts.len(), "and no section is about an alert that is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_in_the_rules_and_the_dashboard_is_one_that_the_program_gives() {
    let rules = file("deploy/prometheus/alerts.yml");
    let dashboard: Value = serde_json::from_str(&file("deploy/grafana/stage.json")).unwrap();
    let mut wanted: BTreeSet<String> = values(&rules, "expr").iter().flat_map(|expr| named(expr)).collect();
    assert!(wanted.len() > 10, "{wanted:?}");
    wanted.extend(queries(&dashboard).into_iter().flat_map(named));

    let hub = FakeHub::start().await;
    let program = Program::start_with(&["--websub-hub", &hub.url]).await;
    let feeds = Feeds::serve(Duration::ZERO).await;
    let items = |title: &str| rss("News", [("1".to_owned(), title.to_owned())]);
    let address = feeds.publish("news.xml", items("Fest"));
    let mut ada = Client::registered(&program.base, "ada@example.org").await;
    let stage = ada.post("/api/v1/stages", json!({"name": "Rathaus", "handle": "rathaus"})).await;
    let stage = stage.expect(StatusCode::CREATED).id();
    let source = json!({"network": "feed", "address": address});
    ada.post(&format!("/api/v1/stages/{stage}/sources"), source).await.expect(StatusCode::CREATED);
    // There only while a projection fails: tests/operate.rs sees it then.
    assert!(wanted.remove("stage_projection_failing"));
    eventually(&format!("each of {wanted:?} is given"), async || {
        ada.get("/v1/stages/rathaus").await;
        let metrics = Metrics::of(&program.base).await;
        wanted.iter().all(|name| metrics.lines(name).next().is_some())
    })
    .await;
    program.stop().await;
}
