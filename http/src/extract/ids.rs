use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use stage_commands::Missing;
use stage_domain::stage;
use uuid::Uuid;

use crate::{
    contract::check::is_uuid,
    problem::{Kind, Problem},
};

/// The ids in the path, in order.
pub(crate) struct Ids<const N: usize>(pub(crate) [Uuid; N]);

impl<S: Send + Sync, const N: usize> FromRequestParts<S> for Ids<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let mut ids = [Uuid::nil(); N];
        for (id, (name, value)) in ids.iter_mut().zip(params(parts, state).await?.iter()) {
            *id = uuid(name, value)?;
        }
        Ok(Self(ids))
    }
}

/// The handle in the path, in its normal form. What cannot be a handle is no stage.
pub(crate) struct Handle(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Handle {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = params(parts, state).await?;
        let handle = params.iter().next().and_then(|(_, value)| stage::handle(value).ok());
        handle.map(Self).ok_or_else(|| Problem::missing(Missing::Stage))
    }
}

/// The handle in the path and the id behind it.
pub(crate) struct HandleAnd(pub(crate) String, pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for HandleAnd {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Handle(handle) = Handle::from_request_parts(parts, state).await?;
        let params = params(parts, state).await?;
        let id =
            params.iter().nth(1).map_or_else(|| Err(not_a_uuid("id")), |(name, value)| uuid(name, value))?;
        Ok(Self(handle, id))
    }
}

fn uuid(name: &str, value: &str) -> Result<Uuid, Problem> {
    Uuid::try_parse(value).ok().filter(|_| is_uuid(value)).ok_or_else(|| not_a_uuid(name))
}

fn not_a_uuid(name: &str) -> Problem {
    Problem::field(Kind::Validation, name, "not_a_uuid", "must be a UUID")
}

async fn params<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<RawPathParams, Problem> {
    RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::new(Kind::Malformed))
}
