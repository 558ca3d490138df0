use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument as _;

use super::{cors, headers, language, measure, trace};
use crate::{
    app::Shared,
    problem::{Kind, Problem},
};

/// The outermost layer: sees every request first and every answer last.
pub(crate) async fn finish(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().map(|route| route.as_str().to_owned());
    let language = language::of_request(request.headers(), &path);
    let span = trace::span(&method, route.as_deref());

    let mut response = match cors::preflight(&method, &path, request.headers()) {
        Some(allowed) => allowed,
        None => {
            tokio::time::timeout(app.settings.request_timeout, next.run(request).instrument(span.clone()))
                .await
                .unwrap_or_else(|_| Problem::new(Kind::TimedOut).into_response())
        }
    };
    if let Some(problem) = problem_in(&mut response) {
        problem.write(&mut response, language, method != Method::HEAD);
        let varies = if cors::is_for_readers(&path) { "accept-language" } else { "accept-language, cookie" };
        response.headers_mut().append(header::VARY, HeaderValue::from_static(varies));
    }
    complete(response.headers_mut(), &path, app.settings.secure_cookies);
    trace::end(&span, response.status());
    measure::measure(&method, route, response.status(), begun.elapsed());
    response
}

/// The headers that every answer has, by the address it is for.
pub(crate) fn complete(headers: &mut HeaderMap, path: &str, https: bool) {
    cors::open(headers, path);
    headers::protect(headers, path, https);
}

/// The problem that a handler answered with, or one made from the status where a library answered by itself.
fn problem_in(response: &mut Response) -> Option<Problem> {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return Some(problem);
    }
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    let json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !failed || json {
        return None;
    }
    let problem = Problem::new(Kind::of_status(status));
    *response.status_mut() = problem.kind.status();
    Some(problem)
}
