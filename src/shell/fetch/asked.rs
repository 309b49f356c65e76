//! What a machine asks of a program, and not of its shell.
//!
//! Selvbetjening's records and calls, and refresh tokens to be stored. Refuses nothing itself.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;

use crate::flow::step::CallRequest;
use crate::ground::error::Result;
use crate::ground::secret::Secret;

/// A step that the program does, and not its shell.
pub(super) enum Asked {
    Store(Secret),
    Call(CallRequest),
    Answer(Secret),
}

/// Where what is to be stored is put.
pub(super) type Storing<'a> = &'a dyn Fn(Secret) -> Pin<Box<dyn Future<Output = Result<()>> + 'a>>;
