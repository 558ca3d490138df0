//! Disks that can be seen from here.

use std::path::Path;

use nix::sys::statvfs::statvfs;

use super::finding::{Finding, size};
use crate::config::HouseArgs;

const CHECK: &str = "disk";

/// Less than this is too little, whatever the disk's size.
const LEAST: u64 = 1 << 30;
/// Less than a twentieth is too little, unless it is as much as this.
const PLENTY: u64 = 20 << 30;

pub(super) fn examine(house: &HouseArgs, journal: Option<&Path>, database: Option<u64>) -> Finding {
    let takes = database.map(|bytes| format!("the database takes {}", size(bytes)));
    let Some(place) = house.reach().private().or(journal) else {
        let told = takes.unwrap_or_else(|| "no directory of ours is here".to_owned());
        let told =
            format!("{told}; the disks of PostgreSQL, NATS and the object store are watched where they run");
        return Finding::well(CHECK, told);
    };
    let disk = match statvfs(place) {
        Ok(disk) => disk,
        Err(errno) => {
            let told = format!("{} cannot be looked at: {}", place.display(), errno.desc());
            return Finding::unknown(CHECK, told, "name the directory with --data-dir or --journal-dir");
        }
    };
    let bytes = |blocks: u64| blocks.saturating_mul(disk.fragment_size());
    let (free, all) = (bytes(disk.blocks_available()), bytes(disk.blocks()));
    let takes = takes.map(|takes| format!("; {takes}")).unwrap_or_default();
    let told = format!("{} of {} are free at {}{takes}", size(free), size(all), place.display());
    match is_little(free, all) {
        true => Finding::wrong(
            CHECK,
            told,
            "make room, or move the directory to a larger disk while nothing runs",
        ),
        false => Finding::well(CHECK, told),
    }
}

fn is_little(free: u64, all: u64) -> bool {
    free < LEAST || free < (all / 20).min(PLENTY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_too_full_by_what_is_left_and_not_by_its_size_alone() {
        let gib = |n: u64| n << 30;
        assert!(is_little(gib(1) - 1, gib(10)));
        assert!(!is_little(gib(2), gib(20)));
        assert!(is_little(gib(4), gib(100)));
        assert!(!is_little(gib(21), gib(4_000)));
    }
}
