//! Every machine, step by step, as tests/machines/table.json says: tests/js/machines.test.mjs drives the same machines through the
//! package's wasm by the same table, so the two cannot drift apart. `what` says what is asked of a machine, `turns` what it says and
//! what it is given. Before each right input each wrong one is tried: it must be refused, and change nothing.
//!
//! `SAMTYKKE_WRITE_TABLE=1` writes down what the machines say to what they are given, to be read over; nothing is compared then.

use samtykke::flow::device::{Device, DeviceRequest};
use samtykke::flow::discovery::Discovery;
use samtykke::flow::keys::KeySet;
use samtykke::flow::login::Start;
use samtykke::flow::machine::{Failure, Input, Machine, Moment, Spends};
use samtykke::flow::session::SessionRenewal;
use samtykke::flow::step::{KeyRole, Place, Record};
use samtykke::jose::{Algorithm, Encryption, Jwk, KeyInfo};
use samtykke::protocol::authorization::jar::RequestObject;
use samtykke::protocol::grant::{JwtBearer, Refresh, TokenExchange};
use samtykke::protocol::id_token::claims::Claims;
use samtykke::protocol::id_token::rules::IdTokenRules;
use samtykke::protocol::introspection::TokenHint;
use samtykke::protocol::metadata::Policy;
use samtykke::protocol::profile::AssertionRules;
use samtykke::protocol::token::TokenType;
use samtykke::protocol::userinfo::Subject;
use samtykke::{
    AuthorizationCode, AuthorizationRequest, Callback, ClientAuthentication, ClientCredentials, Error, Exchange, Profile, Registration,
    Request, Response, Secret, Step, Tokens, Transaction,
};
use serde_json::{Value, json};

use crate::encode::{base64url, base64url_decode};
use crate::faults::suffer;
use crate::table_helseid;
use crate::table_selvbetjening;
use crate::table_shown::{claims, device, introspection, login, polled, tokens};

mod providers;

pub(super) const NOW: u64 = 1_800_000_000;
const TABLE: &str = "tests/machines/table.json";
pub(super) const JWK: &str =
    r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

type Made<T> = Result<Exchange<T>, Error>;

