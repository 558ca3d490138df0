//! Telling a hub of more feeds than go into one message.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::{collections::BTreeSet, iter, time::Duration};

use common::House;
use stage_commands::Actor;
use stage_connectors::outward::WebSubHub;
use stage_domain::StageId;
use stage_projections::outbox;
use stage_testkit::FakeHub;
use stage_workers::websub::{self, Settings};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Their feeds go into two messages, of 60 and of 15.
const STAGES: usize = 25;

struct World {
    house: House,
    hub: FakeHub,
    noted: outbox::Hub,
    ada: Actor,
    stages: Vec<StageId>,
    running: Vec<JoinHandle<()>>,
}

/// All stages are there, and the hub was told of none.
async fn world() -> World {
    let (house, hub) = (House::new().await, FakeHub::start().await);
    let noted = outbox::Hub::new(hub.url.clone());
    noted.begin(&house.database.pool).await.unwrap();
    let running = vec![house.project()];
    let ada = house.register("ada@example.org").await;
    let mut stages = vec![];
    for number in 0..STAGES {
        stages.push(house.stage(ada, &format!("stage-{number}")).await);
    }
    let world = World { house, hub, noted, ada, stages, running };
    world.house.until("every stage is to be told", async || world.unheard().await == STAGES).await;
    world
}

impl World {
    /// How many stages the hub is to be told of.
    async fn unheard(&self) -> usize {
        let mut connection = self.house.database.pool.acquire().await.unwrap();
        self.noted.unheard(&mut connection).await.unwrap().handles.len()
    }

    fn tell(&mut self) {
        let settings = Settings {
            look_every: Duration::from_millis(20),
            first_pause: Duration::from_millis(20),
            ..Settings::default()
        };
        let hub = WebSubHub::new(self.hub.url.parse().unwrap()).unwrap();
        let url = "https://stage.example".parse().unwrap();
        let pool = self.house.database.pool.clone();
        self.running.push(tokio::spawn(websub::run(pool, hub, url, settings, CancellationToken::new())));
    }

    /// What the hub took, message by message, once there is nothing more to tell.
    async fn taken(&self) -> Vec<Vec<String>> {
        self.house.until("all is told and noted", async || self.unheard().await == 0).await;
        self.hub.told().into_iter().filter(|told| told.status == 204).map(|told| told.feeds).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.running.iter().for_each(JoinHandle::abort);
    }
}

/// The feeds of all stages but for these.
fn feeds_but_for(unwanted: &str) -> BTreeSet<String> {
    (0..STAGES)
        .flat_map(|number| ["atom", "json", "rss"].map(|kind| format!("stage-{number}/feed.{kind}")))
        .map(|feed| format!("https://stage.example/v1/stages/{feed}"))
        .filter(|feed| unwanted.is_empty() || !feed.contains(unwanted))
        .collect()
}

fn each_once(taken: &[Vec<String>]) -> BTreeSet<String> {
    let once: BTreeSet<String> = taken.iter().flatten().cloned().collect();
    assert_eq!(once.len(), taken.iter().flatten().count(), "no feed is told twice: {taken:?}");
    once
}

#[tokio::test]
async fn a_feed_that_the_hub_refuses_keeps_back_no_other_and_is_told_when_it_changes_again() {
    let mut world = world().await;
    world.hub.refuse(Some("/stage-3/feed.rss"));
    world.tell();
    let taken = world.taken().await;
    assert_eq!(each_once(&taken), feeds_but_for("/stage-3/feed.rss"));
    world.hub.refuse(None);
    let before = world.hub.told().len();
    let renamed =
        world.house.commands.change_stage(world.ada, world.stages[3], Some("Bad"), None, common::request());
    renamed.await.unwrap();
    world.hub.came(before + 1).await;
    let again = world.taken().await;
    assert!(again[taken.len()].contains(&"https://stage.example/v1/stages/stage-3/feed.rss".to_owned()));
}

#[tokio::test]
async fn what_the_hub_took_is_not_told_again_because_of_what_it_did_not_take() {
    let mut world = world().await;
    world.hub.will_answer([(204, None), (503, None), (429, Some(1))]);
    world.tell();
    let taken = world.taken().await;
    assert_eq!(taken.iter().map(Vec::len).collect::<Vec<_>>(), [60, 15]);
    assert_eq!(each_once(&taken), feeds_but_for(""));
    assert_eq!(world.hub.told().len(), 4);
}

#[tokio::test]
async fn a_hub_that_refuses_whatever_it_is_told_is_left_alone_and_then_told_all() {
    let mut world = world().await;
    world.hub.will_answer(iter::repeat_n((403, None), 16));
    world.tell();
    let taken = world.taken().await;
    assert_eq!(taken.iter().map(Vec::len).collect::<Vec<_>>(), [60, 15], "it is begun anew");
    assert_eq!(each_once(&taken), feeds_but_for(""));
}
