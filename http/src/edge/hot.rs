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
    routing::future::RouteFuture,
};
use futures::future::{Either, FutureExt as _, Map, Ready, ready};
use tower::Service;

use super::cors::is_public;
use crate::{
    app::Shared,
    extract::{Looks, WAIT_FOR},
    kept::Coding,
};

type Answered = Result<Response, Infallible>;
type Answering = Either<Ready<Answered>, Map<RouteFuture<Infallible>, fn(Answered) -> Answered>>;

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

/// Adds `OPTIONS`, of which the router knows nothing, to the methods that it names when it refuses one. It does so only after
/// all layers.
fn with_options(mut response: Response) -> Response {
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let allowed = response.headers().get(header::ALLOW).and_then(|methods| methods.to_str().ok());
    if let Some(allowed) =
        allowed.and_then(|methods| HeaderValue::try_from(format!("{methods},OPTIONS")).ok())
    {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

/// An answer to `OPTIONS`: the same without the refusal (RFC 9110, 9.3.7).
fn methods(response: Response) -> Response {
    let refused = with_options(response);
    if refused.status() != StatusCode::METHOD_NOT_ALLOWED || !refused.headers().contains_key(header::ALLOW) {
        return refused;
    }
    let (mut parts, _) = refused.into_parts();
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
        let finish: fn(Answered) -> Answered = match *request.method() {
            Method::OPTIONS => |answered| answered.map(methods),
            _ => |answered| answered.map(with_options),
        };
        Either::Right(self.routes.call(request).map(finish))
    }
}
