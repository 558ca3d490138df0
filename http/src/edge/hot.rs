//! The short way: a page that is in memory and right goes out before anything else looks at the request.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    response::Response,
};
use futures::future::{BoxFuture, Either, Ready, ready};
use tower::Service;

use super::cors::is_public;
use crate::{
    app::Shared,
    extract::{Looks, WAIT_FOR},
    kept::Coding,
};

type Answered = Result<Response, Infallible>;
type Answering = Either<Ready<Answered>, BoxFuture<'static, Answered>>;

#[derive(Clone)]
pub(crate) struct Hot {
    app: Shared,
    routes: Router,
}

impl Hot {
    pub(crate) fn new(app: Shared, routes: Router) -> Self {
        Self { app, routes }
    }

    fn page(&self, request: &Request) -> Option<Response> {
        let key = request.uri().path_and_query()?.as_str();
        let headers = request.headers();
        if request.method() != Method::GET || !is_public(key) || headers.contains_key(WAIT_FOR) {
            return None;
        }
        let begun = crate::kept::now();
        let coding = Coding::preferred(headers);
        let page = self.app.pages.hot(key, coding)?;
        if !page.viewed().is_empty() {
            self.app.count(page.viewed(), Looks::told_by(headers));
        }
        let response = page.answer(false, coding, headers.get_all(header::IF_NONE_MATCH).iter());
        page.measured().add(response.status(), begun.elapsed());
        Some(response)
    }
}

/// Says which methods there are, where the router refuses one. It does so only after all layers, and knows nothing of
/// `OPTIONS`, whose answer is the same without the refusal (RFC 9110, 9.3.7).
fn with_methods(mut response: Response, asked_what: bool) -> Response {
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let allowed = response.headers().get(header::ALLOW).and_then(|methods| methods.to_str().ok());
    let allowed = allowed.and_then(|methods| HeaderValue::try_from(format!("{methods},OPTIONS")).ok());
    let Some(allowed) = allowed else { return response };
    response.headers_mut().insert(header::ALLOW, allowed);
    if !asked_what {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NO_CONTENT;
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_LANGUAGE, header::VARY] {
        parts.headers.remove(name);
    }
    Response::from_parts(parts, Body::empty())
}

impl Service<Request> for Hot {
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if let Some(response) = self.page(&request) {
            return Either::Left(ready(Ok(response)));
        }
        let asks_what = request.method() == Method::OPTIONS;
        let answering = self.routes.call(request);
        Either::Right(Box::pin(
            async move { answering.await.map(|response| with_methods(response, asks_what)) },
        ))
    }
}
