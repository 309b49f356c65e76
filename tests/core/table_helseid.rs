//! HelseID's machines in the table of [`table`](crate::table): a login, a token of the client's own, a session alone and shared.

use samtykke::provider::helseid::{self, Environment, Granted, HelseId, LoginRequest, SessionToken, TokenRequest};
use samtykke::{AuthorizationCode, Exchange};
use serde_json::{Value, json};

use crate::table::{NOW, key, take_turns};
use crate::table_shown::{login, tokens};

/// Makes the machine that a case names and plays it.
pub(crate) fn play(case: &mut Value, write: bool) {
    let what = case["what"].clone();
    let text = |name: &str| what[name].as_str().unwrap_or_default().to_owned();
    let environment = Environment::custom("https://op.example").unwrap();
    let client = HelseId::new(helseid::profile(&environment), "client-1", "https://rp.example/cb", key(), key()).unwrap();
    let mut request = TokenRequest::new().scope(text("scope"));
    if let Some(resource) = what["resource"].as_str() {
        request = request.resource(resource);
    }
    match &*text("machine") {
        "helseid_login" => {
            let made = client.login(&LoginRequest::new(text("scope")), None, &[7; 96], NOW);
            take_turns(made.map(outside), &login, case, write);
        }
        "helseid_credentials" => take_turns(client.client_credentials(&request, None).map(outside), &granted, case, write),
        _ => {
            let made = match what["code"].as_str() {
                Some(code) => AuthorizationCode::restore(code).and_then(|code| client.begin_session(code, request, None)),
                None => client.session(&what["state"].to_string(), request, None),
            };
            let made = made.map(|session| {
                let session = if what["shared"] == true { session.shared("", what["optional"] == true) } else { session };
                let session = if what["load"] == true { session.loading() } else { session };
                session.keys_outside()
            });
            take_turns(made, &token, case, write);
        }
    }
}

fn outside<T>(exchange: Exchange<T>) -> Exchange<T> {
    exchange.keys_outside().digests_outside()
}

fn granted(granted: Granted) -> Value {
    let mut shown = tokens(granted.tokens);
    if let Some(seconds) = granted.refresh_expires_in {
        shown["refreshExpiresIn"] = seconds.into();
    }
    shown["rejectedScope"] = json!(granted.rejected_scope);
    shown["missingScope"] = json!(granted.missing_scope);
    shown
}

fn token(token: SessionToken) -> Value {
    match token {
        SessionToken::New(found) => granted(*found),
        _ => json!(""),
    }
}
