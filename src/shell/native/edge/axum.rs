//! The edge as a tower layer and axum extractors.
//!
//! Refuses nothing itself; what the handlers answer is private and never cached.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, OptionalFromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

use super::Edge;
use super::answer::{Answer, status, told};
use super::refresh::refresh_session;
use super::session::Session;
use super::site::{is_navigation, trouble};
use crate::ground::error::{Error, Result, codes};
use crate::ground::text::push_escaped;
use crate::shell::native::sending::BoxFuture;

/// Octets of a callback's or a logout token's body.
const MAX_BODY: usize = 32 * 1024;

/// What the layer found, for the extractors.
#[derive(Clone)]
struct Found {
    session: Result<Option<Session>>,
    /// Where to log in, and come back from, for a request that navigates.
    login: Option<String>,
}

impl IntoResponse for Error {
    /// Code, action and status, as JSON, and nothing else of it.
    fn into_response(self) -> Response {
        Answer { status: status(&self), json: Some(told(&self)), ..Answer::of(500) }.into_response()
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.json.clone().map_or_else(Body::empty, Body::from));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert("cache-control", HeaderValue::from_static("private, no-store"));
        headers.insert("referrer-policy", HeaderValue::from_static("no-referrer"));
        headers.insert("vary", HeaderValue::from_static("Cookie"));
        if self.json.is_some() {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
        }
        if let Some(allow) = self.allow {
            headers.insert("allow", HeaderValue::from_static(allow));
        }
        if let Some(location) = self.location.as_deref().and_then(|location| HeaderValue::from_str(location).ok()) {
            headers.insert("location", location);
        }
        append(&mut response, &self.cookies);
        response
    }
}

/// Puts cookie lines on a response.
fn append(response: &mut Response, lines: &[String]) {
    for mut line in lines.iter().filter_map(|line| HeaderValue::from_str(line).ok()) {
        line.set_sensitive(true);
        response.headers_mut().append("set-cookie", line);
    }
}

impl Edge {
    /// A router whose requests have sessions, and whose login, callback and logout are the edge's.
    pub fn protect<S: Clone + Send + Sync + 'static>(&self, router: Router<S>) -> Router<S> {
        router.layer(self.layer())
    }

    /// The same as a tower layer. It answers the edge's own paths, and so belongs around the router, not around a route.
    pub fn layer(&self) -> EdgeLayer {
        EdgeLayer(self.clone())
    }

    /// Keeps JSON of the application's with the session of a request, in the place of what was kept; put what comes back on the
    /// response: `(edge.keep(&headers, Some(json)).await?, body)`. Nothing happens without a session.
    ///
    /// # Errors
    /// `invalid_parameter` for what is no JSON; `session_too_large`, `session_unavailable`.
    pub async fn keep(&self, headers: &http::HeaderMap, data: Option<String>) -> Result<SetCookies> {
        let data = super::keeper::own(data)?;
        let Some(held) = self.0.read(headers).await? else { return Ok(SetCookies(Vec::new())) };
        let change = |kept: &super::kept::Kept| super::kept::Kept { data: data.clone(), ..kept.clone() };
        let (lines, _) = self.0.change(&held, Box::new(change)).await?;
        Ok(SetCookies(lines))
    }

    /// Answers a request to one of the edge's own paths.
    async fn own(&self, parts: &Parts, body: Body) -> Response {
        let site = &self.0;
        let path = parts.uri.path();
        let is = |place: Option<&str>| place == Some(path);
        let outcome = if path == site.callback {
            match text(body).await {
                Ok(body) => site.end_login(parts, &body).await,
                Err(error) => Err((error, Vec::new())),
            }
        } else if is(site.backchannel.as_deref()) {
            match text(body).await {
                Ok(body) => site.backchannel_logout(parts, &body).await,
                Err(error) => Err((error, Vec::new())),
            }
        } else if is(site.logout.as_deref()) {
            site.end_session(parts).await
        } else if is(site.post_logout.as_ref().map(|(_, path)| path.as_str())) {
            site.logged_out(parts)
        } else {
            site.begin_login(parts).await
        };
        match outcome {
            Ok(answer) => answer.into_response(),
            Err((error, cookies)) => {
                let error = site.problem(error);
                let page = site.error_page.as_ref().filter(|_| is_navigation(&parts.headers)).and_then(|page| page(&error, parts));
                let Some(mut page) = page else { return Answer::from_error(&error, cookies).into_response() };
                append(&mut page, &cookies);
                page.headers_mut().insert("cache-control", HeaderValue::from_static("private, no-store"));
                page.headers_mut().insert("referrer-policy", HeaderValue::from_static("no-referrer"));
                page
            }
        }
    }

    /// Whether a path is one of the edge's own.
    fn is_own(&self, path: &str) -> bool {
        let site = &self.0;
        let places = [
            Some(&site.callback),
            site.backchannel.as_ref(),
            site.logout.as_ref(),
            site.post_logout.as_ref().map(|(_, path)| path),
            site.login.as_ref().map(|(path, _)| path),
        ];
        places.into_iter().flatten().any(|place| place == path)
    }

    /// The session of a request, its tokens renewed where they end; cookie lines for the answer.
    async fn found(&self, parts: &Parts) -> (Found, Vec<String>) {
        let site = &self.0;
        let login = site.login.as_ref().filter(|_| parts.method == http::Method::GET && is_navigation(&parts.headers));
        let login = login.map(|(path, _)| {
            let mut location = Vec::from(path.as_bytes());
            location.extend_from_slice(b"?returnTo=");
            let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
            push_escaped(&mut location, target.as_bytes(), false);
            String::from_utf8(location).unwrap_or_default()
        });
        match refresh_session(site, &parts.headers).await {
            Ok(found) => (Found { session: Ok(found.kept.map(Session::of)), login }, found.cookies),
            Err(error) => (Found { session: Err(site.problem(error)), login }, Vec::new()),
        }
    }
}

