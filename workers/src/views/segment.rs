//! One file of a journal: records, appended by one process, until the file is counted and deleted.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use chrono::NaiveDate;
use uuid::Uuid;

use super::record;

/// A file that this process alone may write and ship: it holds the lock (flock) that says so.
pub(super) struct Segment {
    pub id: Uuid,
    /// The day of these views in UTC; it is in the file's name.
    pub day: NaiveDate,
    path: PathBuf,
    file: File,
    records: AtomicU64,
    synced: AtomicU64,
    /// Whether the file's name is on the disk.
    named: AtomicBool,
    closed: AtomicBool,
    /// Whether another process began it.
    pub adopted: bool,
}

impl Segment {
    /// Makes a new file. It gets its real name only once it is locked, so that nobody takes it for a left one.
    pub(super) fn create(dir: &Path, id: Uuid, day: NaiveDate) -> io::Result<Self> {
        let path = dir.join(format!("{id}.{day}.journal"));
        let new = dir.join(format!("{id}.new"));
        let file = OpenOptions::new().read(true).append(true).create_new(true).open(&new)?;
        let named = lock(&file).and_then(|()| std::fs::rename(&new, &path));
        if let Err(error) = named {
            let _ = std::fs::remove_file(&new);
            return Err(error);
        }
        Ok(Self {
            id,
            day,
            path,
            file,
            records: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            named: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            adopted: false,
        })
    }

    /// Takes over the file of a process that is gone. `None` while its owner lives, or when it is no journal.
    pub(super) fn adopt(path: &Path) -> io::Result<Option<Self>> {
        let Some((id, day)) = parse(path) else { return Ok(None) };
        let file = match OpenOptions::new().read(true).append(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if lock(&file).is_err() || !path.try_exists()? {
            return Ok(None);
        }
        // A record that was torn when its process died was never answered; it is left out.
        let records = file.metadata()?.len() / record::SIZE_U64;
        Ok(Some(Self {
            id,
            day,
            path: path.to_owned(),
            file,
            records: AtomicU64::new(records),
            synced: AtomicU64::new(records),
            named: AtomicBool::new(true),
            closed: AtomicBool::new(true),
            adopted: true,
        }))
    }

    /// Appends whole records with one write, or none of them. The caller sees to it that one thread appends
    /// at a time.
    pub(super) fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let before = self.records();
        if let Err(error) = (&self.file).write_all(bytes) {
            // What was written of them must not stay: it would shift every record that follows.
            if self.file.set_len(before * record::SIZE_U64).is_err() {
                self.close();
            }
            return Err(error);
        }
        self.records.store(before + (bytes.len() / record::SIZE) as u64, Ordering::Release);
        Ok(())
    }

    /// The whole records so far.
    pub(super) fn records(&self) -> u64 {
        self.records.load(Ordering::Acquire)
    }

    /// At most `limit` records after the first `after`, as bytes.
    pub(super) fn read(&self, after: u64, limit: usize) -> io::Result<Vec<u8>> {
        let there = self.records().saturating_sub(after);
        let count = usize::try_from(there).unwrap_or(limit).min(limit);
        let mut bytes = vec![0; count * record::SIZE];
        self.file.read_exact_at(&mut bytes, after * record::SIZE_U64)?;
        Ok(bytes)
    }

    /// Writes through to the disk what is not there yet.
    pub(super) fn sync(&self) -> io::Result<()> {
        // Without this a loss of power could lose the name of a file whose records are safe. It is done here and not where
        // the file is made, because there a reader waits.
        if !self.named.load(Ordering::Acquire) {
            if let Some(dir) = self.path.parent() {
                File::open(dir)?.sync_all()?;
            }
            self.named.store(true, Ordering::Release);
        }
        let records = self.records();
        if self.synced.load(Ordering::Acquire) < records {
            self.file.sync_data()?;
            self.synced.store(records, Ordering::Release);
        }
        Ok(())
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether nothing is appended any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(super) fn delete(&self) -> io::Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn lock(file: &File) -> io::Result<()> {
    file.try_lock().map_err(io::Error::from)
}

/// The journal's id and day, from a name such as `<id>.2026-11-23.journal`.
fn parse(path: &Path) -> Option<(Uuid, NaiveDate)> {
    let (id, day) = path.file_name()?.to_str()?.strip_suffix(".journal")?.split_once('.')?;
    Some((id.parse().ok()?, day.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const DAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    const RECORD: &[u8] = &[1; record::SIZE];

    fn path(dir: &Path) -> PathBuf {
        dir.join(format!("{}.{DAY}.journal", Uuid::from_u128(1)))
    }

    #[test]
    fn a_file_is_taken_over_only_when_its_owner_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let segment = Segment::create(dir.path(), Uuid::from_u128(1), DAY).unwrap();
        segment.append(RECORD).unwrap();
        assert!(Segment::adopt(&path(dir.path())).unwrap().is_none());
        drop(segment);
        let adopted = Segment::adopt(&path(dir.path())).unwrap().unwrap();
        assert_eq!((adopted.id, adopted.day, adopted.records()), (Uuid::from_u128(1), DAY, 1));
        assert!(adopted.is_closed());
    }

    #[test]
    fn a_record_torn_by_a_crash_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(path(dir.path()), [RECORD, &RECORD[..5]].concat()).unwrap();
        let adopted = Segment::adopt(&path(dir.path())).unwrap().unwrap();
        assert_eq!(adopted.records(), 1);
        assert_eq!(adopted.read(0, 10).unwrap(), RECORD);
    }

    #[test]
    fn what_is_appended_after_a_failed_write_follows_the_last_whole_record() {
        let dir = tempfile::tempdir().unwrap();
        let segment = Segment::create(dir.path(), Uuid::from_u128(1), DAY).unwrap();
        segment.append(RECORD).unwrap();
        // What a full disk leaves behind: a part of a record, cut off again.
        (&segment.file).write_all(&RECORD[..5]).unwrap();
        segment.file.set_len(record::SIZE_U64).unwrap();
        segment.append(&[2; record::SIZE]).unwrap();
        assert_eq!(segment.read(1, 10).unwrap(), [2; record::SIZE]);
    }

    #[test]
    fn other_files_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let other = dir.path().join("notes.journal");
        std::fs::write(&other, "mine").unwrap();
        assert!(Segment::adopt(&other).unwrap().is_none());
    }
}
