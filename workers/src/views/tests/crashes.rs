use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;

use super::{
    house::{House, calls, eventually},
    process::{OwnProcess, Role, VIEWS},
};
use crate::views::{Step, Steps};

#[tokio::test]
async fn views_are_counted_and_their_journal_is_deleted() {
    let mut house = House::new().await;
    let journal = house.journal();
    let processes = [house.publish(&journal), house.count()];
    house.view(&journal, 100);
    eventually("all is counted", async || house.total().await == 100).await;
    drop((journal, processes));
    house.ends_with_each_view_counted_once().await;
}

/// A process that answers views and publishes them kills itself when it reaches `step` for the `nth` time.
async fn answering_dies_at(step: Step, nth: usize) {
    let mut house = House::new().await;
    let _counter = house.count();
    // Left by a process that died before, so that there is something to take over.
    house.view(&house.journal(), 10);
    let answered = OwnProcess::start(&house, Role::Answers, Signal::SIGKILL, step, nth).dies().await;
    let calls = calls(VIEWS);
    // What is written down counts, whether its reader heard of it or not.
    let written = answered + usize::from(step == Step::WrittenDown);
    match step {
        Step::FileMade | Step::WrittenDown => assert!(answered < calls.len()),
        _ => assert_eq!(answered, calls.len()),
    }
    house.expects(&calls[..written]);
    drop(_counter);
    house.ends_with_each_view_counted_once().await;
}

/// The same for a process that counts.
async fn counting_dies_at(step: Step, nth: usize) {
    let mut house = House::new().await;
    let journal = house.journal();
    let publisher = house.publish(&journal);
    let counting = OwnProcess::start(&house, Role::Counts, Signal::SIGKILL, step, nth);
    house.view(&journal, 40);
    counting.dies().await;
    house.view(&journal, 10);
    drop((journal, publisher));
    house.ends_with_each_view_counted_once().await;
}

/// A test for each step, and the list of them.
macro_rules! killed {
    ($($test:ident: $dies:ident $step:ident $($nth:literal)+;)+) => {
        const TRIED: &[Step] = &[$(Step::$step),+];
        $(
            #[tokio::test]
            async fn $test() {
                $($dies(Step::$step, $nth).await;)+
            }
        )+
    };
}

killed! {
    each_view_is_counted_once_when_its_journal_was_just_made: answering_dies_at FileMade 1 3;
    each_view_is_counted_once_when_it_is_written_down_and_not_answered: answering_dies_at WrittenDown 1 9;
    each_view_is_counted_once_when_left_journals_were_just_taken_over: answering_dies_at Adopted 1 2;
    each_view_is_counted_once_when_the_publisher_dies_before_it_sends: answering_dies_at Read 1 3;
    each_view_is_counted_once_when_the_publisher_dies_while_it_sends: answering_dies_at Sent 1 3;
    each_view_is_counted_once_when_the_publisher_dies_before_it_notes_that_it_sent: answering_dies_at Stored 1 3;
    each_view_is_counted_once_when_the_publisher_dies_before_it_deletes: answering_dies_at Compared 1;
    each_view_is_counted_once_when_the_publisher_dies_after_it_deleted: answering_dies_at Deleted 1;
    each_view_is_counted_once_when_the_publisher_dies_after_it_told_that_it_deleted: answering_dies_at Finished 1;
    each_view_is_counted_once_when_the_counter_dies_as_it_begins_to_lead: counting_dies_at Elected 1;
    each_view_is_counted_once_when_the_counter_dies_before_it_counts: counting_dies_at Received 1 2;
    each_view_is_counted_once_when_the_counter_dies_before_it_commits: counting_dies_at Added 1 2;
    each_view_is_counted_once_when_the_counter_dies_after_it_committed: counting_dies_at Committed 1 2;
    each_view_is_counted_once_when_the_counter_dies_after_it_purged: counting_dies_at Purged 1 2;
}

#[tokio::test]
async fn a_process_was_killed_at_each_step_that_a_view_takes() {
    let mut house = House::new().await;
    let steps = Arc::new(Mutex::new(HashSet::new()));
    let heard = steps.clone();
    house.settings.steps = Steps(Some(Arc::new(move |step| {
        heard.lock().unwrap().insert(step);
    })));
    let journal = house.journal();
    house.view(&journal, 10);
    drop(journal);
    let journal = house.journal();
    // They live on until the last step is told, which is a moment after what it did can be seen.
    let processes = [house.publish(&journal), house.count()];
    let tried: HashSet<Step> = TRIED.iter().copied().collect();
    eventually("each step was reached, and no other", async || *steps.lock().unwrap() == tried).await;
    drop((journal, processes));
    house.ends_with_each_view_counted_once().await;
}

#[tokio::test]
async fn each_view_is_counted_once_while_the_database_ends_every_session_again_and_again() {
    let mut house = House::new().await;
    let journal = house.journal();
    let processes = [house.publish(&journal), house.count(), house.count()];
    for _ in 0..15 {
        house.view(&journal, 50);
        eventually("a counter leads and its session is ended", async || ends_every_session(&house).await)
            .await;
    }
    drop((journal, processes));
    house.ends_with_each_view_counted_once().await;
}

/// Ends all sessions at once when there is a leader among them. The leader is told by its lock, which it holds whatever it
/// does; what it last asked is gone in a moment.
async fn ends_every_session(house: &House) -> bool {
    let ended: i64 = sqlx::query_scalar(
        "WITH leaders AS (
             SELECT pid FROM pg_locks JOIN pg_database ON oid = database
             WHERE locktype = 'advisory' AND datname = current_database()
         )
         SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND EXISTS (SELECT FROM leaders)",
    )
    .fetch_one(&house.database.pool)
    .await
    .unwrap();
    ended > 0
}

#[tokio::test]
async fn another_counter_takes_over_within_seconds_from_one_that_hangs() {
    let mut house = House::new().await;
    house.settings.heartbeat = crate::views::Settings::default().heartbeat;
    let journal = house.journal();
    let publisher = house.publish(&journal);
    // Its connection stays open and its lock stays taken, as with a machine that is cut off.
    let hanging = OwnProcess::start(&house, Role::Counts, Signal::SIGSTOP, Step::Received, 1);
    house.view(&journal, 10);
    eventually("the leader hangs", async || hanging.is_stopped()).await;
    let since = Instant::now();
    let second = house.count();
    eventually("the other one counts", async || house.total().await == 10).await;
    assert!(since.elapsed() < Duration::from_secs(8), "took {:?}", since.elapsed());
    drop((journal, publisher, hanging, second));
    house.ends_with_each_view_counted_once().await;
}