async fn text(body: Body) -> Result<String> {
    let octets = to_bytes(body, MAX_BODY).await.map_err(|_| Error::new(&codes::CALLBACK_TOO_LARGE))?;
    String::from_utf8(octets.into()).map_err(|_| Error::new(&codes::CALLBACK_MALFORMED))
}

/// Cookies for a response: [`Edge::keep`]. None where sessions lie in a store.
#[must_use]
pub struct SetCookies(Vec<String>);

impl core::fmt::Debug for SetCookies {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SetCookies(…)")
    }
}

impl axum::response::IntoResponseParts for SetCookies {
    type Error = Infallible;

    fn into_response_parts(
        self,
        mut parts: axum::response::ResponseParts,
    ) -> core::result::Result<axum::response::ResponseParts, Infallible> {
        for mut line in self.0.iter().filter_map(|line| HeaderValue::from_str(line).ok()) {
            line.set_sensitive(true);
            parts.headers_mut().append("set-cookie", line);
        }
        Ok(parts)
    }
}

/// The edge around a service: [`Edge::layer`].
#[derive(Clone, Debug)]
pub struct EdgeLayer(Edge);

impl<S> Layer<S> for EdgeLayer {
    type Service = EdgeService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        EdgeService { edge: self.0.clone(), inner }
    }
}

/// A service with an edge around it.
#[derive(Clone, Debug)]
pub struct EdgeService<S> {
    edge: Edge,
    inner: S,
}

impl<S> Service<Request> for EdgeService<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, core::result::Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<core::result::Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let edge = self.edge.clone();
        // The one that is ready serves; a clone of it waits for the next request.
        let clone = self.inner.clone();
        let mut inner = core::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            if edge.is_own(parts.uri.path()) {
                return Ok(edge.own(&parts, body).await);
            }
            let (found, cookies) = edge.found(&parts).await;
            parts.extensions.insert(found);
            let mut response = inner.call(Request::from_parts(parts, body)).await?;
            if !cookies.is_empty() {
                append(&mut response, &cookies);
                response.headers_mut().insert("cache-control", HeaderValue::from_static("private, no-store"));
                response.headers_mut().append("vary", HeaderValue::from_static("Cookie"));
            }
            Ok(response)
        })
    }
}

/// Why there is no [`Session`]: the answer that goes out instead.
#[derive(Debug)]
pub struct NoSession(Refusal);

#[derive(Debug)]
enum Refusal {
    Login(String),
    Error(Error),
}

impl IntoResponse for NoSession {
    fn into_response(self) -> Response {
        match self.0 {
            Refusal::Login(location) => Answer::to(location, Vec::new()).into_response(),
            Refusal::Error(error) => error.into_response(),
        }
    }
}

/// What the layer found of a request.
fn session(parts: &Parts) -> core::result::Result<(Option<Session>, Option<String>), NoSession> {
    let unlayered = || Error::new(&codes::INVALID_CONFIGURATION).expected("edge.protect(…) around this route");
    let found = parts.extensions.get::<Found>().ok_or_else(|| NoSession(Refusal::Error(unlayered())))?;
    match &found.session {
        Ok(session) => Ok((session.clone(), found.login.clone())),
        Err(error) => Err(NoSession(Refusal::Error(error.clone()))),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = NoSession;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> core::result::Result<Self, NoSession> {
        match session(parts)? {
            (Some(session), _) => Ok(session),
            (None, Some(login)) => Err(NoSession(Refusal::Login(login))),
            (None, None) => Err(NoSession(Refusal::Error(trouble(&codes::SESSION_MISSING, "")))),
        }
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = NoSession;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> core::result::Result<Option<Self>, NoSession> {
        session(parts).map(|(session, _)| session)
    }
}
