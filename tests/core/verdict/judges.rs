//! Verdicts on metadata, PAR and userinfo answers, and on challenges.
//!
//! `metadata`. Judged for the case's `issuer` with no profile and no pinned origin. Detail: the token endpoint.
//! `par_response`. Judged without the option for `expires_in` as a text. Detail: the request_uri.
//! `userinfo`. Judged for `sub` `user-1`; `signed`: a JWT in RS256 was registered, by client `client-1` of
//! `https://op.example`, whose key set is empty. Detail: the `sub`.
//! `www_authenticate`. Detail: an array of `scheme`, `token68` where there is one, and `params`, these in the order of names.

use samtykke::jose::jwks::select;
use samtykke::protocol::authorization::par::PushedRequest;
use samtykke::protocol::challenge::Challenge;
use samtykke::protocol::id_token::IdTokenExpectation;
use samtykke::protocol::metadata::{Metadata, Policy};
use samtykke::protocol::userinfo::{self, Subject};
use samtykke::{Error, Response};
use serde_json::Value;

use super::{Verdict, text};

/// Decides a case of these kinds; `None` for any other.
pub(super) fn decide(kind: &str, file: &Value, case: &Value) -> Option<Verdict> {
    let decided = match kind {
        "metadata" => metadata(file, case),
        "par_response" => PushedRequest::judge(&response(case), false).map(|pushed| pushed.request_uri),
        "userinfo" => userinfo(case),
        "www_authenticate" => Challenge::parse(&text(&case["header"]).unwrap_or_default()).map(|found| shown(&found)),
        _ => return None,
    };
    Some(match decided {
        Ok(detail) => Verdict::accept(detail),
        Err(error) => Verdict::of(&error),
    })
}

fn response(case: &Value) -> Response {
    let status = case["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
    let mut response = Response::new(status, case["content_type"].as_str(), &text(&case["body"]).unwrap_or_default());
    response.retry_after = text(&case["headers"]["Retry-After"]);
    response.www_authenticate = text(&case["headers"]["WWW-Authenticate"]);
    response
}

fn metadata(file: &Value, case: &Value) -> Result<String, Error> {
    let issuer = text(&case["issuer"]).or_else(|| text(&file["about"]["defaults"]["issuer"])).unwrap_or_default();
    let found = Metadata::judge(&response(case), &issuer, &Policy::default())?;
    Ok(found.text("token_endpoint").unwrap_or_default())
}

fn userinfo(case: &Value) -> Result<String, Error> {
    let (response, subject) = (response(case), Subject::Is("user-1"));
    if case["context"]["signed"] != true {
        return Ok(userinfo::judge(&response, subject)?.text("sub").unwrap_or_default());
    }
    let expectation = IdTokenExpectation::new("https://op.example", "client-1");
    let unverified = userinfo::judge_signed(&response, subject, &expectation, 1_700_000_000)?;
    select(r#"{"keys":[]}"#, unverified.alg(), unverified.kid())?;
    Ok(String::new())
}

fn shown(challenges: &[Challenge]) -> String {
    let all = challenges.iter().map(|challenge| {
        let mut shown = serde_json::Map::new();
        shown.insert("scheme".into(), challenge.scheme.as_str().into());
        if let Some(token) = &challenge.token68 {
            shown.insert("token68".into(), token.as_str().into());
        }
        let mut parameters = challenge.parameters.clone();
        parameters.sort();
        let parameters = parameters.into_iter().map(|(name, value)| (name, Value::from(value)));
        shown.insert("params".into(), Value::Object(parameters.collect()));
        Value::Object(shown)
    });
    Value::Array(all.collect()).to_string()
}
