//! Refusals as the client reads them: problem details (RFC 9457) in the client's language.
//!
//! Handlers return a [`Problem`]; `edge` renders it at the very end, when the language is known. Each cause
//! of the rooms below is mapped in `map.rs`, in one exhaustive match each.

mod body;
mod kind;
mod map;

use axum::response::{IntoResponse, Response};
use stage_commands::Missing;
use stage_domain::{FieldError, Invalid};

pub(crate) use body::ProblemBody;
pub(crate) use kind::Kind;

/// A refusal, not yet put into words.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) kind: Kind,
    pub(crate) detail: Detail,
    pub(crate) errors: Vec<FieldError>,
    /// In seconds; becomes `Retry-After`.
    pub(crate) retry_after: Option<u64>,
    /// The version that the stream really has.
    pub(crate) version: Option<u64>,
}

/// What is said beyond the kind's own text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    Usual,
    Missing(Missing),
    /// A sentence of the business, in English; the catalogue knows it in other languages.
    Sentence(String),
}

impl Problem {
    pub(crate) fn new(kind: Kind) -> Self {
        let retry_after = match kind {
            Kind::Unavailable | Kind::TimedOut => Some(5),
            Kind::Behind | Kind::Busy => Some(1),
            _ => None,
        };
        Self { kind, detail: Detail::Usual, errors: vec![], retry_after, version: None }
    }

    /// One field at fault, with a kind of one's own.
    pub(crate) fn field(kind: Kind, field: &str, code: &'static str, message: &str) -> Self {
        Self { errors: vec![FieldError::new(field, code, message)], ..Self::new(kind) }
    }

    pub(crate) fn missing(what: Missing) -> Self {
        Self { detail: Detail::Missing(what), ..Self::new(Kind::NotFound) }
    }

    /// A page that does not exist rather than a value of the wrong form: no schema can tell them apart.
    pub(crate) fn unknown_cursor(field: &str) -> Self {
        Self::field(Kind::NotFound, field, "unknown_cursor", "is not a cursor that we gave out")
    }

    /// A header that cannot be read.
    pub(crate) fn header(name: &str, code: &'static str, message: &str) -> Self {
        Self::field(Kind::BadHeader, name, code, message)
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        Self { errors: invalid.0, ..Self::new(Kind::Validation) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
