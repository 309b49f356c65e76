//! Tests of what no user can call: the ground floor. They are compiled into the crate, as its unit tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]
#![allow(missing_docs, clippy::arithmetic_side_effects)]

mod examples;
mod properties;
mod readers;
