//! For tests of programs that use this shell: answers by script, a clock that is set, and what an [`Http`] must do.
//!
//! Refuses to answer what nobody scripted: then there is no connection.

mod conformance;

pub use conformance::conformance;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

use crate::shell::native::runtime::{Runtime, Tokio};
use crate::shell::native::sending::{Body, BoxFuture, Http, TransportError};

type Answer = core::result::Result<http::Response<Body>, TransportError>;

/// What a script does with a request.
type Line = Box<dyn FnOnce(&http::Request<Bytes>) -> BoxFuture<'static, Answer> + Send>;

/// An [`Http`] that answers by a script, one line for each request, and keeps what was sent. A cheap clone, which shares both.
///
/// ```
/// use samtykke::native::testing::Scripted;
/// let http = Scripted::new().json(503, "{}").fails().json(200, r#"{"access_token":"x","token_type":"Bearer"}"#);
/// assert_eq!(http.left(), 3);
/// ```
#[derive(Clone, Default)]
pub struct Scripted {
    lines: Arc<Mutex<VecDeque<Line>>>,
    sent: Arc<Mutex<Vec<http::Request<Bytes>>>>,
}

impl core::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Scripted").field("left", &self.left()).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scripted {
    /// An empty script.
    pub fn new() -> Self {
        Self::default()
    }

    /// Does this with the next request.
    #[must_use]
    pub fn then(self, line: impl FnOnce(&http::Request<Bytes>) -> BoxFuture<'static, Answer> + Send + 'static) -> Self {
        lock(&self.lines).push_back(Box::new(line));
        self
    }

    /// Answers so.
    #[must_use]
    pub fn answer(self, answer: http::Response<Body>) -> Self {
        self.then(move |_| Box::pin(async move { Ok(answer) }))
    }

    /// Answers with JSON.
    #[must_use]
    pub fn json(self, status: u16, json: &str) -> Self {
        let mut answer = http::Response::new(Body::from(String::from(json)));
        *answer.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
        answer.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
        self.answer(answer)
    }

    /// Has no connection for the next request.
    #[must_use]
    pub fn fails(self) -> Self {
        self.then(|_| Box::pin(async { Err(TransportError::new("scripted: no connection")) }))
    }

    /// Never answers the next request.
    #[must_use]
    pub fn hangs(self) -> Self {
        self.then(|_| Box::pin(core::future::pending()))
    }

    /// How many lines are left.
    pub fn left(&self) -> usize {
        lock(&self.lines).len()
    }

    /// Takes what was sent so far.
    pub fn sent(&self) -> Vec<http::Request<Bytes>> {
        core::mem::take(&mut *lock(&self.sent))
    }
}

impl Http for Scripted {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Answer> {
        let line = lock(&self.lines).pop_front();
        let answer = line.map(|line| line(&request));
        lock(&self.sent).push(request);
        Box::pin(async move {
            match answer {
                Some(answer) => answer.await,
                None => Err(TransportError::new("scripted: nothing is left to answer with")),
            }
        })
    }
}

/// A [`Runtime`] whose time passes when a test says so; tasks are tokio's. A cheap clone, which shares its time.
///
/// ```
/// use std::time::Duration;
/// use samtykke::native::{Runtime, testing::Clock};
/// let clock = Clock::at(1_700_000_000);
/// clock.advance(Duration::from_secs(5));
/// assert_eq!(clock.wall().as_secs(), 1_700_000_005);
/// ```
#[derive(Clone, Debug)]
pub struct Clock {
    start: Duration,
    passed: Arc<watch::Sender<Duration>>,
}

impl Clock {
    /// A clock that says so many seconds since 1970.
    pub fn at(seconds: u64) -> Self {
        Self { start: Duration::from_secs(seconds), passed: Arc::new(watch::Sender::new(Duration::ZERO)) }
    }

    /// Lets time pass; whoever sleeps until then wakes.
    pub fn advance(&self, by: Duration) {
        self.passed.send_modify(|passed| *passed = passed.saturating_add(by));
    }
}

impl Runtime for Clock {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        Tokio.spawn(task);
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut passed = self.passed.subscribe();
        let until = passed.borrow_and_update().saturating_add(duration);
        Box::pin(async move {
            // It ends with the clock, which nobody turns any more then.
            let _ = passed.wait_for(|passed| *passed >= until).await;
        })
    }

    fn wall(&self) -> Duration {
        self.start.saturating_add(*self.passed.borrow())
    }

    fn monotonic(&self) -> Duration {
        *self.passed.borrow()
    }
}
