//! Native tests of the core, by its public API. No network, no clock.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]
#![allow(missing_docs, clippy::arithmetic_side_effects)]

mod acmidm;
mod adfs;
mod answers;
mod by_hand;
mod calls;
mod challenges;
mod development;
mod discovery;
mod driving;
mod errors;
mod faults;
mod flow;
mod halland;
mod helseid;
mod helseid_refused;
mod idporten;
#[cfg(all(feature = "aws-lc-rs", feature = "p256"))]
mod keys;
mod leniency;
mod logout;
mod machines;
mod maskinporten;
mod maskinporten_api;
mod maskinporten_european;
mod metadata;
mod norskgjeld;
mod norskgjeld_api;
mod offered;
#[cfg(all(feature = "aws-lc-rs", feature = "pkcs12"))]
mod pkcs12;
mod reality;
mod redacted;
mod refused_callbacks;
mod refused_claims;
mod refused_grants;
mod refused_requests;
mod refused_tokens;
mod renewal;
mod resource;
#[cfg(feature = "aws-lc-rs")]
mod rfc;
mod selvbetjening;
mod selvbetjening_process;
mod selvbetjening_rotation;
mod selvbetjening_wait;
mod send_sync;
#[cfg(feature = "serde")]
mod stored;
mod table;
mod table_helseid;
mod table_selvbetjening;
mod table_shown;
mod token_cache;
mod vectors;
#[allow(dead_code)]
mod verdict;
#[cfg(feature = "aws-lc-rs")]
mod wycheproof;

use verdict::encode;
