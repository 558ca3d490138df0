use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use stage_domain::Invalid;
use utoipa::ToSchema;

use crate::{
    contract::{self, check},
    problem::{Kind, Problem},
};

/// What can be made of a body.
pub(crate) trait Payload: Sized + Send {
    /// The largest body, where it is not the usual one.
    const MOST: Option<usize> = None;

    fn read(headers: &HeaderMap, body: Bytes) -> impl Future<Output = Result<Self, Problem>> + Send;
}

/// No body is asked for; one that comes is ignored.
pub(crate) struct Nothing;

impl Payload for Nothing {
    async fn read(_: &HeaderMap, _: Bytes) -> Result<Self, Problem> {
        Ok(Self)
    }
}

/// A JSON body that meets its schema in the contract.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + ToSchema + Send> Payload for Json<T> {
    async fn read(headers: &HeaderMap, body: Bytes) -> Result<Self, Problem> {
        if !is_json(headers) {
            return Err(Problem::new(Kind::UnsupportedMediaType));
        }
        json(&T::name(), &body).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else {
        return false;
    };
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn json<T: DeserializeOwned>(schema: &str, body: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Problem::field(Kind::Malformed, "", "not_utf8", "is not valid UTF-8"))?;
    let mut value: serde_json::Value = serde_json::from_str(text).map_err(|error| {
        let place = format!("is not valid JSON (line {}, column {})", error.line(), error.column());
        Problem::field(Kind::Malformed, "", "malformed", &place)
    })?;
    let faults = check::check(contract::document(), schema, &mut value);
    if !faults.is_empty() {
        return Err(Invalid(faults).into());
    }
    // What meets its schema reads; this is for a schema that says less than its type.
    serde_json::from_value(value)
        .map_err(|_| Invalid::one("", "wrong_form", "does not have the form that is asked for").into())
}

/// The whole body, at most `most` bytes of it.
pub(crate) async fn body_bytes(headers: &HeaderMap, body: Body, most: usize) -> Result<Bytes, Problem> {
    let too_large = || {
        let text = format!("must have at most {most} bytes");
        Problem::field(Kind::TooLarge, "", "too_large", &text)
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > most) {
        return Err(too_large());
    }
    let mut whole = BytesMut::new();
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| Problem::new(Kind::Malformed))?;
        if whole.len() + part.len() > most {
            return Err(too_large());
        }
        whole.extend_from_slice(&part);
    }
    Ok(whole.freeze())
}