/// Makes each machine of the table and plays it; a machine that is not made ends with its error.
pub(super) fn play(case: &mut Value, write: bool) {
    let what = case["what"].clone();
    let text = |name: &str| what[name].as_str().unwrap_or_default().to_owned();
    let (client, authentication) = (client(&what), authentication(&text("authentication")));
    let (client, authentication) = (&client, &authentication);
    let token = Secret::new(text("token"));
    let hint = || TokenHint::from_name(&text("hint")).unwrap();
    match text("machine").as_str() {
        "authorization_code" => {
            let code = AuthorizationCode::restore(&text("code"));
            let made = code.and_then(|code| Exchange::authorization_code(client, authentication, code));
            drive(made, &tokens, case, write);
        }
        "client_credentials" => {
            drive(Exchange::client_credentials(client, authentication, &ClientCredentials::new(text("scope"))), &tokens, case, write);
        }
        "refresh" => {
            let mut grant = Refresh::new(text("refreshToken")).scope(text("scope"));
            if let Some(granted) = what["granted"].as_str() {
                grant = grant.with_granted_scope(granted);
            }
            if what["claims"].is_object() {
                grant = grant.claims(Claims::from_stored(&what["claims"].to_string()).unwrap());
            }
            drive(Exchange::refresh(client, authentication, &grant), &tokens, case, write);
        }
        "session" => {
            let own = (client.clone(), authentication.clone());
            let keyless = what["keyless"] == true;
            let asking = move |kept: &str| {
                let lines: Vec<&str> = kept.split('\n').collect();
                let mut grant = Refresh::new(lines[0]).with_granted_scope(lines[2]);
                if let Some(claims) = lines.get(5).filter(|claims| !claims.is_empty()) {
                    grant = grant.claims(Claims::from_stored(claims)?);
                }
                let exchange = Exchange::refresh(&own.0, &own.1, &grant)?.digests_outside();
                Ok(if keyless { exchange } else { exchange.keys_outside() })
            };
            let renewal = SessionRenewal::new(&text("kept"), asking);
            let made = Ok(match what["shared"].as_str() {
                Some(name) => renewal.shared(name),
                None => renewal,
            });
            take_turns(made, &|said| json!(said), case, write);
        }
        "jwt_bearer" => {
            let grant = match what["assertion"].as_str() {
                Some(assertion) => JwtBearer::from_assertion(assertion),
                None => {
                    let rules = AssertionRules { typ: None, ..AssertionRules::default() };
                    JwtBearer::sign_with(key(), rules).subject(text("subject"))
                }
            };
            drive(Exchange::jwt_bearer(client, authentication, &grant.scope(text("scope"))), &tokens, case, write);
        }
        "token_exchange" => {
            let grant = TokenExchange::new(text("subjectToken")).scope(text("scope"));
            drive(Exchange::token_exchange(client, authentication, &grant), &tokens, case, write);
        }
        "device" => drive(Exchange::device_authorization(client, authentication, &DeviceRequest::new(text("scope"))), &device, case, write),
        "poll" => {
            let device = Device::poll(&text("deviceCode"), &text("scope"));
            drive(Exchange::device_poll(client, authentication, &device), &polled, case, write);
        }
        "introspection" => drive(Exchange::introspection(client, authentication, &token, hint()), &introspection, case, write),
        "revocation" => drive(Exchange::revocation(client, authentication, &token, hint()), &|()| json!(""), case, write),
        "login" => {
            let mut start = Start::new();
            if what["requestObject"] == true {
                start = start.object(RequestObject::new(key()));
            }
            if what["dpop"] == true {
                start = start.dpop(&key(), None);
            }
            let request = AuthorizationRequest::new(text("scope"));
            drive(Exchange::login(client, authentication, request, start, &[7; 96], NOW), &login, case, write);
        }
        "id_token" | "logout_token" => {
            let mut exchange = match &*text("machine") {
                "id_token" => Exchange::id_token(client, text("token")),
                _ => Exchange::logout_token(client, text("token")),
            };
            let rules = exchange.id_token_expectation();
            rules.nonce = what["nonce"].as_str().map(String::from);
            rules.access_token = what["accessToken"].as_str().map(Secret::new);
            drive(Ok(exchange), &claims, case, write);
        }
        "jarm" => {
            let callback = format!("https://rp.example/cb?response={}", text("response"));
            let made = Transaction::restore(&text("transaction")).and_then(|kept| kept.finish_jarm(client, Callback::Url(&callback), NOW));
            drive(made, &|code: AuthorizationCode| json!(&code.serialize().expose()["1 ".len()..]), case, write);
        }
        "userinfo" => {
            let kind = if what["tokenType"] == "DPoP" { TokenType::DPoP } else { TokenType::Bearer };
            let signed = (what["signed"] == true).then(|| {
                let mut rules = IdTokenRules::new("https://op.example", "client-1");
                rules.algorithms = vec![Algorithm::from_name("ES256").unwrap()];
                rules
            });
            let tokens = Tokens::bare(&text("token"), kind);
            let made = Exchange::userinfo(client, authentication, &tokens, Subject::Is(&text("subject")), signed);
            drive(made, &claims, case, write);
        }
        "api" => {
            let kind = if what["tokenType"] == "DPoP" { TokenType::DPoP } else { TokenType::Bearer };
            let request = Request { method: "GET", url: text("url"), headers: Vec::new(), body: None, repeatable: false };
            let made = Exchange::resource(client, &Tokens::bare(&text("token"), kind), &["https://api.example"], request);
            drive(made, &|_: Response| json!(""), case, write);
        }
        "metadata" => {
            let made = Discovery::new(&text("issuer"), Policy { profile: &text("profile"), ..Policy::default() });
            take_turns(made, &|found| serde_json::from_str(found.json()).unwrap(), case, write);
        }
        "resource" => {
            let made = Discovery::resource(&text("resource"), what["challenge"].as_str(), what["issuer"].as_str(), false);
            take_turns(made, &|found| serde_json::from_str(found.json()).unwrap(), case, write);
        }
        "keys" => {
            let show = |found: KeySet| json!(format!("{}\n{}\n{}", found.times.fetched, found.times.life, found.jwks));
            take_turns(Discovery::keys(&text("uri"), false), &show, case, write);
        }
        other if other.starts_with("selvbetjening_") => table_selvbetjening::play(case, write),
        other if other.starts_with("helseid_") => table_helseid::play(case, write),
        other => assert!(providers::play(case, write), "no machine {other}"),
    }
}

