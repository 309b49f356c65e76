//! Outcomes of machines as the table of [`table`](crate::table) has them.

use samtykke::flow::device::{Device, Polled};
use samtykke::protocol::id_token::claims::Claims;
use samtykke::protocol::introspection::Introspection;
use samtykke::{Login, Tokens};
use serde_json::{Value, json};

pub(super) fn tokens(tokens: Tokens) -> Value {
    let others: serde_json::Map<String, Value> =
        tokens.others.iter().map(|(name, value)| (name.clone(), serde_json::from_str(value.expose()).unwrap())).collect();
    let mut shown = json!({
        "accessToken": tokens.access_token.expose(),
        "tokenType": tokens.token_type.as_str(),
        "requestedScope": tokens.requested_scope,
        "others": others,
    });
    for (name, value) in [
        ("expiresIn", tokens.expires_in.map(Value::from)),
        ("scope", tokens.scope.clone().map(Value::from)),
        ("refreshToken", tokens.refresh_token.as_ref().map(|token| token.expose().into())),
        ("idToken", tokens.id_token.as_ref().map(|token| token.expose().into())),
        ("claims", tokens.claims.as_ref().map(|claims| serde_json::from_str(claims.json()).unwrap())),
    ] {
        if let Some(value) = value {
            shown[name] = value;
        }
    }
    shown
}

pub(super) fn device(device: Device) -> Value {
    let mut shown = json!({
        "deviceCode": device.device_code.expose(),
        "userCode": device.user_code,
        "verificationUri": device.verification_uri,
        "expiresIn": device.expires_in,
        "interval": device.interval,
        "requestedScope": device.requested_scope,
    });
    if let Some(uri) = device.verification_uri_complete {
        shown["verificationUriComplete"] = uri.into();
    }
    shown
}

pub(super) fn polled(polled: Polled) -> Value {
    match polled {
        Polled::Pending => json!("pending"),
        Polled::SlowDown(seconds) => json!(format!("slow_down {seconds}")),
        Polled::Tokens(found) => tokens(*found),
        _ => panic!("another outcome"),
    }
}

pub(super) fn introspection(found: Introspection) -> Value {
    let active = if found.active() { "1" } else { "" };
    json!(format!("{active}\n{}", found.members().json()))
}

pub(super) fn claims(claims: Claims) -> Value {
    serde_json::from_str(claims.json()).unwrap()
}

pub(super) fn login(login: Login) -> Value {
    json!(format!("{}\n{}", login.url, &login.transaction.serialize().expose()["1 ".len()..]))
}
