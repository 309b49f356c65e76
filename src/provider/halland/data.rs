//! Region Halland: the facts of provider.json, which `npm run generate` writes; edit that file.
//!
//! design.regionhalland.se: OAuth2 Client Credentials Grant, Att anropa våra API:er
use crate::protocol::profile::{Rules, STANDARD};

/// What Region Halland does differently.
pub static RULES: Rules = Rules { id: "halland", client_authentication: &["private_key_jwt"], ..STANDARD };

/// The header of the Subscriber Key, unless the publisher renamed it.
pub(super) const SUBSCRIBER_KEY_HEADER: &str = "Ocp-Apim-Subscription-Key";
