//! The authorization request, its transaction, and the answer that comes back to `redirect_uri`.

pub mod jar;
pub(crate) mod misfit;
pub mod par;
pub mod pkce;
pub mod request;
pub mod response;
mod stored;
pub mod transaction;
