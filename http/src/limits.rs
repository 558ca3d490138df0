//! How often one client address may try to log in, register, ask for mails, or guess an auditor's token. Kept in memory
//! alone and forgotten as soon as
//! the address could try freely again; never logged, never on a disk.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicU32, Ordering},
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

use crate::{
    HttpSettings, Rate,
    problem::{Kind, Problem},
};

pub(crate) struct Limits {
    pub(crate) log_in: Limiter,
    pub(crate) registration: Limiter,
    /// Tokens of auditors that nobody has shown yet since the program started.
    pub(crate) auditor: Limiter,
    /// Asking for mails.
    pub(crate) mail: Limiter,
}

impl Limits {
    pub(crate) fn new(settings: &HttpSettings) -> Self {
        Self {
            log_in: Limiter::new(settings.log_in_rate),
            registration: Limiter::new(settings.registration_rate),
            auditor: Limiter::new(settings.log_in_rate),
            // As many as registrations, each of which sends a mail too.
            mail: Limiter::new(settings.registration_rate),
        }
    }
}

pub(crate) struct Limiter {
    tries: DefaultKeyedRateLimiter<Client>,
    clock: DefaultClock,
    checks: AtomicU32,
}

impl Limiter {
    /// After so many checks, addresses that may try freely again are forgotten.
    const SWEEP: u32 = 256;

    fn new(rate: Rate) -> Self {
        let quota = Quota::with_period(rate.every).unwrap_or_else(|| Quota::per_second(rate.burst));
        Self {
            tries: RateLimiter::keyed(quota.allow_burst(rate.burst)),
            clock: DefaultClock::default(),
            checks: AtomicU32::new(0),
        }
    }

    /// Counts a try, or says how long to wait.
    pub(crate) fn check(&self, client: Client) -> Result<(), Problem> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % Self::SWEEP == Self::SWEEP - 1 {
            self.tries.retain_recent();
        }
        self.tries.check_key(&client).map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            Problem { retry_after: Some(wait.as_secs() + 1), ..Problem::new(Kind::RateLimited) }
        })
    }
}

/// Who tries: an IPv4 address, or the /64 of an IPv6 address, which is what one connection gets.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Client(u64, bool);

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(u64::from(u32::from(v4)), false),
            // The upper half of 128 bits.
            IpAddr::V6(v6) => Self(u64::try_from(u128::from(v6) >> 64).unwrap_or(u64::MAX), true),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use super::*;

    fn client(address: &str) -> Client {
        address.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn one_ipv6_connection_is_one_client() {
        assert!(client("2001:db8:1:2::1") == client("2001:db8:1:2:ffff::9"));
        assert!(client("2001:db8:1:2::1") != client("2001:db8:1:3::1"));
        assert!(client("::ffff:192.0.2.1") == client("192.0.2.1"));
        assert!(client("192.0.2.1") != client("192.0.2.2"));
    }

    #[test]
    fn a_client_that_tried_too_often_is_told_how_long_to_wait() {
        let limiter = Limiter::new(Rate { burst: NonZeroU32::MIN, every: Duration::from_secs(60) });
        assert!(limiter.check(client("192.0.2.1")).is_ok());
        assert!(limiter.check(client("192.0.2.2")).is_ok());
        let refused = limiter.check(client("192.0.2.1")).unwrap_err();
        assert_eq!(refused.kind, Kind::RateLimited);
        assert!((1..=61).contains(&refused.retry_after.unwrap()));
    }
}
