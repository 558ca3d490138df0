//! What a read does to be counted: it appends to a local file, in microseconds, and never touches the network.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::NaiveDate;
use stage_projections::views::{Viewed, Viewer};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{Settings, Step, Steps, record, segment::Segment};
use crate::Clock;

/// How often a new file is tried again. A folder that is gone fails with the last.
const TRIES: u32 = 20;

/// Where the ids of new journals come from. The program passes `Uuid::now_v7`.
pub type NewId = Arc<dyn Fn() -> Uuid + Send + Sync>;

/// The views that this process has answered and that are not counted yet, in files of one folder.
///
/// When [`Journal::viewed`] has returned, the view survives the end of the process however it ends, because the
/// kernel has it; a loss of power can lose the last second. A folder may be shared by processes of one machine.
pub struct Journal {
    dir: PathBuf,
    max_bytes: u64,
    clock: Clock,
    new_id: NewId,
    files: Mutex<Files>,
    written: Notify,
    steps: Steps,
}

#[derive(Default)]
struct Files {
    /// Where views are appended; `None` before the first one.
    open: Option<Arc<Segment>>,
    /// What is only shipped: our earlier files, and those of processes that are gone.
    closed: Vec<Arc<Segment>>,
}

impl Journal {
    /// Uses the folder `dir`, and makes it where it is missing. A file is made with the first view.
    pub fn open(
        dir: impl Into<PathBuf>,
        settings: &Settings,
        clock: Clock,
        new_id: NewId,
    ) -> io::Result<Self> {
        let dir = dir.into();
        std::fs::create_dir_all(&dir)?;
        Ok(Self {
            dir,
            max_bytes: settings.journal_bytes,
            clock,
            new_id,
            files: Mutex::default(),
            written: Notify::new(),
            steps: settings.steps.clone(),
        })
    }

    /// Writes down that somebody viewed these, all of them or, with an error (a full disk), none.
    pub fn viewed(&self, seen: &[Viewed], by: Viewer) -> io::Result<()> {
        if seen.is_empty() {
            return Ok(());
        }
        let bytes = record::encode(seen, by);
        let day = (self.clock)().date_naive();
        let mut files = self.files();
        self.segment(&mut files, day)?.append(&bytes)?;
        drop(files);
        self.steps.reached(Step::WrittenDown);
        self.written.notify_one();
        metrics::counter!("stage_views_journaled_total").increment(seen.len() as u64);
        Ok(())
    }

    /// The file to append to: a new one each day, and when the last one is full or could not be written.
    fn segment(&self, files: &mut Files, day: NaiveDate) -> io::Result<Arc<Segment>> {
        self.rotate(files, day);
        if let Some(open) = &files.open {
            return Ok(open.clone());
        }
        let segment = Arc::new(self.create(day)?);
        self.steps.reached(Step::FileMade);
        files.open = Some(segment.clone());
        Ok(segment)
    }

    /// A new file. Whoever looks for abandoned files may take it for one before it is locked; then the next one is
    /// luckier.
    fn create(&self, day: NaiveDate) -> io::Result<Segment> {
        let taken =
            |error: &io::Error| matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotFound);
        let mut tries = 0..TRIES;
        loop {
            match Segment::create(&self.dir, (self.new_id)(), day) {
                Err(error) if taken(&error) && tries.next().is_some() => {}
                created => return created,
            }
        }
    }

    fn rotate(&self, files: &mut Files, day: NaiveDate) {
        let done = |open: &mut Arc<Segment>| {
            let full = open.records() * record::SIZE_U64 >= self.max_bytes;
            full || open.day != day || open.is_closed()
        };
        if let Some(open) = files.open.take_if(done) {
            open.close();
            files.closed.push(open);
        }
    }

    /// All files of this process, the one that grows last.
    pub(super) fn segments(&self) -> Vec<Arc<Segment>> {
        let mut files = self.files();
        self.rotate(&mut files, (self.clock)().date_naive());
        files.closed.iter().chain(&files.open).cloned().collect()
    }

    /// Takes over the files of processes that are gone.
    pub(super) fn adopt(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "new") {
                remove_abandoned(&path);
                continue;
            }
            match Segment::adopt(&path) {
                Ok(Some(segment)) => self.files().closed.push(Arc::new(segment)),
                Ok(None) => {}
                // One file that cannot be read must not keep the others waiting.
                Err(error) => tracing::error!(%error, "a left journal of views cannot be taken over"),
            }
        }
        Ok(())
    }

    /// Deletes a closed file that is counted to its end.
    pub(super) fn delete(&self, segment: &Segment) -> io::Result<()> {
        segment.delete()?;
        self.files().closed.retain(|closed| closed.id != segment.id);
        Ok(())
    }

    /// Writes all files through to the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.segments().iter().try_for_each(|segment| segment.sync())
    }

    /// Waits until something was written that nobody has waited for yet.
    pub(super) async fn written(&self) {
        self.written.notified().await;
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        // Every change of `Files` is one step, so that it is whole even after a panic.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process died between making a file and naming it; nothing was written to it.
fn remove_abandoned(path: &Path) {
    if let Ok(file) = std::fs::File::open(path)
        && file.try_lock().is_ok()
    {
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods)]
    use std::sync::atomic::{AtomicBool, Ordering};

    use stage_domain::PostId;

    use super::*;

    const VIEWED: Viewed = Viewed::Post(PostId(Uuid::from_u128(1)));

    fn journal(dir: &Path) -> Journal {
        // Every view gets a file of its own.
        let settings = Settings { journal_bytes: 1, ..Settings::default() };
        Journal::open(dir, &settings, Arc::new(chrono::Utc::now), Arc::new(Uuid::new_v4)).unwrap()
    }

    #[test]
    fn new_files_are_made_while_others_look_for_abandoned_ones() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, other) = (journal(dir.path()), journal(dir.path()));
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !done.load(Ordering::SeqCst) {
                        other.adopt().unwrap();
                    }
                });
            }
            let all = (0..300).try_for_each(|_| ours.viewed(&[VIEWED], Viewer::Person));
            done.store(true, Ordering::SeqCst);
            all.unwrap();
        });
        assert_eq!(ours.segments().iter().map(|segment| segment.records()).sum::<u64>(), 300);
        assert!(other.segments().is_empty(), "what lives is not taken over");
    }

    #[test]
    fn a_view_that_cannot_be_written_down_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let journal = journal(dir.path());
        dir.close().unwrap();
        assert!(journal.viewed(&[VIEWED], Viewer::Person).is_err());
    }
}
