//! Selvbetjening: the facts of provider.json, which `npm run generate` writes; edit that file.
//!
//! NHN's Selvbetjening documentation and samples: /v1/client-drafts, /v1/client, /v1/client-secret

/// Name, the portal's origin, the API's origin.
pub(super) static ENVIRONMENTS: &[[&str; 3]] = &[
    ["test", "https://selvbetjening.test.nhn.no", "https://api.selvbetjening.test.nhn.no"],
    ["production", "https://selvbetjening.nhn.no", "https://api.selvbetjening.nhn.no"],
];
