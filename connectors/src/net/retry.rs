//! How long a server asks us to wait: Retry-After (RFC 9110, 10.2.3) and Cache-Control (RFC 9111, 5.2.2).

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{AGE, CACHE_CONTROL, DATE, HeaderMap, HeaderName, RETRY_AFTER};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A number of seconds, or a date, which is compared with the server's own clock: ours is not needed.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, &RETRY_AFTER)?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds).min(WEEK));
    }
    let until = DateTime::parse_from_rfc2822(value).ok()?;
    let now = DateTime::parse_from_rfc2822(text(headers, &DATE)?.trim()).ok()?;
    Some((until - now).to_std().unwrap_or_default().min(WEEK))
}

/// How long the document stays fresh.
pub(super) fn freshness(headers: &HeaderMap) -> Option<Duration> {
    let directives = text(headers, &CACHE_CONTROL)?.to_ascii_lowercase();
    let max_age: u64 = directives
        .split(',')
        .find_map(|directive| directive.trim().strip_prefix("max-age="))?
        .trim_matches('"')
        .parse()
        .ok()?;
    let age = text(headers, &AGE).and_then(|age| age.trim().parse().ok()).unwrap_or(0);
    let left = Duration::from_secs(max_age.saturating_sub(age)).min(DAY);
    (!left.is_zero()).then_some(left)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| ((*name).clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_wait_is_given_in_seconds_or_as_a_date() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(retry_after(&headers(&[(&RETRY_AFTER, "120")])), seconds(120));
        assert_eq!(retry_after(&headers(&[(&RETRY_AFTER, "99999999")])), Some(WEEK));
        let now = "Fri, 31 Dec 1999 23:00:00 GMT";
        let later = "Fri, 31 Dec 1999 23:59:59 GMT";
        assert_eq!(retry_after(&headers(&[(&RETRY_AFTER, later), (&DATE, now)])), seconds(3599));
        assert_eq!(retry_after(&headers(&[(&RETRY_AFTER, now), (&DATE, later)])), seconds(0));
        assert_eq!(retry_after(&headers(&[(&RETRY_AFTER, later)])), None);
        assert_eq!(retry_after(&headers(&[(&RETRY_AFTER, "soon")])), None);
    }

    #[test]
    fn a_fresh_document_is_not_asked_for_again() {
        let fresh = |value| freshness(&headers(&[(&CACHE_CONTROL, value), (&AGE, "60")]));
        assert_eq!(fresh("public, max-age=360"), Some(Duration::from_secs(300)));
        assert_eq!(fresh("Max-Age=99999999"), Some(DAY));
        assert_eq!(fresh("max-age=30"), None);
        assert_eq!(fresh("no-cache"), None);
    }
}
