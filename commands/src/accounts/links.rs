//! Tokens of the links that are mailed. Nothing is kept of them: each is a keyed hash over what it is for, whose it is,
//! until when, and what must still be so. The installation's key makes and checks them.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use stage_domain::{AccountId, Invalid};
use stage_store::Keyring;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{CommandError, Time};

/// What a link is for. One for something else never fits.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// Shows that mails to an address are read: holds for this address.
    VerifyEmail,
    /// Chooses a new password: holds until the password changes.
    ResetPassword,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "link/verify e-mail",
            Self::ResetPassword => "link/reset password",
        }
    }
}

/// What a token says before it is checked.
pub(super) struct Claimed {
    pub(super) account: AccountId,
    seconds: i64,
    mac: [u8; 32],
}

/// 16 bytes for the account, 8 for the end in seconds, 32 for the hash.
const LENGTH: usize = 16 + 8 + 32;

/// A token for `account` until `until`. `state` is what must not have changed by then.
pub(super) fn token(
    keyring: &Keyring,
    purpose: Purpose,
    account: AccountId,
    until: Time,
    state: &[u8],
) -> SecretString {
    let seconds = until.timestamp();
    let mac = mac(keyring, purpose, account, seconds, state);
    let bytes = [&account.0.as_bytes()[..], &seconds.to_be_bytes(), &mac].concat();
    BASE64_URL_SAFE_NO_PAD.encode(bytes).into()
}

pub(super) fn read(token: &SecretString) -> Result<Claimed, CommandError> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.expose_secret().trim()).map_err(|_| refused())?;
    let bytes: [u8; LENGTH] = bytes.try_into().map_err(|_| refused())?;
    let (account, rest) = bytes.split_at(16);
    let (seconds, mac) = rest.split_at(8);
    let account = Uuid::from_slice(account).map_err(|_| refused())?;
    Ok(Claimed {
        account: AccountId(account),
        seconds: i64::from_be_bytes(seconds.try_into().map_err(|_| refused())?),
        mac: mac.try_into().map_err(|_| refused())?,
    })
}

impl Claimed {
    /// Refuses what we did not make, what is over, and what was made when `state` was another one, all alike.
    pub(super) fn check(
        &self,
        keyring: &Keyring,
        purpose: Purpose,
        state: &[u8],
        now: Time,
    ) -> Result<(), CommandError> {
        let ours = mac(keyring, purpose, self.account, self.seconds, state);
        let right = bool::from(ours.ct_eq(&self.mac));
        if right && now.timestamp() < self.seconds { Ok(()) } else { Err(refused()) }
    }
}

fn mac(keyring: &Keyring, purpose: Purpose, account: AccountId, seconds: i64, state: &[u8]) -> [u8; 32] {
    keyring.digest(purpose.name(), &[&account.0.as_bytes()[..], &seconds.to_be_bytes(), state].concat())
}

/// The one answer to every token that is not right.
pub(super) fn refused() -> CommandError {
    Invalid::one("token", "not_valid", "is not valid, or not any more; ask for a new mail").into()
}
