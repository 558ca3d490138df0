use axum::http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use stage_domain::Language;

pub(crate) const XSRF: &str = "XSRF-TOKEN";
pub(crate) const LANGUAGE: &str = "language";
/// Fourteen days, as long as a session that is not used lives; it ends on the server in any case.
const LIFE: u32 = 14 * 86_400;
/// A choice of language stays for a year.
const YEAR: u32 = 365 * 86_400;

/// `__Host-` binds the cookie to this host, to https and to `/`; browsers refuse it over plain http.
pub(crate) fn session_name(secure: bool) -> &'static str {
    if secure { "__Host-session" } else { "session" }
}

/// The cookies of a session just begun.
pub(crate) fn begin(headers: &mut HeaderMap, secure: bool, token: &SecretString, xsrf: &str) {
    set(headers, session_name(secure), token.expose_secret(), LIFE, secure, true);
    set(headers, XSRF, xsrf, LIFE, secure, false);
}

pub(crate) fn language(headers: &mut HeaderMap, secure: bool, language: Language) {
    set(headers, LANGUAGE, language.code(), YEAR, secure, false);
}

/// Takes the session's cookies back. The language stays: it was the person's choice and says nothing else.
pub(crate) fn end(headers: &mut HeaderMap, secure: bool) {
    set(headers, session_name(secure), "", 0, secure, true);
    set(headers, XSRF, "", 0, secure, false);
}

fn set(headers: &mut HeaderMap, name: &str, value: &str, max_age: u32, secure: bool, hidden: bool) {
    let secure = if secure { "; Secure" } else { "" };
    let hidden = if hidden { "; HttpOnly" } else { "" };
    let cookie = format!("{name}={value}; Path=/; Max-Age={max_age}; SameSite=Lax{secure}{hidden}");
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        headers.append(header::SET_COOKIE, cookie);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn cookies(secure: bool) -> Vec<String> {
        let mut headers = HeaderMap::new();
        begin(&mut headers, secure, &"secret".into(), "token");
        language(&mut headers, secure, Language::De);
        end(&mut headers, secure);
        headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn over_https_a_session_is_bound_to_this_host_and_hidden_from_scripts() {
        let cookies = cookies(true);
        let session = "__Host-session=secret; Path=/; Max-Age=1209600; SameSite=Lax; Secure; HttpOnly";
        assert_eq!(cookies[0], session);
        assert_eq!(cookies[1], "XSRF-TOKEN=token; Path=/; Max-Age=1209600; SameSite=Lax; Secure");
        assert_eq!(cookies[2], "language=de; Path=/; Max-Age=31536000; SameSite=Lax; Secure");
        assert!(cookies[3].starts_with("__Host-session=; Path=/; Max-Age=0;"));
        assert!(cookies[4].starts_with("XSRF-TOKEN=; Path=/; Max-Age=0;"));
    }

    #[test]
    fn over_plain_http_a_browser_still_takes_the_cookies() {
        let session = "session=secret; Path=/; Max-Age=1209600; SameSite=Lax; HttpOnly";
        assert_eq!(cookies(false)[0], session);
        assert!(cookies(false).iter().all(|cookie| !cookie.contains("Secure")));
    }
}
