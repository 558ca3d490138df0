use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_nats::jetstream;
use chrono::{DateTime, NaiveDate};
use futures::StreamExt;
use stage_domain::PostId;
use stage_projections::views::{Viewed, Viewer};
use uuid::Uuid;

use super::house::{House, eventually};
use crate::views::{Journal, message::Message, record};

/// Every message that the stream holds now.
pub(super) async fn raw_messages(house: &House) -> Vec<bytes::Bytes> {
    let Ok(stream) = jetstream::new(house.nats.clone()).get_stream(&house.settings.stream).await else {
        return vec![];
    };
    let state = &stream.cached_info().state;
    let sequences = futures::stream::iter(state.first_sequence..=state.last_sequence);
    sequences
        .filter_map(|sequence| {
            let stream = &stream;
            async move { stream.get_raw_message(sequence).await.ok().map(|message| message.payload) }
        })
        .collect()
        .await
}

pub(super) async fn publish_raw(house: &House, payload: bytes::Bytes) {
    let jetstream = jetstream::new(house.nats.clone());
    jetstream.publish(house.settings.subject.clone(), payload).await.unwrap().await.unwrap();
}

pub(super) async fn delete(house: &House) {
    let _ = jetstream::new(house.nats.clone()).delete_stream(&house.settings.stream).await;
}

/// A stream with all views in it, and nobody who counts.
async fn sent(house: &mut House, views: u64) -> Arc<Journal> {
    let journal = house.journal();
    let publisher = house.publish(&journal);
    house.view(&journal, views);
    let messages = views.div_ceil(house.settings.message_records as u64);
    eventually("all is sent", async || house.messages().await >= Some(messages)).await;
    publisher.kill().await;
    journal
}

#[tokio::test]
async fn messages_that_are_published_again_count_once() {
    let mut house = House::new().await;
    let journal = sent(&mut house, 50).await;
    let messages = raw_messages(&house).await;
    for message in messages.iter().rev().chain(&messages) {
        publish_raw(&house, message.clone()).await;
    }
    let counter = house.count();
    eventually("all is counted", async || house.total().await == 50).await;
    for message in &messages {
        publish_raw(&house, message.clone()).await;
    }
    drop((journal, counter));
    house.ends_with_each_view_counted_once().await;
}

#[tokio::test]
async fn records_in_messages_of_another_cut_count_once() {
    let mut house = House::new().await;
    let journal = sent(&mut house, 50).await;
    let messages = raw_messages(&house).await;
    delete(&house).await;
    drop(journal);
    // As after a crash and a change of the settings: the same records, cut differently.
    house.settings.message_records = 5;
    let journal = house.journal();
    let publisher = house.publish(&journal);
    eventually("all is sent", async || house.messages().await == Some(10)).await;
    publisher.kill().await;
    drop(journal);
    let cut_by_five = raw_messages(&house).await;
    delete(&house).await;
    eventually("the stream is made again", async || {
        house.stream().open().await.is_ok_and(|(_, holding)| holding.messages == 0)
    })
    .await;
    for message in messages.iter().take(3).chain(&cut_by_five) {
        publish_raw(&house, message.clone()).await;
    }
    let counter = house.count();
    eventually("all is counted", async || house.total().await >= 50).await;
    drop(counter);
    house.ends_with_each_view_counted_once().await;
}

#[tokio::test]
async fn views_in_a_stream_that_somebody_deleted_are_sent_again() {
    let mut house = House::new().await;
    let journal = house.journal();
    let publisher = house.publish(&journal);
    house.view(&journal, 50);
    eventually("something is sent", async || house.messages().await > Some(1)).await;
    delete(&house).await;
    house.view(&journal, 50);
    let counter = house.count();
    eventually("all is counted", async || house.total().await == 100).await;
    delete(&house).await;
    house.view(&journal, 50);
    eventually("all is counted again", async || house.total().await == 150).await;
    drop((journal, publisher, counter));
    house.ends_with_each_view_counted_once().await;
}

#[tokio::test]
async fn views_in_a_stream_that_somebody_emptied_are_sent_again() {
    let mut house = House::new().await;
    let journal = house.journal();
    let publisher = house.publish(&journal);
    house.view(&journal, 50);
    eventually("something is sent", async || house.messages().await > Some(2)).await;
    let stream = jetstream::new(house.nats.clone()).get_stream(&house.settings.stream).await.unwrap();
    stream.purge().await.unwrap();
    let counter = house.count();
    eventually("all is counted", async || house.total().await == 50).await;
    drop((journal, publisher, counter));
    house.ends_with_each_view_counted_once().await;
}

#[tokio::test]
async fn a_stream_that_is_full_keeps_views_waiting_and_loses_none() {
    let mut house = House::new().await;
    house.settings.stream_bytes = 1500;
    let journal = house.journal();
    let publisher = house.publish(&journal);
    house.view(&journal, 300);
    eventually("the stream is full", async || house.messages().await >= Some(5)).await;
    let counter = house.count();
    eventually("all is counted", async || house.total().await == 300).await;
    drop((journal, publisher, counter));
    house.ends_with_each_view_counted_once().await;
}

#[tokio::test]
async fn rubbish_in_the_stream_stops_nobody() {
    let mut house = House::new().await;
    let journal = sent(&mut house, 20).await;
    let far_ahead = Message {
        journal: Uuid::from_u128(9),
        day: NaiveDate::MAX.min(NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()),
        after: 1_000,
        records: &record::encode(&[Viewed::Post(PostId(Uuid::from_u128(1)))], Viewer::Person),
    };
    for rubbish in [&b""[..], b"{}", b"stageV1\n", &[0xff; 4000], &far_ahead.encode()] {
        publish_raw(&house, rubbish.to_vec().into()).await;
    }
    house.view(&journal, 20);
    drop(journal);
    house.ends_with_each_view_counted_once().await;
}

#[tokio::test]
async fn a_journal_goes_on_in_new_files_by_size_and_by_day_and_views_keep_their_day() {
    let mut house = House::new().await;
    house.settings.journal_bytes = 10 * 17;
    let now = Arc::new(AtomicI64::new(0));
    let clock = {
        let now = now.clone();
        Arc::new(move || DateTime::from_timestamp(now.load(Ordering::SeqCst), 0).unwrap())
    };
    let new_id = Arc::new(Uuid::new_v4);
    let journal = Arc::new(Journal::open(house.dir.path(), &house.settings, clock, new_id).unwrap());
    house.view(&journal, 25);
    now.store(24 * 60 * 60, Ordering::SeqCst);
    house.view(&journal, 5);
    assert!(house.files() >= 3, "{} files", house.files());
    drop(journal);
    house.ends_with_each_view_counted_once().await;
    let days: Vec<(NaiveDate, i64)> = sqlx::query_as(
        "SELECT day, sum(count + bots)::bigint FROM read_views.view_days GROUP BY day ORDER BY day",
    )
    .fetch_all(&house.database.pool)
    .await
    .unwrap();
    let day = |day| NaiveDate::from_ymd_opt(1970, 1, day).unwrap();
    assert_eq!(days, [(day(1), 25), (day(2), 5)]);
}
