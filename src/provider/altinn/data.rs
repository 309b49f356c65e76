//! Altinn: the facts of provider.json, which `npm run generate` writes; edit that file.
//!
//! docs.altinn.studio: Altinn Platform, Authentication (exchange of a JWT from an external token provider)

/// Name, origin of the platform; tt02 takes the tokens of the test environments.
pub(super) static ENVIRONMENTS: &[[&str; 2]] = &[["tt02", "https://platform.tt02.altinn.no"], ["production", "https://platform.altinn.no"]];
