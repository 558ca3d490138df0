use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::Arc,
};

use chrono::Utc;
use stage_domain::PostId;
use stage_projections::views::{Counts, Viewed, Viewer};
use uuid::Uuid;

use super::house::House;
use crate::views::{Journal, Settings};

const DIR: &str = "STAGE_TEST_JOURNAL_DIR";
const VIEWED: Viewed = Viewed::Post(PostId(Uuid::from_u128(1)));

/// Not a test by itself: what the process does that the next test kills. It says when a view is answered.
#[test]
fn views_and_answers_until_it_is_killed() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let (clock, new_id) = (Arc::new(Utc::now), Arc::new(Uuid::new_v4));
    let journal = Journal::open(dir, &Settings::default(), clock, new_id).unwrap();
    loop {
        journal.viewed(&[VIEWED], Viewer::Person).unwrap();
        // Straight to the pipe, past the test harness: a view is answered when this is written.
        std::io::Write::write_all(&mut std::io::stderr(), b"answered\n").unwrap();
    }
}

#[tokio::test]
async fn no_view_that_was_answered_is_lost_when_its_process_is_killed() {
    let mut house = House::new().await;
    let mut answered = 0;
    for after in [1, 100, 1000] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "views::tests::kill::views_and_answers_until_it_is_killed", "--nocapture"])
            .env(DIR, house.dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        answered += lines.by_ref().take(after).filter(|line| line.as_ref().unwrap() == "answered").count();
        child.kill().unwrap();
        child.wait().unwrap();
        answered += lines.map_while(Result::ok).filter(|line| line == "answered").count();
    }
    assert!(answered >= 1101);
    // A view may be in a journal whose process died just before it answered: at most one each.
    let journaled: u64 = std::fs::read_dir(house.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len() / 17)
        .sum();
    assert!((answered as u64..=answered as u64 + 3).contains(&journaled), "{journaled} of {answered}");
    house.viewed.insert(VIEWED, Counts { views: journaled, bots: 0 });
    house.ends_with_each_view_counted_once().await;
}