fn client(what: &Value) -> Registration {
    let op = |path: &str| Some(format!("https://op.example/{path}"));
    let mut profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    let endpoints = &mut profile.endpoints;
    if what["pushed"] == true {
        endpoints.pushed_authorization_request = op("par");
    }
    (endpoints.device_authorization, endpoints.userinfo) = (op("device"), op("userinfo"));
    (endpoints.introspection, endpoints.revocation) = (op("introspect"), op("revoke"));
    if what["encrypted"] == true {
        profile.requests.encryption = Some(Encryption::new(&["ECDH-ES"], &["A256GCM"]).unwrap());
    }
    profile.requests.signing_algorithms = vec!["ES256".into(), "EdDSA".into()];
    Registration::new(profile, "client-1", "https://rp.example/cb").unwrap()
}

pub(super) fn key() -> KeyInfo {
    KeyInfo::new(Algorithm::from_name("ES256").unwrap(), Jwk::parse(JWK).unwrap()).unwrap()
}

fn authentication(method: &str) -> ClientAuthentication {
    let secret = "correct horse";
    match method {
        "none" => ClientAuthentication::None,
        "client_secret_post" => ClientAuthentication::secret_post(secret),
        "client_secret_jwt" => ClientAuthentication::secret_jwt("correct horse battery staple, thrice over"),
        "private_key_jwt" => ClientAuthentication::private_key_jwt(key()),
        "tls_client_auth" => ClientAuthentication::Tls,
        _ => ClientAuthentication::secret_basic(secret),
    }
}

/// What a machine says, as the table has it.
pub(super) fn said<T>(step: &Step<T>, spends: Option<Spends<'_>>) -> Value {
    match step {
        Step::Send(request) => {
            let headers: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}: {}", value.expose())).collect();
            let mut send = json!({ "method": request.method, "url": request.url, "headers": headers, "repeatable": request.repeatable });
            if let Some(body) = &request.body {
                send["body"] = body.expose().into();
            }
            match spends {
                Some(Spends::Sent(name)) => send["spends"] = format!("s{name}").into(),
                Some(Spends::Answered(name)) => send["spends"] = format!("a{name}").into(),
                _ => {}
            }
            json!({ "send": send })
        }
        Step::Sign(request) => {
            let key = match request.key {
                KeyRole::Client => "client",
                KeyRole::Dpop => "dpop",
                KeyRole::Grant => "grant",
                KeyRole::Object => "object",
                _ => panic!("another key"),
            };
            let mut parts = request.input.split('.').map(|part| String::from_utf8(base64url_decode(part).unwrap()).unwrap());
            json!({ "sign": { "key": key, "header": parts.next(), "claims": parts.next() } })
        }
        Step::Find(request) => json!({ "find": {
            "alg": request.alg.name, "kid": request.kid, "input": request.input, "signature": base64url(&request.signature),
        } }),
        Step::Verify(request) => json!({ "verify": { "alg": request.alg.name, "input": request.input } }),
        Step::Decrypt(request) => json!({ "decrypt": { "header": request.header, "token": request.token.expose() } }),
        Step::Digest(hash, value) => json!({ "digest": { "hash": format!("{hash:?}"), "value": value.expose() } }),
        Step::Store(token) => json!({ "store": token.expose() }),
        Step::Load(Place::Shared(name)) => json!({ "load": name }),
        Step::Load(_) => json!({ "load": "" }),
        Step::Lock(name) => json!({ "lock": name }),
        Step::Keep(record) => json!({ "keep": { "ends": record.ends, "text": record.text.expose() } }),
        Step::Unlock => json!({ "unlock": "" }),
        Step::Adopt(text) => json!({ "adopt": text.expose() }),
        Step::Ask(text) => json!({ "ask": text.expose() }),
        Step::Call(call) => {
            let mut said = said::<()>(&Step::Send(call.request.clone()), None)["send"].take();
            said["key"] = call.key.as_str().into();
            json!({ "call": said })
        }
        Step::Token(request) => {
            json!({ "token": { "scope": request.scope.as_deref().unwrap_or(""), "refused": request.refused.as_ref().map(Secret::expose) } })
        }
        Step::Sleep(milliseconds) => json!({ "sleep": milliseconds }),
        _ => panic!("another step"),
    }
}

