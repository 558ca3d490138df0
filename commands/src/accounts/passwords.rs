//! Passwords: hashed with argon2id, off the async threads.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use stage_domain::{FieldError, Invalid};
use stage_store::StoreError;
use tokio::sync::Semaphore;

use crate::CommandError;

/// Fewest and most characters of a password. NIST SP 800-63B asks for a minimum length and for no rule on
/// which characters; the maximum only bounds the work.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=200;

/// Hashes and checks passwords. Each takes 19 MiB and tens of milliseconds, so that no more run at once than
/// there are cores; the rest wait their turn without holding a thread.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { turns: Arc::new(Semaphore::new(cores)) }
    }

    /// A PHC string with a fresh salt. The parameters are the first of OWASP's password storage cheat sheet,
    /// which are the crate's defaults: argon2id, 19 MiB, 2 passes, 1 lane.
    pub(crate) async fn hash(&self, password: SecretString) -> Result<SecretString, CommandError> {
        self.in_turn(move || {
            let hash =
                Argon2::default().hash_password(password.expose_secret().as_bytes()).map_err(|_| ())?;
            Ok(SecretString::from(hash.to_string()))
        })
        .await
    }

    /// Whether `password` is the one that `hash` was made from. Without a hash it takes as long and is wrong,
    /// so that the time does not tell whether there is an account.
    pub(crate) async fn verify(
        &self,
        password: SecretString,
        hash: Option<SecretString>,
    ) -> Result<bool, CommandError> {
        self.in_turn(move || match hash {
            Some(hash) => {
                let hash = PasswordHash::new(hash.expose_secret()).map_err(|_| ())?;
                Ok(Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok())
            }
            None => {
                Argon2::default().hash_password(password.expose_secret().as_bytes()).map_err(|_| ())?;
                Ok(false)
            }
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ()> + Send + 'static,
    ) -> Result<T, CommandError> {
        let broken = || CommandError::Store(StoreError::Seal);
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| broken())?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|_| broken())?.map_err(|()| broken())
    }
}

/// Refuses a password that is too short to be worth hashing.
pub(crate) fn check(field: &str, password: &SecretString) -> Result<(), FieldError> {
    let length = password.expose_secret().chars().count();
    if length < *LENGTH.start() {
        return Err(FieldError::new(field, "too_short", "must have at least 12 characters"));
    }
    if length > *LENGTH.end() {
        return Err(FieldError::new(field, "too_long", "must have at most 200 characters"));
    }
    Ok(())
}

/// Both checks' faults at once.
pub(crate) fn and<T>(value: Result<T, Invalid>, password: Result<(), FieldError>) -> Result<T, Invalid> {
    match (value, password) {
        (Ok(value), Ok(())) => Ok(value),
        (Ok(_), Err(fault)) => Err(Invalid(vec![fault])),
        (Err(invalid), Ok(())) => Err(invalid),
        (Err(Invalid(mut faults)), Err(fault)) => {
            faults.push(fault);
            Err(Invalid(faults))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_checked_against_its_own_hash_alone() {
        let passwords = Passwords::new();
        let password = SecretString::from("correct horse battery");
        let hash = passwords.hash(password.clone()).await.unwrap();
        assert!(hash.expose_secret().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.verify(password.clone(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("wrong horse battery".into(), Some(hash)).await.unwrap());
        assert!(!passwords.verify(password, None).await.unwrap());
    }

    #[test]
    fn a_password_is_counted_in_characters() {
        assert!(check("password", &"äöüäöüäöüäöü".into()).is_ok());
        assert_eq!(check("password", &"short".into()).map_err(|e| e.code), Err("too_short"));
        assert_eq!(check("password", &"x".repeat(201).into()).map_err(|e| e.code), Err("too_long"));
    }
}
