//! The host's clock, timers and objects, without a window and without casts.
//!
//! HTML (timers), DOM (aborting), ECMAScript (promises): all found on the global object, whatever kind it is.
//! Refuses to trust what the host hands back: a missing property or an object of another realm is a value, not a panic.

use alloc::string::String;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll};

use js_sys::futures::JsFuture;
use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::AbortSignal;

type Outcome<T> = core::result::Result<T, JsValue>;

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    (js_sys::Date::now() / 1000.0) as u64
}

/// Milliseconds by the host's clock.
pub(super) fn ticks() -> u64 {
    js_sys::Date::now() as u64
}

/// Fills octets with the host's own randomness (Web Cryptography, `getRandomValues`), which takes up to 65,536 at once.
pub(super) fn fill(octets: &mut [u8]) -> Outcome<()> {
    let drawn = Uint8Array::new_with_length(u32::try_from(octets.len()).unwrap_or(u32::MAX));
    call(&get(&js_sys::global(), "crypto"), "getRandomValues", &[&drawn])?;
    drawn.copy_to(octets);
    drawn.fill(0, 0, drawn.length());
    Ok(())
}

/// Lets so many milliseconds pass; none where the host has no timers.
pub(super) async fn pause(milliseconds: u32) {
    if let Ok(patience) = Patience::new(milliseconds, None) {
        patience.pass().await;
    }
}

/// A property, or `undefined` where there is none or reading it throws.
pub(super) fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or_default()
}

/// Calls a method by its name.
pub(super) fn call(object: &JsValue, name: &str, arguments: &[&JsValue]) -> Outcome<JsValue> {
    let function: Function = get(object, name).dyn_into()?;
    function.apply(object, &arguments.iter().copied().collect::<Array>())
}

/// What is known of a failure without its message, which may quote a header: the error's name, and Node's code.
pub(super) fn name_of(cause: &JsValue) -> String {
    let word = |value: JsValue| {
        value.as_string().filter(|word| word.len() <= 40 && word.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_'))
    };
    let mut text = word(get(cause, "name")).unwrap_or_else(|| "Error".into());
    if let Some(code) = word(get(&get(cause, "cause"), "code")) {
        text.push(' ');
        text.push_str(&code);
    }
    text
}

/// Why something did not come.
pub(super) enum Stop {
    /// The time was over.
    Late,
    /// The caller's signal said so.
    Aborted,
    /// The host failed.
    Failed(JsValue),
}

/// A timer and the caller's signal, against which promises of the host's are raced: a `fetch` that heeds no signal must
/// not hold a caller for ever.
pub(super) struct Patience {
    timer: JsValue,
    late: JsFuture,
    signal: Option<(AbortSignal, Function, JsFuture)>,
}

impl Patience {
    /// Begins to wait, for at most so many milliseconds.
    pub(super) fn new(milliseconds: u32, signal: Option<&AbortSignal>) -> Outcome<Self> {
        let global = js_sys::global();
        // A timer of more than 2^31 - 1 would fire at once.
        let milliseconds = JsValue::from(milliseconds.min(i32::MAX.unsigned_abs()));
        let (resolve, late) = deferred()?;
        let timer = call(&global, "setTimeout", &[&resolve, &milliseconds])?;
        let mut patience = Self { timer, late, signal: None };
        if let Some(signal) = signal {
            let (resolve, aborted) = deferred()?;
            if signal.aborted() {
                resolve.call0(&JsValue::UNDEFINED)?;
            }
            signal.add_event_listener_with_callback("abort", &resolve)?;
            patience.signal = Some((signal.clone(), resolve, aborted));
        }
        Ok(patience)
    }

    fn poll_stop(&mut self, context: &mut Context<'_>) -> Poll<Stop> {
        if let Some((_, _, aborted)) = &mut self.signal
            && Pin::new(aborted).poll(context).is_ready()
        {
            return Poll::Ready(Stop::Aborted);
        }
        Pin::new(&mut self.late).poll(context).map(|_| Stop::Late)
    }

    /// Waits for a promise (or a plain value), unless something stops it.
    pub(super) async fn wait(&mut self, promise: &JsValue) -> core::result::Result<JsValue, Stop> {
        let mut value = JsFuture::from(Promise::resolve(promise));
        poll_fn(|context| match self.poll_stop(context) {
            Poll::Ready(stop) => Poll::Ready(Err(stop)),
            Poll::Pending => Pin::new(&mut value).poll(context).map_err(Stop::Failed),
        })
        .await
    }

    /// Waits for work that is no promise of the host's, unless something stops it.
    pub(super) async fn race<T>(&mut self, work: impl Future<Output = T>) -> core::result::Result<T, Stop> {
        let mut work = core::pin::pin!(work);
        poll_fn(|context| match self.poll_stop(context) {
            Poll::Ready(stop) => Poll::Ready(Err(stop)),
            Poll::Pending => work.as_mut().poll(context).map(Ok),
        })
        .await
    }

    /// Waits until the time is over; whether nothing ended it earlier.
    pub(super) async fn pass(mut self) -> bool {
        matches!(poll_fn(|context| self.poll_stop(context)).await, Stop::Late)
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        // A timer that stays would keep a Node process alive.
        let _ = call(&js_sys::global(), "clearTimeout", &[&self.timer]);
        if let Some((signal, listener, _)) = &self.signal {
            let _ = signal.remove_event_listener_with_callback("abort", listener);
        }
    }
}

/// A promise and the function that resolves it. The function is the host's own, so it stays callable when Rust has
/// dropped everything.
fn deferred() -> Outcome<(Function, JsFuture)> {
    let mut slot = None;
    let promise = Promise::new(&mut |resolve, _| slot = Some(resolve));
    Ok((slot.ok_or(JsValue::UNDEFINED)?, JsFuture::from(promise)))
}

/// Lets a promise go: it may fail, and nobody needs to know.
pub(super) fn forget(promise: &JsValue) {
    drop(JsFuture::from(Promise::resolve(promise)));
}
