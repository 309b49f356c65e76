//! One request by the host's `fetch`.
//!
//! WHATWG Fetch.
//! Refuses redirects, followed or not, bodies over 1 MiB, and header values that no HTTP message can carry.

use alloc::string::String;
use alloc::vec::Vec;

use gloo_net::http::{Headers, Method, RequestBuilder};
use js_sys::{Function, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, AbortSignal, ReferrerPolicy, RequestCache, RequestCredentials, RequestRedirect};

use super::Transport;
use super::host::{Patience, Stop, call, forget, get, name_of};
use crate::flow::machine::{Failure, Input};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::MAX_BODY;
use crate::{Request, Response, Secret};

/// Ends the request when it is dropped: after the answer that does nothing, before it the connection is let go.
struct Sent(AbortController);

impl Drop for Sent {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Where and what: enough to word an error.
#[derive(Clone, Copy)]
struct Place {
    phase: Phase,
    repeatable: bool,
}

impl Place {
    fn failed(self, cause: &JsValue) -> Error {
        Error::new(&codes::NETWORK_ERROR).at(self.phase).retry(self.repeatable).actual(name_of(cause))
    }

    fn stopped(self, stop: Stop) -> Error {
        match stop {
            Stop::Late => Error::new(&codes::TIMEOUT).at(self.phase).retry(self.repeatable),
            Stop::Aborted => Error::new(&codes::ABORTED).at(self.phase),
            Stop::Failed(cause) => self.failed(&cause),
        }
    }
}

/// Sends a request once, and judges nothing but whether an answer came whole from where it was asked.
pub(super) async fn once(transport: &Transport, request: &Request, phase: Phase) -> Result<Response> {
    let place = Place { phase, repeatable: request.repeatable };
    let failed = |cause: JsValue| place.failed(&cause);
    let mut patience = Patience::new(transport.timeout.saturating_mul(1000), transport.signal.as_ref()).map_err(failed)?;
    if transport.signal.as_ref().is_some_and(AbortSignal::aborted) {
        return Err(place.stopped(Stop::Aborted));
    }
    let sent = Sent(AbortController::new().map_err(failed)?);
    let outgoing = build(request, phase, &sent.0.signal())?;
    let fetch: Function = match &transport.fetch {
        Some(function) => function.clone(),
        None => get(&js_sys::global(), "fetch").dyn_into().map_err(failed)?,
    };
    let promise = fetch.call1(&JsValue::UNDEFINED, &outgoing).map_err(failed)?;
    let answer = patience.wait(&promise).await.map_err(|stop| place.stopped(stop))?;

    // A page sees a refused redirect as an opaque answer, a server sees its 3xx (which the core refuses).
    if get(&answer, "type") == "opaqueredirect" || get(&answer, "redirected").is_truthy() {
        return Err(Error::new(&codes::REDIRECT_REFUSED).at(phase));
    }
    let status = get(&answer, "status").as_f64().filter(|status| (100.0..600.0).contains(status));
    let status = status.ok_or_else(|| place.failed(&JsValue::UNDEFINED).expected("an answer with an HTTP status"))? as u16;
    let headers = get(&answer, "headers");
    let header = |name: &str| call(&headers, "get", &[&JsValue::from_str(name)]).ok().and_then(|value| value.as_string());
    let mut response = Response::new(status, header("content-type").as_deref(), "");
    response.retry_after = header("retry-after");
    response.dpop_nonce = header("dpop-nonce");
    response.cache_control = header("cache-control");
    response.www_authenticate = header("www-authenticate");
    match read(&answer, &mut patience).await.map_err(|stop| place.stopped(stop))? {
        Some(body) => response.body = body,
        None => {
            let kind = if phase == Phase::Token { &codes::TOKEN_RESPONSE_TOO_LARGE } else { &codes::API_RESPONSE_MALFORMED };
            return Err(Error::new(kind).at(phase).http(&response));
        }
    }
    Ok(response)
}

/// The host's own request, with the options the host knows: workerd throws on others.
fn build(request: &Request, phase: Phase, signal: &AbortSignal) -> Result<JsValue> {
    let unfit = |what: &'static str| Error::new(&codes::INVALID_PARAMETER).at(phase).expected(what);
    let headers = web_sys::Headers::new().map_err(|_| unfit("a host with fetch"))?;
    for (name, value) in &request.headers {
        // gloo-net's own setter panics on a value with a line end.
        headers.set(name, value.expose()).map_err(|_| unfit("header values of visible ASCII").actual(*name))?;
    }
    let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| unfit("an HTTP method"))?;
    let mut builder = RequestBuilder::new(&request.url)
        .method(method)
        .headers(Headers::from_raw(headers))
        .redirect(RequestRedirect::Manual)
        .abort_signal(Some(signal));
    let prototype = get(&get(&js_sys::global(), "Request"), "prototype");
    let knows = |option: &str| js_sys::Reflect::has(&prototype, &JsValue::from_str(option)).unwrap_or(false);
    if knows("credentials") {
        builder = builder.credentials(RequestCredentials::Omit);
    }
    if knows("cache") {
        builder = builder.cache(RequestCache::NoStore);
    }
    if knows("referrerPolicy") {
        builder = builder.referrer_policy(ReferrerPolicy::NoReferrer);
    }
    let built = match &request.body {
        Some(body) => builder.body(body.expose()),
        None => builder.build(),
    };
    built.map(|request| web_sys::Request::from(request).into()).map_err(|_| unfit("a URL and options that this host can send"))
}

