//! The JSON of a problem.

use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
};
use serde::Serialize;
use stage_domain::Language;
use utoipa::ToSchema;

use super::{Detail, Problem};
use crate::texts;

/// Problem details as in RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "urn:stage:problem:validation",
    "title": "Some values are not valid",
    "status": 422,
    "detail": "See the errors, field by field.",
    "errors": [{"field": "name", "code": "required", "message": "must not be empty"}]
}))]
pub(crate) struct ProblemBody {
    /// What went wrong, for programs: `urn:stage:problem:` and a slug that never changes its meaning.
    #[serde(rename = "type")]
    #[schema(pattern = "^urn:stage:problem:[a-z-]+$")]
    kind: String,
    /// The same in a few words, in the reader's language.
    title: String,
    /// The status of this answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What can be done about it, in the reader's language.
    detail: String,
    /// Each field at fault. Absent where no field is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldFault>,
    /// With `version`: the version that the stream really has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    version: Option<u64>,
}

/// One field at fault.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldFault {
    /// A JSON pointer into the body (RFC 6901) without its leading slash, or the name of a parameter or
    /// header. Empty for the whole.
    field: String,
    /// What is wrong, for programs.
    #[schema(pattern = "^[a-z0-9_]+$")]
    code: String,
    /// What is wrong, in the reader's language.
    message: String,
}

impl Problem {
    /// Writes the problem into `response`, whose status and headers are kept.
    pub(crate) fn write(self, response: &mut Response<Body>, language: Language, with_body: bool) {
        let body = ProblemBody {
            kind: self.kind.uri(),
            title: texts::problem(self.kind, language).title.to_owned(),
            status: self.kind.status().as_u16(),
            detail: match self.detail {
                Detail::Usual => texts::problem(self.kind, language).detail.to_owned(),
                Detail::Missing(what) => texts::missing(what, language).to_owned(),
                Detail::Sentence(sentence) => texts::sentence(&sentence, language),
            },
            errors: self
                .errors
                .into_iter()
                .map(|fault| FieldFault {
                    message: texts::fault(fault.code, &fault.message, language),
                    field: fault.field,
                    code: fault.code.to_owned(),
                })
                .collect(),
            version: self.version,
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.code()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.remove(header::CONTENT_LENGTH);
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = self.kind.challenge() {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if with_body {
            let json = serde_json::to_vec(&body).unwrap_or_default();
            *response.body_mut() = Body::from(json);
        }
    }
}