fn refused(error: &Error) -> Value {
    let mut shown = json!({
        "code": error.code(), "phase": error.phase().as_str(), "action": error.action().as_str(), "retryable": error.retryable(),
    });
    let oauth = error.oauth().map(|oauth| json!({ "error": oauth.error, "description": oauth.description }));
    for (name, value) in [
        ("expected", error.expected_value().map(Value::from)),
        ("actual", error.actual_value().map(Value::from)),
        ("oauth", oauth),
        ("provider", error.provider_code().map(Value::from)),
        ("status", error.status().map(Value::from)),
        ("retryAfter", error.retry_after().map(Value::from)),
    ] {
        if let Some(value) = value {
            shown[name] = value;
        }
    }
    json!({ "error": shown })
}

pub(super) fn given(give: &Value) -> Input {
    let (name, value) = give.as_object().and_then(|one| one.iter().next()).unwrap();
    match name.as_str() {
        "response" => Input::Response(response(value)),
        "signature" => Input::Signature(vec![1; value.as_u64().map_or(64, |octets| usize::try_from(octets).unwrap())]),
        "verdict" => Input::Verdict(value == true),
        "digest" => Input::Digest(base64url_decode(value.as_str().unwrap()).unwrap()),
        "plaintext" => Input::Plaintext(Secret::new(value.as_str().unwrap())),
        "stored" => Input::Stored,
        "loaded" => Input::Loaded(record(value)),
        "locked" => Input::Locked(record(value)),
        "held" => Input::Failed(Failure::Held),
        "unlocked" => Input::Unlocked,
        "adopted" => Input::Adopted,
        "answered" => Input::Answered(Secret::new(value.to_string())),
        "refused" => Input::Refused(table_selvbetjening::refused(value.as_str().unwrap())),
        "token" => Input::Token(Secret::new(value.as_str().unwrap())),
        "slept" => Input::Slept,
        "failed" => Input::Failed(Failure::from_name(value.as_str().unwrap(), 200).unwrap()),
        other => panic!("no input {other}"),
    }
}

fn record(value: &Value) -> Option<Record> {
    let text = Secret::new(value["text"].as_str()?);
    Some(Record { text, ends: NOW * 1000 + value["left"].as_u64().unwrap_or_default() })
}

fn response(value: &Value) -> Response {
    let header = |name: &str| value["headers"][name].as_str();
    let status = u16::try_from(value["status"].as_u64().unwrap()).unwrap();
    let body = value["body"].as_str().map_or_else(|| value["json"].to_string(), str::to_owned);
    let mut response = Response::new(status, Some(header("content-type").unwrap_or("application/json")), &body);
    response.retry_after = header("retry-after").map(String::from);
    response.dpop_nonce = header("dpop-nonce").map(String::from);
    response.www_authenticate = header("www-authenticate").map(String::from);
    response.cache_control = header("cache-control").map(String::from);
    response
}

/// Which kind of input answers which step.
const RIGHT: &[(&str, &str)] = &[
    ("send", "response"),
    ("sign", "signature"),
    ("find", "verdict"),
    ("digest", "digest"),
    ("decrypt", "plaintext"),
    ("store", "stored"),
    ("load", "loaded"),
    ("lock", "locked"),
    ("keep", "unlocked"),
    ("unlock", "unlocked"),
    ("adopt", "adopted"),
    ("call", "response"),
    ("ask", "answered"),
    ("token", "token"),
    ("sleep", "slept"),
];

