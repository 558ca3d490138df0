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

mod esrs;
mod foreign;
mod ours;
mod postgres_es;
#[allow(dead_code)]
#[path = "../support/posts.rs"]
mod posts;
#[path = "../support/ratios.rs"]
mod ratios;
#[path = "../support/stock.rs"]
mod stock;
mod work;

use ratios::Ratio;
use work::{Done, Work};

const ROUNDS: usize = 3;

fn main() {
    tokio::runtime::Runtime::new().unwrap().block_on(measure());
}

async fn measure() {
    let work = Work::new();
    let emmett = foreign::emmett();
    let eventsourcing = foreign::eventsourcing();
    let mut rounds: Vec<Vec<(&'static str, Done)>> = Vec::new();
    for round in 1..=ROUNDS {
        let mut done = vec![
            ("Stage", ours::run(&work).await),
            ("postgres-es 0.5", postgres_es::run(&work).await),
            ("esrs 0.18", esrs::run(&work).await),
        ];
        for (name, peer) in [("emmett-postgresql 0.42", &emmett), ("eventsourcing 9.5", &eventsourcing)] {
            match peer {
                Ok(peer) => done.push((name, peer.run(&work).await)),
                Err(missing) => println!("{name} is left out: {missing}"),
            }
        }
        for (name, Done { append, rebuild }) in &done {
            println!("round {round}: {name:<24} {append:>9.0} commands/s {rebuild:>9.0} events/s");
        }
        rounds.push(done);
    }
    let peers: Vec<_> = rounds[0].iter().map(|(name, _)| *name).collect();
    let beside = |peer: usize, name, unit, of: fn(&Done) -> f64| {
        let mut pairs: Vec<[f64; 2]> =
            rounds.iter().map(|round| [of(&round[0].1), of(&round[peer].1)]).collect();
        pairs.sort_by(|a, b| (a[0] / a[1]).total_cmp(&(b[0] / b[1])));
        let [measured, reference] = pairs[pairs.len() / 2];
        Ratio { name, unit, measured, reference_name: peers[peer], reference }
    };
    let results: Vec<Ratio> = (1..peers.len())
        .flat_map(|peer| {
            [
                beside(peer, work::append_beside(peers[peer]), "commands/s", |done| done.append),
                beside(peer, work::rebuild_beside(peers[peer]), "events/s", |done| done.rebuild),
            ]
        })
        .collect();
    ratios::report(&results);
}
