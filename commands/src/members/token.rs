//! The token of the link that an invitation's mail holds: which invitation to which stage, and a keyed hash of that, so
//! that nobody can make one up. Nothing is kept of it. How long and how often it counts, the stage decides.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use stage_domain::{InvitationId, StageId};
use stage_store::Keyring;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{CommandError, Missing};

/// 16 bytes each for the stage and the invitation, 32 for the hash.
const LENGTH: usize = 16 + 16 + 32;

pub(super) fn token(keyring: &Keyring, stage: StageId, invitation: InvitationId) -> SecretString {
    let ids = [*stage.0.as_bytes(), *invitation.0.as_bytes()].concat();
    let mac = keyring.digest("link/invitation", &ids);
    BASE64_URL_SAFE_NO_PAD.encode([&ids[..], &mac].concat()).into()
}

/// What the token is for; one that we did not make is for nothing.
pub(super) fn read(keyring: &Keyring, token: &SecretString) -> Result<(StageId, InvitationId), CommandError> {
    let none = || CommandError::NotFound(Missing::Invitation);
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.expose_secret().trim()).map_err(|_| none())?;
    let bytes: [u8; LENGTH] = bytes.try_into().map_err(|_| none())?;
    let (ids, mac) = bytes.split_at(32);
    let ours = keyring.digest("link/invitation", ids);
    if !bool::from(ours.ct_eq(mac)) {
        return Err(none());
    }
    let (stage, invitation) = ids.split_at(16);
    let id = |bytes| Uuid::from_slice(bytes).map_err(|_| none());
    Ok((StageId(id(stage)?), InvitationId(id(invitation)?)))
}
