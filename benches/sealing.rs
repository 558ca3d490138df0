//! What it costs appends that personal values are sealed: `make bench`. At 16 tasks people are registered, each with a name,
//! an address and a telephone number, and then each corrects their name; beside the same commands on the same log
//! with the same values as plain text. Each registration claims its address. The four take turns on the same database.
//!
//! Both sides make the same round trips (docs/decisions/0043). What sealing costs beyond them: a registration writes its key,
//! a row and its place in an index, and asks which master key wraps it; a correction opens what the events before it hold;
//! and both send, check and log payloads several times as long.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/allocator.rs"]
mod allocator;
#[path = "support/log.rs"]
mod log;
#[path = "support/plain.rs"]
mod plain;
#[path = "support/ratios.rs"]
mod ratios;
#[path = "support/rounds.rs"]
mod rounds;
#[path = "support/tasks.rs"]
mod tasks;

use std::sync::Arc;

use chrono::DateTime;
use plain::{Plain, PlainCommand};
use ratios::Ratio;
use rounds::Rounds;
use stage_domain::{
    AccountId, Language,
    account::{Account, AccountCommand, Correction, Registration},
};
use stage_store::{Act, ClaimChange, ClaimKind, Log};
use tasks::rate;
use uuid::Uuid;

const TASKS: usize = 16;
/// Of one task in one round.
const TIMES: usize = 150;
const ROUNDS: usize = 15;

const FIRST: &str = "Augusta Ada";
const LAST: &str = "Lovelace";
const PHONE: &str = "+4930123456";
const CORRECTED: &str = "Ada";

fn main() {
    // Cargo also runs benches as tests; there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    ratios::report(&runtime.block_on(measure()));
}

async fn measure() -> Vec<Ratio> {
    let database = stage_testkit::database().await;
    let pool = stage_store::pool::connect(&database.url, 20).await.unwrap();
    let log = log::log(&pool).await;
    let names = ["registering sealed", "plain", "correcting sealed", "plain"];
    let rounds = Rounds::run(ROUNDS, names, async || {
        let (sealed, plain) = (people(), people());
        [
            register(&log, &sealed).await,
            register_plain(&log, &plain).await,
            correct(&log, &sealed).await,
            correct_plain(&log, &plain).await,
        ]
    })
    .await;
    vec![
        rounds.ratio(
            ("append: a registration, sealed", 0),
            ("the same values as plain text", 1),
            "commands/s",
        ),
        rounds.ratio(("append: a correction, sealed", 2), ("the same values as plain text", 3), "commands/s"),
    ]
}

fn people() -> Arc<Vec<Uuid>> {
    Arc::new((0..TASKS * TIMES).map(|_| Uuid::now_v7()).collect())
}

async fn register(log: &Log, people: &Arc<Vec<Uuid>>) -> f64 {
    let (log, people) = (log.clone(), Arc::clone(people));
    rate(TASKS, TIMES, move |number| {
        let (log, id) = (log.clone(), people[number]);
        async move {
            let (account, email) = (AccountId(id), address(id));
            let registration =
                Registration::new(account, FIRST, LAST, &email, Some(PHONE), Language::De).unwrap();
            let command = AccountCommand::Register { registration, at: DateTime::UNIX_EPOCH };
            let subject = Some(log.keyring().new_subject(account).unwrap());
            log.execute::<Account>(id, command, Act { subject, ..fresh(id, email) }).await.map(drop).unwrap();
        }
    })
    .await
}

async fn register_plain(log: &Log, people: &Arc<Vec<Uuid>>) -> f64 {
    let (log, people) = (log.clone(), Arc::clone(people));
    rate(TASKS, TIMES, move |number| {
        let (log, id) = (log.clone(), people[number]);
        async move {
            let email = address(id);
            let command = PlainCommand::Register {
                first_name: FIRST.to_owned(),
                last_name: LAST.to_owned(),
                email: email.clone(),
                phone: Some(PHONE.to_owned()),
                at: DateTime::UNIX_EPOCH,
            };
            log.execute::<Plain>(id, command, fresh(id, email)).await.map(drop).unwrap();
        }
    })
    .await
}

async fn correct(log: &Log, people: &Arc<Vec<Uuid>>) -> f64 {
    let (log, people) = (log.clone(), Arc::clone(people));
    rate(TASKS, TIMES, move |number| {
        let (log, id) = (log.clone(), people[number]);
        async move {
            let correction = Correction::new(AccountId(id), Some(CORRECTED), None, None, None, None).unwrap();
            let command = AccountCommand::Correct { correction, at: DateTime::UNIX_EPOCH };
            log.execute::<Account>(id, command, Act::default()).await.map(drop).unwrap();
        }
    })
    .await
}

async fn correct_plain(log: &Log, people: &Arc<Vec<Uuid>>) -> f64 {
    let (log, people) = (log.clone(), Arc::clone(people));
    rate(TASKS, TIMES, move |number| {
        let (log, id) = (log.clone(), people[number]);
        async move {
            let command =
                PlainCommand::Correct { first_name: CORRECTED.to_owned(), at: DateTime::UNIX_EPOCH };
            log.execute::<Plain>(id, command, Act::default()).await.map(drop).unwrap();
        }
    })
    .await
}

fn address(id: Uuid) -> String {
    format!("{id}@example.org")
}

fn fresh(owner: Uuid, email: String) -> Act {
    let claims = vec![ClaimChange::Take { kind: ClaimKind::Email, value: email, owner }];
    Act { new: true, claims, ..Act::default() }
}
