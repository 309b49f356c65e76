//! The ground floor: text, numbers, addresses, requests and errors, which know nothing of OAuth.

pub(crate) mod address;
pub mod error;
pub(crate) mod form;
pub mod http;
pub(crate) mod ip;
pub(crate) mod json;
pub(crate) mod lean;
pub(crate) mod octet;
pub(crate) mod secret;
pub(crate) mod sha256;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod uri;
pub(crate) mod uuid;
