use proptest::prelude::*;

use super::{
    house::{House, Process, end_at},
    stream::{delete, publish_raw, raw_messages},
};
use crate::views::Step;

#[derive(Clone, Debug)]
enum Happening {
    Views(u64),
    /// The process that answers readers dies, its publisher having reached this step so many times, or as it is.
    Answering(Step, usize),
    /// The same for the process that counts.
    Counting(Step, usize),
    PublishedAgain,
    StreamDeleted,
    Pause(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let answering = prop_oneof![Just(Step::Read), Just(Step::Sent), Just(Step::Stored), Just(Step::Deleted)];
    let counting =
        prop_oneof![Just(Step::Received), Just(Step::Added), Just(Step::Committed), Just(Step::Purged)];
    prop_oneof![
        4 => (1..60u64).prop_map(Happening::Views),
        2 => (answering, 1..4usize).prop_map(|(step, nth)| Happening::Answering(step, nth)),
        2 => (counting, 1..4usize).prop_map(|(step, nth)| Happening::Counting(step, nth)),
        1 => Just(Happening::PublishedAgain),
        1 => Just(Happening::StreamDeleted),
        2 => (0..80u64).prop_map(Happening::Pause),
    ]
}

async fn live_through(happenings: Vec<Happening>) {
    let mut house = House::new().await;
    house.settings.journal_bytes = 40 * 17;
    let mut journal = house.journal();
    let mut publisher: Process = house.publish(&journal);
    let mut counter: Process = house.count();
    for happening in happenings {
        match happening {
            Happening::Views(count) => house.view(&journal, count),
            Happening::Answering(step, nth) => {
                publisher.kill().await;
                drop(journal);
                journal = house.journal();
                publisher = house.publish_until(&journal, end_at(step, nth));
            }
            Happening::Counting(step, nth) => {
                counter.kill().await;
                counter = house.count_until(end_at(step, nth));
            }
            Happening::PublishedAgain => {
                for message in raw_messages(&house).await {
                    publish_raw(&house, message).await;
                }
            }
            Happening::StreamDeleted => delete(&house).await,
            Happening::Pause(ms) => tokio::time::sleep(std::time::Duration::from_millis(ms)).await,
        }
    }
    publisher.kill().await;
    counter.kill().await;
    drop(journal);
    house.ends_with_each_view_counted_once().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 20, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_each_view_is_counted_once(
        happenings in proptest::collection::vec(happening(), 1..25)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(live_through(happenings));
    }
}
