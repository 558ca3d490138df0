//! The pages that links in mails lead to. The token stands behind `#`, so it reaches no server but in the body of the
//! request that the page's script makes.

use axum::{
    Router,
    http::{HeaderMap, HeaderName, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};

use crate::{app::Shared, edge, texts};

/// Paths that are for people and not in the contract.
pub(crate) fn pages() -> Router<Shared> {
    Router::new()
        .route("/verify-email", get(verify_email))
        .route("/reset-password", get(reset_password))
        .route("/accept-invitation", get(accept_invitation))
        .route("/links.js", get(script))
}

async fn verify_email(headers: HeaderMap) -> Response {
    page(&headers, |text| {
        (text.verify, "/api/v1/verifications", String::new(), text.verify_button, text.verified)
    })
}

async fn reset_password(headers: HeaderMap) -> Response {
    page(&headers, |text| {
        let field = format!(
            r#"<p><label>{}<br><input type="password" name="password" autocomplete="new-password" minlength="12" maxlength="200" required></label></p>"#,
            text.new_password
        );
        (text.reset, "/api/v1/password-resets/completion", field, text.reset_button, text.changed)
    })
}

async fn accept_invitation(headers: HeaderMap) -> Response {
    page(&headers, |text| {
        (text.accept, "/api/v1/invitations", String::new(), text.accept_button, text.accepted)
    })
}

/// Title, where it is sent, fields, the button, and what is said when it is done. Nothing of the request gets into it.
type Parts = (&'static str, &'static str, String, &'static str, &'static str);

fn page(headers: &HeaderMap, parts: impl FnOnce(&texts::Links) -> Parts) -> Response {
    let language = edge::of_request(headers, "/");
    let text = texts::links(language);
    let (title, target, fields, button, done) = parts(&text);
    let page = format!(
        r#"<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1.125rem/1.6 system-ui, sans-serif; max-width: 38rem; margin: 4rem auto; padding: 0 1rem; }}
button, input {{ font: inherit; padding: .4rem .8rem; max-width: 100%; }}
:root {{ color-scheme: light dark; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<form data-target="{target}" data-done="{done}" data-failed="{failed}">
{fields}
<p><button>{button}</button></p>
</form>
<p role="status"></p>
<noscript><p>{script}</p></noscript>
</main>
<script src="/links.js"></script>
</body>
</html>
"#,
        lang = language.code(),
        failed = text.failed,
        script = text.script,
    );
    let headers = [
        (header::VARY, "accept-language, cookie"),
        (header::CONTENT_LANGUAGE, language.code()),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, Html(page)).into_response()
}

async fn script() -> ([(HeaderName, &'static str); 2], &'static str) {
    let kind = (header::CONTENT_TYPE, "text/javascript; charset=utf-8");
    ([kind, (header::CACHE_CONTROL, "no-cache")], include_str!("links.js"))
}
