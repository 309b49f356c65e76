//! What the npm package's wasm does otherwise than the crate: there `samtykke_entry` names the entry it is made for.
//!
//! Nothing but this file and the bindings asks for an entry.

use alloc::string::String;
use alloc::vec::Vec;

/// Whether this is one of the npm package's wasms, which nobody but its shell calls.
pub(crate) const NPM: bool = cfg!(samtykke_entry);

/// Whether this is the browser entry's: it leaves out what pages do not need.
pub(crate) const LEAN: bool = cfg!(samtykke_entry = "browser");

/// Whether this is the protocol's alone, of which providers' own APIs are no part.
pub(crate) const PROTOCOL: bool = cfg!(samtykke_entry = "full");

/// Whether people log in by this wasm: what a server signs is verified. Where nobody does, an id_token that comes all the same is not read.
pub(crate) const LOGINS: bool = cfg!(any(not(samtykke_entry), samtykke_entry = "full", samtykke_machine = "code"));

/// Whether sessions that are kept are renewed by this wasm.
pub(crate) const SESSIONS: bool = cfg!(any(not(samtykke_entry), samtykke_entry = "full", samtykke_machine = "session"));

/// Whether tokens may be bound to a key here.
pub(crate) const PROOFS: bool = cfg!(any(not(samtykke_entry), samtykke_entry = "full", samtykke_machine = "api"));

/// Whether a client may have keys, to prove itself and to sign what it asks for.
pub(crate) const KEYS: bool = cfg!(any(not(samtykke_entry), samtykke_entry = "full", samtykke_operation = "jwk"));

/// Whether errors have no hints, as a page's have none: beside its wasm there is no room for them, and the shell words them by action.
pub(crate) const BRIEF: bool = cfg!(samtykke_entry = "exchange");

/// Foreign text in an error. The browser's wasm hands its octets on, and the page reads them.
#[cfg(not(samtykke_entry = "browser"))]
pub(crate) type Text = String;
#[cfg(samtykke_entry = "browser")]
pub(crate) type Text = Vec<u8>;

/// A copy of text that is text already.
#[cfg(not(samtykke_entry = "browser"))]
pub(crate) fn text(octets: &[u8]) -> Text {
    String::from_utf8(octets.to_vec()).unwrap_or_default()
}

#[cfg(samtykke_entry = "browser")]
pub(crate) fn text(octets: &[u8]) -> Text {
    let mut text = Text::new();
    crate::ground::text::push(&mut text, octets);
    text
}

/// Foreign octets made fit to be shown. A page makes them fit itself: it has text, and here there are only octets.
#[cfg(not(samtykke_entry = "browser"))]
pub(crate) fn fit(octets: &[u8], made: impl Fn(&str) -> String) -> Text {
    // What is shown of an answer was found to be text before.
    made(core::str::from_utf8(octets).unwrap_or_default())
}

#[cfg(samtykke_entry = "browser")]
pub(crate) fn fit(octets: &[u8], _: impl Fn(&str) -> String) -> Text {
    text(octets)
}

/// A hint in place of the kind's own. A page has none: its shell words errors by action.
#[cfg(not(samtykke_entry = "browser"))]
#[derive(Clone)]
pub(crate) struct Hint(Option<&'static str>);
#[cfg(samtykke_entry = "browser")]
#[derive(Clone)]
pub(crate) struct Hint;

#[cfg(not(samtykke_entry = "browser"))]
impl Hint {
    pub(crate) const NONE: Self = Self(None);

    pub(crate) fn get(&self) -> Option<&'static str> {
        self.0
    }
}

#[cfg(samtykke_entry = "browser")]
impl Hint {
    pub(crate) const NONE: Self = Self;

    pub(crate) fn get(&self) -> Option<&'static str> {
        None
    }
}

impl From<&'static str> for Hint {
    #[cfg(not(samtykke_entry = "browser"))]
    fn from(hint: &'static str) -> Self {
        Self(Some(hint))
    }

    #[cfg(samtykke_entry = "browser")]
    fn from(_: &'static str) -> Self {
        Self
    }
}

/// Many values. The npm package's wasm never frees, so it need not walk over what it drops either.
#[cfg(not(samtykke_entry))]
pub(crate) type Many<T> = Vec<T>;
#[cfg(samtykke_entry)]
pub(crate) type Many<T> = core::mem::ManuallyDrop<Vec<T>>;

#[cfg(not(samtykke_entry))]
pub(crate) fn many<T>(items: Vec<T>) -> Many<T> {
    items
}

#[cfg(samtykke_entry)]
pub(crate) fn many<T>(items: Vec<T>) -> Many<T> {
    core::mem::ManuallyDrop::new(items)
}
