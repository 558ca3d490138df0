use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use url::Url;

use crate::{
    app::Shared,
    problem::{Kind, Problem},
};

/// The request was not sent by another site's page. Browsers name the page's origin with every request that
/// could change something; other clients name none.
pub(crate) struct OwnOrigin;

impl FromRequestParts<Shared> for OwnOrigin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Problem> {
        match is_own(&parts.headers, &state.settings.public_url) {
            true => Ok(Self),
            false => Err(Problem::new(Kind::ForeignOrigin)),
        }
    }
}

/// Our own pages come from the public address, or from the host that the request itself was sent to.
pub(super) fn is_own(headers: &HeaderMap, public_url: &Url) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    if origin == public_url.origin().ascii_serialization() {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    host.is_some() && authority == host
}
