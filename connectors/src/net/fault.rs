//! What went wrong with a request, as one sentence for the person who linked the source.

use std::error::Error;
use std::io;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use stage_domain::source::FailureKind;
use url::Url;

use super::resolver::{NotPublic, UnknownName};
use super::retry;
use crate::FetchError;

/// The host that a sentence may name: no path, no query, no credentials.
pub(super) fn place(address: &str) -> String {
    let url = Url::parse(address).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| "The server".to_owned())
}

/// Never says which address it was: that would map a private network for whoever asks.
pub(super) fn forbidden() -> FetchError {
    let detail = "The address, or one that it redirects to, is not on the public internet.";
    FetchError::new(FailureKind::ForbiddenAddress, detail)
}

pub(super) fn timed_out(name: &str) -> FetchError {
    FetchError::new(FailureKind::TimedOut, format!("{name} took too long to answer."))
}

pub(super) fn too_large(name: &str, max: usize) -> FetchError {
    let mebibytes = max.div_ceil(1024 * 1024);
    FetchError::new(
        FailureKind::TooLarge,
        format!("The document of {name} is larger than the {mebibytes} MiB that we read."),
    )
}

pub(super) fn of_request(error: &reqwest::Error, name: &str) -> FetchError {
    if found::<NotPublic>(error) {
        return forbidden();
    }
    if error.is_timeout() {
        return timed_out(name);
    }
    let detail = if found::<UnknownName>(error) {
        format!("The name {name} could not be found.")
    } else if found::<rustls::Error>(error) {
        format!("A secure connection to {name} could not be made; its certificate may be wrong.")
    } else if error.is_connect() {
        format!("{name} does not accept connections.")
    } else {
        format!("{name} broke off without an answer.")
    };
    FetchError::new(FailureKind::Unreachable, detail)
}

pub(super) fn of_body(error: &reqwest::Error, name: &str) -> FetchError {
    if error.is_timeout() {
        return timed_out(name);
    }
    FetchError::new(FailureKind::Unreachable, format!("{name} broke off in the middle of the document."))
}

pub(super) fn of_status(status: StatusCode, headers: &HeaderMap, name: &str) -> FetchError {
    let retry_after = retry::retry_after(headers);
    let code = status.as_u16();
    let (kind, detail) = match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            (FailureKind::Gone, format!("{name} has no document at this address any more (status {code})."))
        }
        StatusCode::TOO_MANY_REQUESTS => {
            (FailureKind::RateLimited, format!("{name} asks us to come less often (status {code})."))
        }
        StatusCode::SERVICE_UNAVAILABLE if retry_after.is_some() => {
            (FailureKind::RateLimited, format!("{name} asks us to come back later (status {code})."))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            (FailureKind::Refused, format!("{name} does not let us read this address (status {code})."))
        }
        _ => (FailureKind::Refused, format!("{name} answered with status {code}.")),
    };
    FetchError { retry_after, ..FetchError::new(kind, detail) }
}

/// Whether the chain of causes holds an error of this kind, also inside an [`io::Error`].
fn found<E: Error + 'static>(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        if error.is::<E>() {
            return true;
        }
        // An io::Error skips what it wraps when it names its source.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}
