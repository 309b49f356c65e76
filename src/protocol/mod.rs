//! OAuth 2.0 and OpenID Connect as plain functions and values: what is sent, and what an answer must be.

pub(crate) mod answer;
pub(crate) mod answers;
pub mod assertion;
pub mod authorization;
pub mod challenge;
pub mod client;
pub mod client_auth;
pub mod dpop;
pub mod endpoint;
pub mod grant;
pub mod id_token;
pub mod profile;
pub(crate) mod refusal;
pub mod syntax;
pub mod token;
pub mod token_cache;
pub mod token_record;
mod token_text;

pub use answers::{introspection, logout, metadata, resource_metadata, revocation, userinfo};
#[cfg(feature = "serde")]
pub use token_text::Exposed;