/// Every kind of input that does not answer this step; where there is none left, all of them.
fn wrong(step: Option<&str>) -> impl Iterator<Item = Input> {
    let right = RIGHT.iter().find(|(name, _)| Some(*name) == step).map(|(_, kind)| *kind);
    RIGHT.iter().filter(move |(_, kind)| Some(*kind) != right).map(|(_, kind)| match *kind {
        "response" => Input::Response(Response::new(200, Some("application/json"), "{}")),
        "signature" => Input::Signature(vec![2; 64]),
        "verdict" => Input::Verdict(true),
        "digest" => Input::Digest(vec![3; 64]),
        "plaintext" => Input::Plaintext(Secret::new("e30.e30.AAAA")),
        "loaded" => Input::Loaded(None),
        "locked" => Input::Locked(None),
        "unlocked" => Input::Unlocked,
        "adopted" => Input::Adopted,
        "answered" => Input::Answered(Secret::new("{}")),
        "token" => Input::Token(Secret::new("other.token")),
        "slept" => Input::Slept,
        _ => Input::Stored,
    })
}

/// Writes a turn's step down, or compares it with the one that stands there.
fn compare(turn: &mut Value, step: Value, write: bool, at: &str) {
    if write {
        turn["step"] = step;
    } else {
        assert_eq!(turn["step"], step, "{at}");
    }
}

fn drive<T>(made: Made<T>, show: &dyn Fn(T) -> Value, case: &mut Value, write: bool) {
    let what = &case["what"];
    let (store, dpop) = (what["store"] == true, what["dpop"] == true);
    // A login is bound by its request.
    let bound = dpop && what["machine"] != "login";
    let made = made.map(|exchange| {
        let exchange = exchange.keys_outside().digests_outside();
        let exchange = if store { exchange.with_store() } else { exchange };
        if bound { exchange.dpop(&key(), None) } else { exchange }
    });
    take_turns(made, show, case, write);
}

pub(super) fn take_turns<M: Machine>(made: Result<M, Error>, show: &dyn Fn(M::Output) -> Value, case: &mut Value, write: bool) {
    if !case["fault"].is_null() {
        return suffer(made, show, case);
    }
    let id = case["id"].clone();
    let turns = case["turns"].as_array_mut().unwrap();
    let mut machine = match made {
        Ok(machine) => machine,
        Err(error) => {
            assert_eq!(turns.len(), 1, "{id}: not made");
            return compare(&mut turns[0], refused(&error), write, &id.to_string());
        }
    };
    let moment = Moment { now: NOW, random: &[7; 32] };
    let mut input = Input::Start;
    let count = turns.len();
    for (at, turn) in turns.iter_mut().enumerate() {
        let place = format!("{id}, turn {at}");
        let mut step = match machine.advance(input, &moment) {
            Ok(Step::Done(outcome)) => json!({ "done": show(outcome) }),
            Ok(step) => said(&step, machine.spends()),
            Err(error) => refused(&error),
        };
        if let Some(nonce) = machine.nonce() {
            step["nonce"] = nonce.into();
        }
        if machine.keeps() {
            step["keeps"] = true.into();
        }
        let name = step.as_object().and_then(|step| step.keys().find(|name| RIGHT.iter().any(|(step, _)| step == name)).cloned());
        compare(turn, step, write, &place);
        for other in wrong(name.as_deref()) {
            let kind = format!("{other:?}");
            let error = machine.advance(other, &moment).err().unwrap_or_else(|| panic!("{place}: {kind} was taken"));
            assert_eq!(error.code(), "transaction_used", "{place}: {kind}");
        }
        let last = at + 1 == count;
        assert_eq!(turn["give"].is_null(), last, "{place}: the last one alone is given nothing");
        input = if last { Input::Start } else { given(&turn["give"]) };
    }
}

pub(super) fn table() -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_machine_says_what_the_table_says_and_takes_nothing_out_of_turn() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    let mut table = table();
    let write = std::env::var_os("SAMTYKKE_WRITE_TABLE").is_some();
    let mut machines = std::collections::BTreeSet::new();
    for case in table["cases"].as_array_mut().unwrap() {
        play(case, write);
        machines.insert(case["what"]["machine"].as_str().unwrap().to_owned());
    }
    let all = table["machines"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    assert_eq!(machines, all, "a machine without a case");
    if write {
        std::fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&table).unwrap())).unwrap();
    }
}
