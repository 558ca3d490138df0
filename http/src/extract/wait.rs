use axum::{
    extract::FromRequestParts,
    http::{HeaderName, request::Parts},
};

use super::{Query, query::number};
use crate::{app::Shared, problem::Problem};

pub(crate) const WAIT_FOR: HeaderName = HeaderName::from_static("stage-wait-for");

/// The read models show what the client asked to see; whether it asked for anything.
pub(crate) struct Waited(pub(crate) bool);

impl FromRequestParts<Shared> for Waited {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Problem> {
        let in_header = match parts.headers.get(WAIT_FOR) {
            Some(value) => Some(value.to_str().ok().and_then(number::<i64>).ok_or_else(|| {
                Problem::header("Stage-Wait-For", "wrong_form", "must be a position: digits alone")
            })?),
            None => None,
        };
        let in_query = Query::from_request_parts(parts, state).await?.number("wait_for", 0, i64::MAX)?;
        let position = in_header.max(in_query);
        if let Some(position) = position {
            state.reads.wait_for(position, state.settings.wait_at_most).await?;
        }
        Ok(Self(position.is_some()))
    }
}
