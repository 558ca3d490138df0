//! Appending and rebuilding beside what others do with the same work, on one server in one run: `make bench`.
//!
//! Each appends commands that begin a stream, at 16 tasks; and makes a read model of posts anew, one row a post, from the
//! first event on. Stock postgres-es and esrs run in this process. emmett and eventsourcing run in Node and Python, where
//! these are present, with their packages installed under target/bench/. docs/benchmarks.md tells what differs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

#[path = "../support/allocator.rs"]
mod allocator;
mod esrs;
mod foreign;
#[path = "../support/log.rs"]
mod log;
mod ours;
mod postgres_es;
#[allow(dead_code)]
#[path = "../support/posts.rs"]
mod posts;
#[path = "../support/ratios.rs"]
mod ratios;
#[path = "../support/rounds.rs"]
mod rounds;
#[path = "../support/stock.rs"]
mod stock;
#[path = "../support/tasks.rs"]
mod tasks;
mod work;

use rounds::Rounds;
use work::{Done, Work};

const ROUNDS: usize = 3;

fn main() {
    tokio::runtime::Runtime::new().unwrap().block_on(measure());
}

async fn measure() {
    let work = Work::new();
    let [emmett, eventsourcing] = [foreign::emmett(), foreign::eventsourcing()]
        .map(|peer| peer.inspect_err(|missing| println!("left out: {missing}")).ok());
    // Two figures of each, the commands and the events a second; 0 for who is left out.
    let names = ["Stage", "", "postgres-es", "", "esrs", "", "emmett", "", "eventsourcing", ""];
    let rounds = Rounds::run(ROUNDS, names, async || {
        let none = Done { append: 0.0, rebuild: 0.0 };
        let done = [
            ours::run(&work).await,
            postgres_es::run(&work).await,
            esrs::run(&work).await,
            if let Some(peer) = &emmett { peer.run(&work).await } else { none },
            if let Some(peer) = &eventsourcing { peer.run(&work).await } else { none },
        ];
        let figures: Vec<f64> = done.iter().flat_map(|done| [done.append, done.rebuild]).collect();
        figures.try_into().unwrap()
    })
    .await;
    let beside = |append, rebuild, reference, place: usize| {
        [
            rounds.ratio((append, 0), (reference, 2 * place), "commands/s"),
            rounds.ratio((rebuild, 1), (reference, 2 * place + 1), "events/s"),
        ]
    };
    let mut results = vec![
        beside("peers: append, cqrs-es", "peers: rebuild, cqrs-es", "postgres-es 0.5", 1),
        beside("peers: append, esrs", "peers: rebuild, esrs", "esrs 0.18", 2),
    ];
    if emmett.is_some() {
        results.push(beside("peers: append, emmett", "peers: rebuild, emmett", "emmett-postgresql 0.42", 3));
    }
    if eventsourcing.is_some() {
        let names = ["peers: append, eventsourcing", "peers: rebuild, eventsourcing"];
        results.push(beside(names[0], names[1], "eventsourcing 9.5", 4));
    }
    ratios::report(&results.into_iter().flatten().collect::<Vec<_>>());
}
