//! Selvbetjening's machines in the table of [`table`](crate::table): a change of settings, a key registered.

use samtykke::Error;
use samtykke::error::{OAuthError, codes};
use samtykke::provider::selvbetjening::{CurrentClient, Environment, Key, PublicKey, Registered, Registration, Status, Updating};
use serde_json::{Value, json};

use crate::table::{JWK, take_turns};

/// Makes the machine that a case names and plays it.
pub(crate) fn play(case: &mut Value, write: bool) {
    let what = &case["what"];
    let environment = Environment::custom("https://portal.example", "https://api.example").unwrap();
    if what["machine"] == "selvbetjening_update" {
        return take_turns(Ok(Updating::new(&environment, "old")), &client, case, write);
    }
    let mut public: Value = serde_json::from_str(JWK).unwrap();
    (public["alg"], public["kid"]) = ("ES256".into(), "k1".into());
    let key = |name| Key::new(name, PublicKey::parse(&public.to_string()).unwrap()).unwrap();
    let registration = Registration::new(&environment, key("old"), key("new"));
    let registration = if what["resumed"] == true { registration.resumed() } else { registration };
    take_turns(Ok(registration), &registered, case, write);
}

/// What went wrong with a call, by its code: on the way, or with its token.
pub(crate) fn refused(code: &str) -> Error {
    let kind = codes::ALL.iter().find(|kind| kind.code() == code);
    match kind {
        Some(kind) => Error::new(kind),
        None => Error::new(&codes::TOKEN_ERROR).oauth_error(OAuthError { error: code.into(), description: None, uri: None }),
    }
}

fn registered(registered: Registered) -> Value {
    let time = registered.expires_at.map(|time| time.to_string()).unwrap_or_default();
    json!(format!("{time}\n{}", if registered.recovered { "1" } else { "" }))
}

fn client(client: CurrentClient) -> Value {
    let access = |mut shown: Value, status: &Status, reason: &Option<String>| {
        shown["status"] = status.as_str().into();
        if let Some(reason) = reason {
            shown["statusReason"] = reason.as_str().into();
        }
        shown
    };
    let scopes = client
        .scopes
        .as_ref()
        .map(|scopes| scopes.iter().map(|scope| access(json!({ "scope": scope.scope }), &scope.status, &scope.reason)).collect::<Vec<_>>());
    json!({
        "ready": client.is_ready(),
        "pending": client.pending().collect::<Vec<_>>(),
        "unknown": client.unknown().collect::<Vec<_>>(),
        "apiScopes": scopes,
        "audienceSpecificClientClaims": client.claims.as_ref().map(|claims| { assert!(claims.is_empty()); json!([]) }),
        "redirectUris": client.redirect_uris,
        "postLogoutRedirectUris": client.post_logout_redirect_uris,
        "childOrganizationNumbers": client.child_organization_numbers,
    })
}
