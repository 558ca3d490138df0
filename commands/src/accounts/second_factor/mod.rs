//! A second factor: the codes of an authenticator app (TOTP, RFC 6238), and recovery codes for when it is lost.
//!
//! The app's secret is a row, sealed under the person's key; of a recovery code a keyed hash is kept. Neither is in the
//! log, which tells that the factor was turned on or off and that a recovery code was used or all were renewed.

mod begin;
mod check;
mod confirm;
mod end;
mod read;
mod renew;

use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use stage_domain::AccountId;
use stage_store::{Keyring, StoreError};
use totp_rs::{Builder, Secret, Totp};

pub use begin::Enrolment;
pub(crate) use check::Proof;
pub use confirm::Confirmed;
pub use read::SecondFactor;
pub use renew::Renewed;

use crate::CommandError;

/// The table and column that a sealed secret is bound to.
const PLACE: &str = "second_factors/secret";
/// What the app shows above its codes.
const ISSUER: &str = "Stage";
/// How long an app has to show its first code.
pub(crate) const ENROLMENT_LIFE: TimeDelta = TimeDelta::hours(1);
/// So many recovery codes are given out at once.
pub const RECOVERY_CODES: usize = 10;

/// HMAC-SHA-1, 6 digits, 30 seconds and one step to either side: what every app can do. `account` is shown in the app.
fn totp(secret: &[u8], account: &str) -> Result<Totp, CommandError> {
    let builder = Builder::new().with_secret(secret).with_issuer(Some(ISSUER)).with_account_name(account);
    builder.build().map_err(|_| StoreError::Seal.into())
}

/// The step of the code, where it is one of now or of the step before or after. Takes as long for every wrong code.
fn step(secret: &[u8], code: &str, at: crate::Time) -> Result<Option<i64>, CommandError> {
    let seconds = u64::try_from(at.timestamp()).unwrap_or_default();
    Ok(totp(secret, "")?.check(code, seconds).and_then(|step| i64::try_from(step).ok()))
}

/// As a person reads it: 80 bits in four groups of letters and digits.
fn recovery_code(fresh: [u8; 10]) -> SecretString {
    let code = Secret::from(fresh).to_base32().to_ascii_lowercase();
    let groups = [code.get(..4), code.get(4..8), code.get(8..12), code.get(12..)];
    groups.into_iter().flatten().collect::<Vec<_>>().join("-").into()
}

/// What is kept of a recovery code, however its groups and letters were typed.
fn digest(keyring: &Keyring, account: AccountId, code: &SecretString) -> [u8; 32] {
    let typed = code.expose_secret().chars().filter(char::is_ascii_alphanumeric);
    let code: String = typed.map(|c| c.to_ascii_lowercase()).collect();
    keyring.digest("recovery_codes/code", &[account.0.as_bytes(), code.as_bytes()].concat())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use chrono::DateTime;

    use super::*;

    /// Of RFC 6238, appendix B: 8 digits there, of which ours are the last six.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            assert_eq!(step(secret, code, at).unwrap(), Some(seconds / 30));
        }
    }

    #[test]
    fn a_code_counts_one_step_to_either_side_and_no_more() {
        let secret = b"12345678901234567890";
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let code = |seconds: i64| totp(secret, "").unwrap().generate(seconds.unsigned_abs()).to_string();
        let now = 1_800_000_000;
        for away in -4..=4_i64 {
            let found = step(secret, &code(now + away * 30), at(now)).unwrap();
            assert_eq!(found, (away.abs() <= 1).then_some(now / 30 + away), "{away}");
        }
        for wrong in ["", "12345", "1234567", "+12345", "abcdef"] {
            assert_eq!(step(secret, wrong, at(now)).unwrap(), None);
        }
    }

    #[test]
    fn a_recovery_code_is_four_groups_of_four() {
        let code = recovery_code([0xA5; 10]);
        let groups: Vec<_> = code.expose_secret().split('-').map(str::len).collect();
        assert_eq!(groups, [4, 4, 4, 4]);
    }
}
