use axum::{
    http::{HeaderMap, header},
    response::{Html, IntoResponse, Response},
};

use crate::{edge, texts};

/// A page that says what this is. Nothing of the request gets into it.
pub(crate) async fn home(headers: HeaderMap) -> Response {
    let language = edge::of_request(&headers, "/");
    let text = texts::home(language);
    let page = format!(
        r#"<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Stage</title>
<style>
body {{ font: 1.125rem/1.6 system-ui, sans-serif; max-width: 38rem; margin: 4rem auto; padding: 0 1rem; }}
:root {{ color-scheme: light dark; }}
</style>
</head>
<body>
<main>
<h1>Stage</h1>
<p>{lead}</p>
<p>{privacy}</p>
<ul>
<li><a href="/docs/">{docs}</a></li>
<li><a href="/openapi.json">{contract}</a></li>
<li><a href="/health/ready">{ready}</a></li>
</ul>
</main>
</body>
</html>
"#,
        lang = language.code(),
        lead = text.lead,
        privacy = text.privacy,
        docs = text.docs,
        contract = text.contract,
        ready = text.ready,
    );
    let headers = [
        (header::VARY, "accept-language, cookie"),
        (header::CONTENT_LANGUAGE, language.code()),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, Html(page)).into_response()
}
