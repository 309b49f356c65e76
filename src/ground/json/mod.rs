//! A strict, small JSON reader and a string writer (RFC 8259).
//!
//! Kept here because the standard crate accepts duplicate members and costs more than everything else in the wasm.
//! Refuses duplicate members, nesting beyond 32, over 256 members in an object, over 65,536 values, and anything after the value.

mod reader;
#[cfg(feature = "serde")]
mod serial;
mod value;
mod write;

pub(crate) use value::{Member, Value};
pub(crate) use write::{Writer, push_string};
