//! A source and how it is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use stage_commands::sources::Schedule;
use stage_domain::source::{FailureKind, Network};
use stage_projections::stages::SourceView;
use utoipa::ToSchema;
use uuid::Uuid;

/// A network that posts come from; `feed` is RSS, Atom and JSON Feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Network)]
pub(crate) enum NetworkName {
    Feed,
}

/// The names of networks and what they stand for, for queries.
pub(crate) const NETWORKS: &[(&str, Network)] = &[("feed", Network::Feed)];

impl From<Network> for NetworkName {
    fn from(network: Network) -> Self {
        match network {
            Network::Feed => Self::Feed,
        }
    }
}

impl From<NetworkName> for Network {
    fn from(name: NetworkName) -> Self {
        match name {
            NetworkName::Feed => Self::Feed,
        }
    }
}

/// A linked source.
#[derive(Serialize, ToSchema)]
pub(crate) struct Source {
    id: Uuid,
    network: NetworkName,
    address: String,
    /// The feed's own title, once it was imported.
    title: Option<String>,
    #[schema(minimum = 5, maximum = 10080)]
    interval_minutes: u32,
    linked_at: DateTime<Utc>,
    status: SourceStatus,
    /// Why it brings nothing; null unless it is failing.
    failure: Option<SourceFailure>,
    last_polled_at: Option<DateTime<Utc>>,
    /// Null while it is paused.
    next_poll_at: Option<DateTime<Utc>>,
    /// Failed polls in a row.
    #[schema(minimum = 0)]
    failures: u32,
    /// When an import last changed something.
    last_import_at: Option<DateTime<Utc>>,
    /// Posts ever imported from it.
    #[schema(minimum = 0)]
    imported: u64,
    /// The next `If-Match` for the source.
    #[schema(minimum = 0)]
    version: u64,
}

/// How a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SourceStatus {
    /// Not imported yet.
    New,
    Ok,
    Failing,
    Paused,
}

/// Why polls bring nothing.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceFailure {
    kind: FailureName,
    detail: String,
    since: DateTime<Utc>,
}

/// The kinds of failures.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FailureName {
    ForbiddenAddress,
    Unreachable,
    TimedOut,
    TooLarge,
    Refused,
    Gone,
    RateLimited,
    NotAFeed,
}

impl From<FailureKind> for FailureName {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::ForbiddenAddress => Self::ForbiddenAddress,
            FailureKind::Unreachable => Self::Unreachable,
            FailureKind::TimedOut => Self::TimedOut,
            FailureKind::TooLarge => Self::TooLarge,
            FailureKind::Refused => Self::Refused,
            FailureKind::Gone => Self::Gone,
            FailureKind::RateLimited => Self::RateLimited,
            FailureKind::NotAFeed => Self::NotAFeed,
        }
    }
}

impl Source {
    pub(crate) fn new(view: SourceView, schedule: Option<&Schedule>) -> Self {
        let status = match (view.paused, &view.failing, view.last_import_at) {
            (true, _, _) => SourceStatus::Paused,
            (false, Some(_), _) => SourceStatus::Failing,
            (false, None, None) => SourceStatus::New,
            (false, None, Some(_)) => SourceStatus::Ok,
        };
        Self {
            id: view.id.0,
            network: view.network.into(),
            address: view.address,
            title: view.title,
            interval_minutes: view.interval_minutes,
            linked_at: view.linked_at,
            status,
            failure: view.failing.map(|(failure, since)| SourceFailure {
                kind: failure.kind.into(),
                detail: failure.detail,
                since,
            }),
            last_polled_at: schedule.and_then(|schedule| schedule.polled_at),
            next_poll_at: schedule.filter(|_| !view.paused).map(|schedule| schedule.due_at),
            failures: schedule.map_or(0, |schedule| schedule.failures),
            last_import_at: view.last_import_at,
            imported: view.imported,
            version: view.version,
        }
    }
}

#[cfg(test)]
mod tests {
    use stage_domain::{SourceId, source::Failure};

    use super::*;

    fn view(paused: bool, failing: bool, imported: bool) -> SourceView {
        let at = DateTime::UNIX_EPOCH;
        SourceView {
            id: SourceId::default(),
            network: Network::Feed,
            address: "https://example.org/".to_owned(),
            title: None,
            interval_minutes: 15,
            paused,
            linked_at: at,
            last_import_at: imported.then_some(at),
            imported: 0,
            failing: failing.then(|| (Failure { kind: FailureKind::Gone, detail: String::new() }, at)),
            version: 1,
        }
    }

    #[test]
    fn the_status_of_a_source_says_what_a_person_would_do_about_it() {
        let status = |paused, failing, imported| Source::new(view(paused, failing, imported), None).status;
        assert_eq!(status(false, false, false), SourceStatus::New);
        assert_eq!(status(false, false, true), SourceStatus::Ok);
        assert_eq!(status(false, true, true), SourceStatus::Failing);
        assert_eq!(status(true, true, true), SourceStatus::Paused);
    }

    #[test]
    fn a_paused_source_has_no_next_poll() {
        let schedule = Schedule {
            source: SourceId::default(),
            due_at: DateTime::UNIX_EPOCH,
            polled_at: None,
            failures: 3,
        };
        assert!(Source::new(view(false, false, false), Some(&schedule)).next_poll_at.is_some());
        assert!(Source::new(view(true, false, false), Some(&schedule)).next_poll_at.is_none());
    }
}
