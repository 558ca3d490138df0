//! `stage projections`, beside a program that serves: nobody who reads notices a rebuild, and a killed one goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::{
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use common::{client::Client, eventually, house::House, program::Program};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use tokio::process::Child;

const STAGES: u32 = 20;

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[track_caller]
fn succeeded(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    lines(output)
}

/// Reads the newest post of a stage again and again: each answer is good, and none is older than one before.
fn reader(base: &str, stop: &Arc<AtomicBool>, reads: &Arc<AtomicU64>) -> tokio::task::JoinHandle<u64> {
    let (mut client, stop, reads) = (Client::new(base), Arc::clone(stop), Arc::clone(reads));
    tokio::spawn(async move {
        let mut newest = 0;
        while !stop.load(Ordering::Relaxed) {
            let page = client.get("/v1/stages/rathaus/posts?limit=5").await.expect_success();
            let posts = page.body["posts"].as_array().unwrap().clone();
            assert_eq!(posts.len(), 5, "no gap");
            let number: u64 = posts[0]["text"].as_str().unwrap().parse().unwrap();
            assert!(number >= newest, "post {number} after {newest}");
            newest = number;
            client.get("/v1/stages/rathaus").await.expect_success();
            reads.fetch_add(1, Ordering::Relaxed);
        }
        newest
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_read_model_is_rebuilt_readers_get_no_error_no_gap_and_no_older_state() {
    let house = Arc::new(House::serve().await);
    let _worker = house.work();
    house.create(1, "rathaus").await;
    let before = 6_000;
    let last = house.import(STAGES, 0, before).await;
    eventually("all posts are there", async || house.reached().await >= last).await;

    let (stop, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let readers: Vec<_> = (0..4).map(|_| reader(&house.server.address, &stop, &reads)).collect();
    let writer = {
        let (house, stop) = (Arc::clone(&house), Arc::clone(&stop));
        tokio::spawn(async move {
            let mut next = before;
            while !stop.load(Ordering::Relaxed) {
                house.import(STAGES, next, next + STAGES).await;
                next += STAGES;
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
            next
        })
    };
    for _ in 0..3 {
        let told = succeeded(&house.run(&["projections", "rebuild", "feed", "stages", "--json"]).await);
        assert_eq!(told.iter().filter(|line| line["phase"] == "done").count(), 2, "{told:?}");
    }
    let seen = reads.load(Ordering::Relaxed);
    eventually("readers have read the new tables", async || reads.load(Ordering::Relaxed) > seen + 20).await;
    stop.store(true, Ordering::Relaxed);
    let written = writer.await.unwrap();
    for reader in readers {
        assert!(reader.await.unwrap() >= u64::from(before), "what was written meanwhile was seen meanwhile");
    }

    let end = house.import(STAGES, written, written + 1).await;
    eventually("the last post is there", async || house.reached().await >= end).await;
    for name in ["feed", "stages", "accounts"] {
        let told = succeeded(&house.run(&["projections", "compare", name, "--json"]).await);
        let last = told.last().unwrap();
        assert_eq!((&last["equal"], &last["position"]), (&json!(true), &json!(end)), "{last}");
    }
}

/// Waits until a rebuild has committed a part of its work.
async fn half_done(house: &House, child: &mut Child, more_than: i64) -> i64 {
    let mut applied = 0;
    eventually("a part is applied", async || {
        assert!(child.try_wait().unwrap().is_none(), "it has ended before it was in the middle");
        applied =
            sqlx::query_scalar("SELECT coalesce(sum(applied), 0)::bigint FROM projection_rebuild_parts")
                .fetch_one(&house.database.pool)
                .await
                .unwrap();
        applied > more_than
    })
    .await;
    applied
}

#[tokio::test]
async fn ended_in_the_middle_by_ctrl_c_or_kill_the_same_command_goes_on_and_two_at_once_are_refused() {
    let house = House::serve().await;
    let _worker = house.work();
    house.create(1, "rathaus").await;
    let last = house.import(STAGES, 0, 40_000).await;
    eventually("all posts are there", async || house.reached().await >= last).await;
    let rebuild = ["projections", "rebuild", "feed", "--json", "--workers", "2"];

    let mut killed = house.command(&rebuild).spawn().unwrap();
    let first = half_done(&house, &mut killed, 0).await;
    let second = house.run(&["projections", "rebuild", "feed"]).await;
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && said.contains("is being rebuilt or compared by another"), "{said}");
    killed.kill().await.unwrap();

    let mut interrupted = house.command(&rebuild).spawn().unwrap();
    half_done(&house, &mut interrupted, first).await;
    kill(Pid::from_raw(i32::try_from(interrupted.id().unwrap()).unwrap()), Signal::SIGINT).unwrap();
    let output = interrupted.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("goes on from here"), "{said}");
    let done: i64 =
        sqlx::query_scalar("SELECT sum(applied)::bigint FROM projection_rebuild_parts WHERE applied > 0")
            .fetch_one(&house.database.pool)
            .await
            .unwrap();
    assert!(done > first);

    let status = succeeded(&house.run(&["projections", "status", "--json"]).await);
    let feed = status.iter().find(|line| line["name"] == "feed").unwrap();
    assert_eq!(feed["rebuild"]["applied"], json!(done), "{feed}");
    let told = succeeded(&house.run(&rebuild).await);
    let began = told.iter().find(|line| line["phase"] == "applying" || line["phase"] == "indexing").unwrap();
    assert!(began["applied"].as_i64().unwrap() >= done, "it goes on where it was: {began}");
    let told = succeeded(&house.run(&["projections", "compare", "feed", "--json"]).await);
    assert_eq!(told.last().unwrap()["equal"], json!(true), "{told:?}");
}

#[tokio::test]
async fn an_operator_of_stage_up_sees_pauses_resumes_and_skips_beside_it() {
    let program = Program::start().await;
    let mut ada = Client::registered(&program.base, "ada@example.org").await;
    let run = |arguments: &[&str]| program.command(&[&["projections"], arguments].concat());
    succeeded(&run(&["pause", "stages", "--json"]));
    ada.post("/api/v1/stages", json!({"name": "Rathaus", "handle": "rathaus"})).await.expect_success();
    let of = |name: &str| {
        let lines = succeeded(&run(&["status", "--json"]));
        lines.into_iter().find(|line| line["name"] == name).unwrap()
    };
    eventually("the others go on", async || of("feed")["lag_events"] == json!(0)).await;
    let stages = of("stages");
    assert_eq!((&stages["state"], &stages["lag_events"]), (&json!("paused"), &json!(1)), "{stages}");
    assert!(stages["lag_seconds"].as_f64().unwrap() > 0.0);
    assert!(stages["remedy"].as_str().unwrap().contains("stage projections resume stages"));
    assert!(!run(&["pause", "stages"]).status.success(), "it is paused already");
    succeeded(&run(&["resume", "stages", "--json"]));
    eventually("it has caught up", async || of("stages")["lag_events"] == json!(0)).await;

    let refused = run(&["skip", "stages", "1", "--reason", "a test"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("does not stand in front of event 1"), "{said}");
    let refused = run(&["resume", "nothing"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("there is no projection nothing; there are accounts, stages, feed"), "{said}");

    eventually("the metrics show it too", async || {
        let metrics = ada.get("/metrics").await.body.as_str().unwrap().to_owned();
        [
            "stage_projection_lag_events{projection=\"feed\"} 0",
            "stage_projection_lag_seconds{projection=\"feed\"} 0",
        ]
        .iter()
        .all(|line| metrics.contains(line))
            && metrics.contains("stage_projection_state{projection=\"stages\",state=\"running\"} 1")
            && metrics.contains("stage_projection_rate{projection=\"feed\"}")
    })
    .await;
    succeeded(&run(&["rebuild", "--all", "--json"]));
    program.stop().await;
}
