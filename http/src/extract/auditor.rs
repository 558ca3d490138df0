use std::{collections::HashSet, sync::Mutex};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use stage_commands::CommandError;

use super::ClientAddress;
use crate::{
    app::Shared,
    problem::{Kind, Problem},
};

/// Longer than any token we give out.
const LONGEST: usize = 200;

/// Whoever holds an auditor's token. Every route of `/v1/audit/` asks for one; what shows personal values
/// asks besides whether it has that scope.
pub(crate) struct Auditor(pub(crate) stage_commands::auditors::Auditor);

impl FromRequestParts<Shared> for Auditor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Problem> {
        let token = bearer(&parts.headers).ok_or_else(|| Problem::new(Kind::NotAnAuditor))?;
        if !state.shown.has(&token) {
            let ClientAddress(client) = ClientAddress::from_request_parts(parts, state).await?;
            state.limits.auditor.check(client)?;
        }
        match state.commands.auditors().authenticate(token.expose_secret()).await {
            Ok(auditor) => {
                state.shown.note(&token);
                Ok(Self(auditor))
            }
            Err(refused) => {
                if matches!(refused, CommandError::NotAnAuditor) {
                    state.shown.forget(&token);
                }
                Err(refused.into())
            }
        }
    }
}

/// The token in `Authorization: Bearer …` (RFC 6750, section 2.1). In a query it would end up in histories and logs.
fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    let fits = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= LONGEST;
    fits.then(|| token.to_owned().into())
}

/// Digests of tokens that were good when they were last shown to this process. Only others count as tries, so that
/// an auditor who reads page after page is not taken for somebody who guesses. Each is still looked up each time.
#[derive(Default)]
pub(crate) struct Shown(Mutex<HashSet<[u8; 32]>>);

impl Shown {
    fn has(&self, token: &SecretString) -> bool {
        self.set(|set| set.contains(&digest(token)))
    }

    fn note(&self, token: &SecretString) {
        self.set(|set| set.insert(digest(token)));
    }

    fn forget(&self, token: &SecretString) {
        self.set(|set| set.remove(&digest(token)));
    }

    fn set<T>(&self, change: impl FnOnce(&mut HashSet<[u8; 32]>) -> T) -> T {
        // Nothing that could panic is done under the lock.
        change(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

fn digest(token: &SecretString) -> [u8; 32] {
    Sha256::digest(token.expose_secret().as_bytes()).into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        bearer(&headers).map(|token| token.expose_secret().to_owned())
    }

    #[test]
    fn a_bearer_token_is_read_whatever_the_case_of_its_scheme() {
        assert_eq!(read("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(read("bearer  abc ").as_deref(), Some("abc"));
        for other in ["Basic abc", "Bearer", "Bearer ", &format!("Bearer {}", "x".repeat(201))] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
