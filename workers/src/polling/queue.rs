//! Which poll may begin: at most so many at once, and one for each host.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use stage_domain::SourceId;
use tokio::time::Instant;

use super::poll::Poll;

pub(super) struct Queue {
    at_once: usize,
    waiting: VecDeque<(Poll, Instant)>,
    hosts: HashSet<String>,
    sources: HashSet<SourceId>,
}

impl Queue {
    pub(super) fn new(at_once: usize) -> Self {
        Self { at_once, waiting: VecDeque::new(), hosts: HashSet::new(), sources: HashSet::new() }
    }

    /// The polls that wait or run.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.sources.len()
    }

    /// Adds a taken poll, unless it waits or runs already.
    pub(super) fn add(&mut self, poll: Poll, taken: Instant) {
        let source = poll.due.source;
        let waits = self.waiting.iter().any(|(waiting, _)| waiting.due.source == source);
        if !waits && !self.sources.contains(&source) {
            self.waiting.push_back((poll, taken));
        }
    }

    /// Drops what waits since `age` or longer, and says what that was.
    pub(super) fn drop_taken_before(&mut self, now: Instant, age: Duration) -> Vec<SourceId> {
        let (kept, dropped): (VecDeque<_>, VecDeque<_>) =
            self.waiting.drain(..).partition(|(_, taken)| now.duration_since(*taken) < age);
        self.waiting = kept;
        dropped.into_iter().map(|(poll, _)| poll.due.source).collect()
    }

    /// The next poll that may begin. It counts as running until [`Queue::done`].
    pub(super) fn next(&mut self) -> Option<Poll> {
        if self.sources.len() >= self.at_once {
            return None;
        }
        let free = self.waiting.iter().position(|(poll, _)| !self.hosts.contains(&poll.host))?;
        let (poll, _) = self.waiting.remove(free)?;
        self.hosts.insert(poll.host.clone());
        self.sources.insert(poll.due.source);
        Some(poll)
    }

    pub(super) fn done(&mut self, poll: &Poll) {
        self.hosts.remove(&poll.host);
        self.sources.remove(&poll.due.source);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use stage_commands::sources::DuePoll;
    use stage_domain::source::{Cursor, Network};
    use uuid::Uuid;

    use super::*;

    fn poll(id: u128, address: &str) -> Poll {
        Poll::new(DuePoll {
            source: SourceId(Uuid::from_u128(id)),
            network: Network::Feed,
            address: address.to_owned(),
            cursor: Cursor::default(),
        })
    }

    fn queue(at_once: usize, addresses: &[&str]) -> Queue {
        let mut queue = Queue::new(at_once);
        for (id, address) in (1..).zip(addresses) {
            queue.add(poll(id, address), Instant::now());
        }
        queue
    }

    fn next(queue: &mut Queue) -> Option<u128> {
        queue.next().map(|poll| poll.due.source.0.as_u128())
    }

    #[tokio::test]
    async fn a_host_is_asked_one_thing_at_a_time_and_keeps_no_other_waiting() {
        let mut queue = queue(9, &["https://a.example/1", "https://A.example:8443/2", "https://b.example/"]);
        let first = queue.next().unwrap();
        assert_eq!(next(&mut queue), Some(3));
        assert_eq!(next(&mut queue), None);
        queue.done(&first);
        assert_eq!(next(&mut queue), Some(2));
    }

    #[tokio::test]
    async fn no_more_than_so_many_run_at_once() {
        let mut queue = queue(2, &["https://a.example/", "https://b.example/", "https://c.example/"]);
        let first = queue.next().unwrap();
        assert_eq!(next(&mut queue), Some(2));
        assert_eq!(next(&mut queue), None);
        queue.done(&first);
        assert_eq!(next(&mut queue), Some(3));
    }

    #[tokio::test]
    async fn a_poll_that_is_taken_twice_runs_once() {
        let mut queue = queue(9, &["https://a.example/"]);
        queue.add(poll(1, "https://a.example/"), Instant::now());
        assert_eq!(queue.len(), 1);
        assert_eq!(next(&mut queue), Some(1));
        queue.add(poll(1, "https://a.example/"), Instant::now());
        assert_eq!((queue.len(), next(&mut queue)), (1, None));
    }

    #[tokio::test]
    async fn a_poll_that_waited_too_long_is_left_to_others() {
        let mut queue = queue(9, &["https://a.example/"]);
        let later = Instant::now() + Duration::from_secs(60);
        queue.add(poll(2, "https://b.example/"), later);
        let dropped = queue.drop_taken_before(later, Duration::from_secs(30));
        assert_eq!(dropped, [SourceId(Uuid::from_u128(1))]);
        assert_eq!(next(&mut queue), Some(2));
        assert_eq!(queue.len(), 1);
    }
}