/// Reads the body; `None` for one that is too long, which is cut off where it gets so. Octets that are not UTF-8 are
/// neither JSON nor a form: such a body counts as empty, and the status says the rest.
async fn read(answer: &JsValue, patience: &mut Patience) -> core::result::Result<Option<Secret>, Stop> {
    let Ok(reader) = call(&get(answer, "body"), "getReader", &[]) else {
        // No stream: an empty body, or an object that only looks like an answer.
        let text = call(answer, "text", &[]).map_err(Stop::Failed)?;
        let text = patience.wait(&text).await?.as_string().unwrap_or_default();
        return Ok((text.len() <= MAX_BODY).then(|| Secret::new(text)));
    };
    let mut octets: Vec<u8> = Vec::new();
    loop {
        let part = call(&reader, "read", &[]).map_err(Stop::Failed)?;
        let part = patience.wait(&part).await?;
        if get(&part, "done").is_truthy() {
            break;
        }
        let chunk: Uint8Array = get(&part, "value").unchecked_into();
        let length = usize::try_from(chunk.length()).unwrap_or(usize::MAX);
        if octets.len().saturating_add(length) > MAX_BODY {
            // Not waited for: a stream that never ends need not end its cancelling either.
            if let Ok(cancelled) = call(&reader, "cancel", &[]) {
                forget(&cancelled);
            }
            return Ok(None);
        }
        octets.extend_from_slice(&chunk.to_vec());
    }
    // What is not text is wiped like what is.
    let text = String::from_utf8(octets).map_err(|error| zeroize::Zeroize::zeroize(&mut error.into_bytes()));
    Ok(Some(Secret::new(text.unwrap_or_default())))
}

/// What a caller's own work gives: a signer, a store, a decrypter. It ends with the time of a request, and with the caller's signal
/// where that may end it.
pub(super) async fn limited<T>(transport: &Transport, abortable: bool, work: impl Future<Output = T>) -> core::result::Result<T, Failure> {
    let signal = transport.signal.as_ref().filter(|_| abortable);
    let mut patience = Patience::new(transport.timeout.saturating_mul(1000), signal).map_err(|_| Failure::Timeout)?;
    patience.race(work).await.map_err(|stop| if matches!(stop, Stop::Aborted) { Failure::Aborted } else { Failure::Timeout })
}

/// The same as a machine's input, of work that has an error of its own.
pub(super) async fn told<T>(transport: &Transport, work: impl Future<Output = Result<T>>, input: fn(T) -> Input) -> Result<Input> {
    limited(transport, true, work).await.map_or_else(|failure| Ok(Input::Failed(failure)), |done| done.map(input))
}

/// Lets so many milliseconds pass.
pub(super) async fn rest(transport: &Transport, milliseconds: u32) -> Result<()> {
    let place = Place { phase: Phase::Token, repeatable: false };
    let patience = Patience::new(milliseconds, transport.signal.as_ref()).map_err(|cause| place.failed(&cause))?;
    if patience.pass().await { Ok(()) } else { Err(place.stopped(Stop::Aborted)) }
}
