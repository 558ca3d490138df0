use axum::{
    extract::FromRequestParts,
    http::{HeaderName, Method, request::Parts},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use stage_commands::Actor;
use subtle::ConstantTimeEq;

use super::{cookie, origin};
use crate::{
    app::Shared,
    clock,
    problem::{Kind, Problem},
    session::cookies,
};

const XSRF_HEADER: HeaderName = HeaderName::from_static("x-xsrf-token");
/// Longer than any token we give out.
const LONGEST: usize = 200;

/// Whoever holds the session cookie. For everything that changes something, the XSRF token and the origin are
/// checked too, so that no handler can forget it.
pub(crate) struct Session {
    pub(crate) actor: Actor,
    pub(crate) xsrf_token: String,
}

impl FromRequestParts<Shared> for Session {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Problem> {
        let name = cookies::session_name(state.settings.secure_cookies);
        let token = cookie(&parts.headers, name)
            .filter(|token| !token.is_empty() && token.len() <= LONGEST)
            .map(|token| SecretString::from(token.to_owned()))
            .ok_or_else(|| Problem::new(Kind::NotLoggedIn))?;
        let actor = state.commands.authenticate(token.expose_secret(), clock::now()).await?;
        let xsrf_token = xsrf_token(&token);
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            if !origin::is_own(&parts.headers, &state.settings.public_url) {
                return Err(Problem::new(Kind::ForeignOrigin));
            }
            let sent = parts.headers.get(XSRF_HEADER).map_or(&b""[..], |value| value.as_bytes());
            if !bool::from(sent.ct_eq(xsrf_token.as_bytes())) {
                return Err(Problem::new(Kind::Xsrf));
            }
        }
        Ok(Self { actor, xsrf_token })
    }
}

/// The XSRF token of a session: made from the session's own token, so that a cookie planted from elsewhere
/// never fits, and nothing has to be kept.
pub(crate) fn xsrf_token(session: &SecretString) -> String {
    let mut hash = Sha256::new();
    hash.update(b"stage xsrf\0");
    hash.update(session.expose_secret().as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(hash.finalize())
}
