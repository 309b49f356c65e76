//! The ground floor: text, numbers, addresses, requests and errors, which know nothing of OAuth.

pub mod address;
pub mod error;
pub mod http;
pub(crate) mod ip;
pub mod json;
pub(crate) mod lean;
pub(crate) mod octet;
pub mod secret;
pub mod sha256;
pub mod text;
pub(crate) mod time;
pub mod uri;
pub(crate) mod uuid;
