use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use stage_domain::{Language, StageId};
use stage_projections::views::Viewed;

use super::{coding::Coding, watch::Mark};
use crate::{
    answer::etag,
    edge::{self, Measured},
};

/// How long a page shows the same counts of views, which change without an event.
const COUNTS: Duration = Duration::from_secs(5);

/// What a handler rendered.
pub(crate) struct Draft {
    pub(crate) body: Vec<u8>,
    pub(crate) kind: &'static str,
    pub(crate) caching: Caching,
    /// The value of `Link`.
    pub(crate) link: Option<String>,
    /// What reading this counts as.
    pub(crate) viewed: Vec<Viewed>,
    pub(crate) of: Of,
    /// Whether there are counts of views in it.
    pub(crate) counts: bool,
    /// The language of our own words in it, which the reader chose.
    pub(crate) language: Option<Language>,
}

/// Whose events change the page.
#[derive(Clone, Copy)]
pub(crate) enum Of {
    Stage(StageId),
    Everything,
}

/// What caches on the way to the reader may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caching {
    /// Ask each time, so that each read counts, or because somebody waits for what they wrote.
    Ask,
    /// Show the old page while asking for the new one.
    Soon,
}

impl Caching {
    fn value(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Ask => "public, no-cache",
            Self::Soon => "public, max-age=0, stale-while-revalidate=10, stale-if-error=60",
        })
    }
}

/// A page as it is sent, with all headers.
pub(crate) struct Page {
    plain: Variant,
    gzip: OnceLock<Variant>,
    brotli: OnceLock<Variant>,
    viewed: Vec<Viewed>,
    pub(super) mark: Mark,
    /// What was heard before it was rendered.
    pub(super) since: u64,
    counts_until: Option<Instant>,
    refreshed: AtomicBool,
    measured: Measured,
}

struct Variant {
    body: Bytes,
    etag: HeaderValue,
    headers: HeaderMap,
    /// Of a 304, where the body's own are missing.
    unchanged: HeaderMap,
}

impl Page {
    /// `path` decides which headers protect the reader.
    pub(crate) fn new(
        draft: Draft,
        path: &str,
        https: bool,
        mark: Mark,
        since: u64,
        measured: Measured,
    ) -> Self {
        let Draft { body, kind, caching, link, viewed, counts, language, .. } = draft;
        let mut headers = HeaderMap::new();
        let varies = if language.is_some() { "accept-encoding, accept-language" } else { "accept-encoding" };
        headers.insert(header::VARY, HeaderValue::from_static(varies));
        headers.insert(header::CACHE_CONTROL, caching.value());
        if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
            headers.insert(header::LINK, link);
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(language) = language {
            headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.code()));
        }
        edge::complete(&mut headers, path, https);
        let etag = etag(&body);
        Self {
            plain: Variant::new(body.into(), &etag, headers, Coding::Identity),
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
            viewed,
            mark,
            since,
            counts_until: counts.then(|| super::watch::now() + COUNTS),
            refreshed: AtomicBool::new(false),
            measured,
        }
    }

    /// Whether the counts in it are old and nobody renders new ones yet.
    pub(super) fn wants_counts(&self) -> bool {
        self.counts_until.is_some_and(|until| until <= super::watch::now()) && !self.refreshed.load(SeqCst)
    }

    /// Whether it falls to the caller to render the page with new counts.
    pub(super) fn take_counts(&self) -> bool {
        self.wants_counts() && !self.refreshed.swap(true, SeqCst)
    }

    /// The caller could not.
    pub(super) fn give_back_counts(&self) {
        self.refreshed.store(false, SeqCst);
    }

    /// Compresses, where that was not done yet.
    pub(crate) fn prepare(&self, coding: Coding) {
        let (coding, cell) = match coding.of(self.plain.body.len()) {
            Coding::Identity => return,
            Coding::Gzip => (Coding::Gzip, &self.gzip),
            Coding::Brotli => (Coding::Brotli, &self.brotli),
        };
        cell.get_or_init(|| self.plain.encoded(coding));
    }

    /// Whether an answer in this coding is ready.
    pub(crate) fn is_prepared(&self, coding: Coding) -> bool {
        self.variant(coding).is_some()
    }

    fn variant(&self, coding: Coding) -> Option<&Variant> {
        match coding.of(self.plain.body.len()) {
            Coding::Identity => Some(&self.plain),
            Coding::Gzip => self.gzip.get(),
            Coding::Brotli => self.brotli.get(),
        }
    }

    /// The answer to a reader with these tags; in no coding where the one asked for was not prepared.
    pub(crate) fn answer<'a>(
        &self,
        head: bool,
        coding: Coding,
        tags: impl Iterator<Item = &'a HeaderValue>,
    ) -> Response {
        self.variant(coding).unwrap_or(&self.plain).answer(head, tags)
    }

    /// In bytes, as it is.
    pub(super) fn size(&self) -> usize {
        self.plain.body.len()
    }

    pub(crate) fn viewed(&self) -> &[Viewed] {
        &self.viewed
    }

    pub(crate) fn measured(&self) -> &Measured {
        &self.measured
    }

    /// In memory, with room for the compressed forms.
    pub(super) fn weight(&self) -> u32 {
        u32::try_from(self.plain.body.len() * 3 / 2 + 4096).unwrap_or(u32::MAX)
    }
}

impl Variant {
    fn new(body: Bytes, etag: &str, mut headers: HeaderMap, coding: Coding) -> Self {
        // A strong tag is of these very bytes, so each coding has its own.
        let tag = match coding.name() {
            Some(name) => format!("{}-{name}\"", etag.trim_end_matches('"')),
            None => etag.to_owned(),
        };
        // Digits and letters alone.
        let etag = HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""));
        headers.insert(header::ETAG, etag.clone());
        let mut unchanged = headers.clone();
        unchanged.remove(header::CONTENT_TYPE);
        if let Some(name) = coding.name() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        Self { body, etag, headers, unchanged }
    }

    fn encoded(&self, coding: Coding) -> Self {
        let etag = self.etag.to_str().unwrap_or_default();
        match coding.encode(&self.body) {
            Ok(body) => Self::new(body, etag, self.headers.clone(), coding),
            Err(_) => Self::new(self.body.clone(), etag, self.headers.clone(), Coding::Identity),
        }
    }

    fn answer<'a>(&self, head: bool, tags: impl Iterator<Item = &'a HeaderValue>) -> Response {
        if knows(tags, &self.etag) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.headers_mut() = self.unchanged.clone();
            return response;
        }
        let mut response = Response::new(if head { Body::empty() } else { Body::from(self.body.clone()) });
        *response.headers_mut() = self.headers.clone();
        if head {
            response.headers_mut().insert(header::CONTENT_LENGTH, self.body.len().into());
        }
        response
    }
}

/// Whether a tag is among those of `If-None-Match`, compared weakly (RFC 9110, 13.1.2). What cannot be read matches
/// nothing, and the answer is a whole one.
pub(crate) fn knows<'a>(mut tags: impl Iterator<Item = &'a HeaderValue>, etag: &HeaderValue) -> bool {
    tags.any(|line| {
        let same = |tag: &str| {
            let tag = tag.trim();
            tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes()
        };
        line == etag || line.to_str().is_ok_and(|line| line.split(',').any(same))
    })
}
