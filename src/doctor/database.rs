//! The database: there, of a version that we know, set up not to lose what it said yes to, and migrated.

use std::time::Duration;

use chrono::TimeDelta;
use stage_store::{Checkup, checkup};
use tokio::time::timeout;

use super::{finding::Finding, now};
use crate::{
    config::{HouseArgs, Reached},
    failure::{Failure, sentence},
};

const DATABASE: &str = "database";
const SETTINGS: &str = "settings";
const MIGRATIONS: &str = "migrations";
const CLOCK: &str = "database_clock";

/// The oldest PostgreSQL that is tested, as `server_version_num` has it.
const OLDEST: i32 = 150_000;
/// What a database that hangs may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Clocks may be so far apart. Sessions, polls and checkpoints are timed in seconds.
pub(super) const APART: TimeDelta = TimeDelta::seconds(5);

pub(super) struct Examined {
    pub(super) findings: Vec<Finding>,
    /// Where the other tables can be asked.
    pub(super) usable: Option<Reached>,
    pub(super) bytes: Option<u64>,
}

pub(super) async fn examine(house: &HouseArgs) -> Examined {
    let looked = async {
        // Once without a pool, which would wait for a server that refuses and then not tell why.
        house.reach().try_once().await?;
        let reached = house.reach().open(4).await?;
        let found = checkup(&reached.pool, now()).await?;
        Ok::<_, Failure>((reached, found))
    };
    let away = |found: String, remedy: &str| {
        let rest = [SETTINGS, MIGRATIONS, CLOCK]
            .map(|check| Finding::unknown(check, "not looked at", "the database must answer first"));
        let findings = [Finding::wrong(DATABASE, found, remedy)].into_iter().chain(rest).collect();
        Examined { findings, usable: None, bytes: None }
    };
    match timeout(PATIENCE, looked).await {
        Ok(Ok((reached, found))) => {
            let is_migrated = found.missing_migrations.is_empty();
            Examined {
                bytes: u64::try_from(found.bytes).ok(),
                findings: vec![server(&found), settings(&found), migrations(&found), clock(&found)],
                usable: is_migrated.then_some(reached),
            }
        }
        // The sentence says what to do.
        Ok(Err(failure @ Failure::NotUp(_))) => away("nobody answers".to_owned(), &failure.sentence()),
        Ok(Err(failure)) => away(
            sentence(&failure),
            "look whether PostgreSQL runs, whether it can be reached from here, and at the address in STAGE_DATABASE_URL",
        ),
        Err(_) => away(
            format!("no answer within {} s", PATIENCE.as_secs()),
            "look at the load and the locks of PostgreSQL",
        ),
    }
}

fn server(found: &Checkup) -> Finding {
    let (open, most) = found.connections;
    let (major, minor) = (found.version / 10_000, found.version % 10_000);
    let told = format!("PostgreSQL {major}.{minor}, {open} of {most} connections open");
    if found.version < OLDEST {
        return Finding::wrong(DATABASE, told, "upgrade to PostgreSQL 15 or newer");
    }
    if found.is_standby {
        return Finding::wrong(
            DATABASE,
            format!("{told}, a standby that cannot be written to"),
            "promote it, or give the address of the primary server",
        );
    }
    if open * 10 >= most * 9 {
        let remedy = "raise max_connections, or lower STAGE_DATABASE_CONNECTIONS of the processes";
        return Finding::wrong(DATABASE, told, remedy);
    }
    Finding::well(DATABASE, told)
}

/// What is answered must be there after a crash, and what must not change must not change.
fn settings(found: &Checkup) -> Finding {
    if !found.disabled_triggers.is_empty() {
        return Finding::wrong(
            SETTINGS,
            format!(
                "switched off: {}, so that what must never change can change",
                found.disabled_triggers.join(", ")
            ),
            "switch each on with ALTER TABLE … ENABLE ALWAYS TRIGGER …, then run `stage log verify`",
        );
    }
    if found.unsafe_settings.is_empty() {
        return Finding::well(SETTINGS, "what is committed survives a crash; what must not change cannot");
    }
    let told: Vec<_> =
        found.unsafe_settings.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    Finding::wrong(
        SETTINGS,
        format!("{}: what was answered can be lost", told.join(", ")),
        "set each to on (postgresql.conf, ALTER SYSTEM, ALTER DATABASE or ALTER ROLE) and reload",
    )
}

fn migrations(found: &Checkup) -> Finding {
    let list =
        |numbers: &[i64]| numbers.iter().map(|number| format!("{number:04}")).collect::<Vec<_>>().join(", ");
    if !found.missing_migrations.is_empty() {
        let remedy = match found.foreign_migrations.is_empty() {
            true => "run `stage migrate`",
            false => "the database belongs to another build of stage: use that one, or restore a backup",
        };
        let told = format!("missing: {}", list(&found.missing_migrations));
        return Finding::wrong(MIGRATIONS, told, remedy);
    }
    if !found.foreign_migrations.is_empty() {
        return Finding::wrong(
            MIGRATIONS,
            format!("not of this program: {}", list(&found.foreign_migrations)),
            "a newer program migrated the database: run that one everywhere, also for this command",
        );
    }
    Finding::well(MIGRATIONS, "none is missing")
}

fn clock(found: &Checkup) -> Finding {
    compare(CLOCK, found.clock_ahead)
}

/// The line about a clock that is so far ahead of ours.
pub(super) fn compare(check: &'static str, ahead: TimeDelta) -> Finding {
    let told = match ahead.as_seconds_f64() {
        seconds if seconds.abs() < 0.1 => "the same time as here".to_owned(),
        seconds if seconds > 0.0 => format!("{seconds:.1} s ahead of the clock here"),
        seconds => format!("{:.1} s behind the clock here", -seconds),
    };
    if ahead.abs() > APART {
        return Finding::wrong(
            check,
            told,
            "let both machines take the time from the same servers (chrony, systemd-timesyncd)",
        );
    }
    Finding::well(check, told)
}
