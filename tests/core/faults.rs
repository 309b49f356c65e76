//! Faults at each step of each machine, generated from tests/machines/table.json: its runs are played up to each step, which then
//! meets each fault of its kind once. tests/js/injected.mjs does the same to the package's driver.
//!
//! Nothing that was won is lost, and every run ends: RFC 9700 section 4.14.2 (rotation), RFC 6749 section 4.1.2 (a code once).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use samtykke::flow::machine::{Failure, Input, Machine, Moment};
use samtykke::jose::Encryption;
use samtykke::provider::altinn::{Environment, Issuer, TokenExchange};
use samtykke::{AuthorizationCode, ClientAuthentication, Error, Exchange, Profile, Registration, Secret, Step};
use serde_json::{Value, json};

use crate::encode::base64url;
use crate::table::{NOW, given, play, said, table};
use crate::table_selvbetjening::refused;
use crate::table_shown::tokens;

/// What can go wrong with a step, by its name in the table. `twice` and `elsewhere` are answers that nobody asked for.
const FAULTS: &[(&str, &[&str])] = &[
    ("send", &["not sent", "cut at the head", "stalled head", "stalled body", "cut body", "aborted", "twice", "elsewhere"]),
    ("sign", &["throws", "never settles", "aborted", "too short", "twice", "elsewhere"]),
    ("find", &["throws", "never settles", "aborted", "wrong", "twice", "elsewhere"]),
    ("verify", &["throws", "never settles", "wrong", "twice", "elsewhere"]),
    ("digest", &["throws", "never settles", "twice", "elsewhere"]),
    ("decrypt", &["throws", "never settles", "aborted", "twice", "elsewhere"]),
    ("store", &["down", "slow", "twice", "elsewhere"]),
    ("load", &["no answer", "aborted", "twice", "elsewhere"]),
    ("lock", &["no answer", "held by others", "held for a while", "aborted", "twice", "elsewhere"]),
    ("keep", &["no answer", "twice", "elsewhere"]),
    ("unlock", &["no answer", "twice", "elsewhere"]),
    ("adopt", &["twice", "elsewhere"]),
    ("call", &["not sent", "stalled head", "aborted", "no token", "twice", "elsewhere"]),
    ("ask", &["no answer", "never settles", "twice", "elsewhere"]),
    ("token", &["no answer", "never settles", "aborted", "twice", "elsewhere"]),
    ("sleep", &["aborted", "twice", "elsewhere"]),
];

/// Steps on which a store does some work.
const STORES: &[&str] = &["store", "load", "lock", "keep", "unlock", "ask", "token"];

/// Machines that repeat a request by themselves, by how their names begin.
const REPEATING: &[&str] = &["norskgjeld_", "maskinporten_"];

/// Steps after which a run must be over, whatever it met.
const MOST_STEPS: usize = 24;

/// What a fault is to a machine. `status`: that of the answer which the run without it has.
fn fault(step: &str, name: &str, status: u16) -> Input {
    Input::Failed(match (step, name) {
        ("send" | "call", "not sent" | "cut at the head") | ("find" | "verify" | "digest", "throws") => Failure::Network,
        ("send" | "call", "stalled head") | (_, "never settles") | ("store", "slow") | ("lock", "held by others") => Failure::Timeout,
        ("send", "stalled body") => Failure::Stalled(status),
        ("send", "cut body") => Failure::Cut(status),
        ("lock", "held for a while") => Failure::Held,
        (_, "aborted") => Failure::Aborted,
        ("sign", "throws") => Failure::Signer,
        ("decrypt", "throws") => Failure::Decrypter,
        ("store", "down") | ("load" | "lock" | "keep" | "unlock" | "ask" | "token", "no answer") => Failure::Store,
        ("call", "no token") => return Input::Refused(refused("invalid_client")),
        ("sign", "too short") => return Input::Signature(vec![1]),
        ("find" | "verify", "wrong") => return Input::Verdict(false),
        _ => panic!("no fault {name} of {step}"),
    })
}

/// A failure that no work on this step can end with.
fn elsewhere(step: &str) -> Failure {
    if STORES.contains(&step) { Failure::Signer } else { Failure::Store }
}

/// What a request spends, by what is in its form.
fn spending(body: Option<&str>) -> Option<String> {
    let pairs = form_urlencoded::parse(body?.as_bytes());
    pairs.into_owned().find(|(name, _)| name == "code" || name == "refresh_token").map(|(name, value)| format!("{name} {value}"))
}

/// What the server of a run has seen, and what it gave.
#[derive(Default)]
struct Server {
    /// Sent, and answered by something else than the demand for a nonce.
    seen: BTreeSet<String>,
    newest: Option<String>,
    stored: Option<String>,
    /// A success that cannot be asked for again.
    once: bool,
    /// A store's lock that was taken and not given back.
    locked: bool,
}

impl Server {
    /// A request arrives; one that is spent must not.
    fn takes(&mut self, step: &Value, answer: &Value, place: &str) {
        let Some(spends) = spending(step["send"]["body"].as_str()) else { return };
        let challenged = answer["response"]["json"]["error"] == "use_dpop_nonce";
        assert!(!self.seen.contains(&spends), "{place}: {spends} seen twice");
        if !challenged {
            self.seen.insert(spends);
        }
    }

    /// An answer arrives whole.
    fn gives(&mut self, step: &Value, answer: &Value) {
        let response = &answer["response"];
        self.once |= response["status"] == 200 && spending(step["send"]["body"].as_str()).is_some();
        if response["status"] == 200
            && let Some(token) = response["json"]["refresh_token"].as_str().or(response["json"]["clientId"].as_str())
        {
            self.newest = Some(token.into());
        }
    }
}

/// Plays a run whose turn `case["fault"]["turn"]` meets a fault, and judges how it ends.
pub(super) fn suffer<M: Machine>(made: Result<M, Error>, show: &dyn Fn(M::Output) -> Value, case: &mut Value) {
    let (at, name) = (usize::try_from(case["fault"]["turn"].as_u64().unwrap()).unwrap(), case["fault"]["name"].as_str().unwrap());
    let turns = case["turns"].as_array().unwrap();
    let place = format!("{}, turn {at}, {name}", case["id"]);
    let mut machine = made.unwrap();
    let moment = Moment { now: NOW, random: &[7; 32] };
    let mut server = Server::default();
    // What nobody asked for changes nothing.
    let unhurt = ["twice", "elsewhere"].contains(&name);
    let mut input = Input::Start;
    for count in 0.. {
        assert!(count < MOST_STEPS, "{place}: no end");
        let step = match machine.advance(input, &moment) {
            Ok(Step::Done(outcome)) => {
                let shown = show(outcome);
                // What the machine was told to have stored is stored; else its caller has it.
                assert!(!unhurt || !turns.last().unwrap()["step"]["done"].is_null(), "{place}");
                assert!(
                    server.newest.is_none() || server.newest == server.stored || shown["refreshToken"].as_str() == server.newest.as_deref(),
                    "{place}"
                );
                break;
            }
            Ok(step) => said(&step, machine.spends()),
            Err(error) => {
                assert!(!unhurt || turns.last().unwrap()["step"]["error"]["code"] == error.code(), "{place}: {error}");
                ended(&error, &server, case, at, name, &place);
                break;
            }
        };
        let token = step["store"].as_str().and_then(|text| won(case["what"]["machine"].as_str().unwrap(), text));
        if step["store"].is_string() {
            assert_eq!(token, server.newest, "{place}");
        }
        let kind = step.as_object().unwrap().keys().next().unwrap().clone();
        let same = turns.get(count).filter(|turn| !turn["step"][&*kind].is_null());
        let answer = same.map_or_else(|| fair(&kind, turns, at), |turn| turn["give"].clone());
        if count == at && !unhurt {
            // One that is given back in vain ends by itself.
            server.locked &= !["keep", "unlock"].contains(&&*kind);
            if kind == "send" && name != "not sent" {
                server.takes(&step, &answer, &place);
            }
            let status = u16::try_from(answer["response"]["status"].as_u64().unwrap_or(200)).unwrap();
            input = fault(&kind, name, status);
            continue;
        }
        if count == at && name == "elsewhere" {
            unasked(&mut machine, Input::Failed(elsewhere(&kind)), &moment, &place);
        }
        if kind == "send" {
            server.takes(&step, &answer, &place);
            server.gives(&step, &answer);
        }
        server.locked = (kind == "lock" && answer["failed"].is_null() && answer["held"].is_null())
            || server.locked && !["keep", "unlock"].contains(&&*kind);
        if kind == "store" && answer["stored"] == true {
            server.stored = token;
        }
        // A failure may be this step's own trouble too.
        let own = STORES.contains(&&*kind) && ["network", "store"].iter().any(|failed| turns[at]["give"]["failed"] == **failed);
        if count == at + 1 && name == "twice" && turns[at]["step"][&*kind].is_null() && !own {
            unasked(&mut machine, given(&turns[at]["give"]), &moment, &place);
        }
        input = given(&answer);
    }
    assert!(!server.locked, "{place}: the lock is kept");
    // What comes late is for nobody.
    unasked(&mut machine, Input::Failed(Failure::Network), &moment, &place);
    unasked(&mut machine, Input::Start, &moment, &place);
}

/// What nobody gives a second time, in what is stored: a refresh token, itself or in a session's text; a draft's client id.
fn won(machine: &str, text: &str) -> Option<String> {
    let kept = serde_json::from_str::<Value>(text).unwrap_or_default();
    let found = |name: &str| kept[name].as_str().map(String::from);
    match machine {
        "selvbetjening_draft" => found("clientId"),
        other if other.starts_with("selvbetjening_") => None,
        _ => found("refreshToken").or_else(|| Some(text.into())),
    }
}

/// An answer to a step that a run without the fault does not have, or has later.
fn fair(kind: &str, turns: &[Value], after: usize) -> Value {
    let mut later = turns.iter().skip(after).map(|turn| &turn["give"]);
    match kind {
        "send" => later
            .rfind(|give| give["response"].is_object())
            .cloned()
            .unwrap_or_else(|| json!({ "response": { "status": 503, "json": {} } })),
        "sign" => json!({ "signature": true }),
        "find" | "verify" => json!({ "verdict": true }),
        "store" => json!({ "stored": true }),
        "load" => json!({ "loaded": null }),
        "lock" => json!({ "locked": null }),
        "keep" | "unlock" => json!({ "unlocked": true }),
        "adopt" => json!({ "adopted": true }),
        "call" => json!({ "response": { "status": 200, "json": [] } }),
        "token" => json!({ "token": "other.token" }),
        "sleep" => json!({ "slept": true }),
        "ask" => json!({ "answered": {} }),
        _ => panic!("nothing fair for {kind}"),
    }
}

fn unasked<M: Machine>(machine: &mut M, input: Input, moment: &Moment<'_>, place: &str) {
    let kind = format!("{input:?}");
    let error = machine.advance(input, moment).err().unwrap_or_else(|| panic!("{place}: {kind} was taken"));
    assert_eq!(error.code(), "transaction_used", "{place}: {kind}");
}

/// What holds of every error that a fault leads to.
fn ended(error: &Error, server: &Server, case: &Value, at: usize, name: &str, place: &str) {
    let text = format!("{error} {error:?}");
    for secret in ["correct horse", "correct-horse", "at-1"].into_iter().chain(server.newest.as_deref()) {
        assert!(!text.contains(secret), "{place}: {text}");
    }
    // The newest refresh token that came, or the client id, is in the store or on the error.
    if let Some(newest) = server.newest.as_deref().filter(|newest| server.stored.as_deref() != Some(newest)) {
        assert!(error.raw().is_some_and(|raw| raw.expose().contains(newest)), "{place}: {newest} is lost");
    }
    assert!(error.raw().is_some() || !server.once, "{place}: an answer is lost");
    let turn = &case["turns"][at];
    if let Some(spends) = turn["step"]["send"]["spends"].as_str() {
        let begun = ["stalled body", "cut body"].contains(&name) && turn["give"]["response"]["status"] == 200;
        let sent = spends.starts_with('s') && ["not sent", "cut at the head", "stalled head"].contains(&name);
        // What is spent and brought nothing: the person begins anew.
        if begun || sent {
            assert_eq!((error.action().as_str(), error.retryable()), ("restart", false), "{place}: {error}");
        }
    }
    let machine = case["what"]["machine"].as_str().unwrap();
    let code = match name {
        "not sent" | "cut at the head" | "cut body" => "network_error",
        "stalled head" | "stalled body" | "never settles" | "slow" | "held by others" => "timeout",
        "aborted" => "aborted",
        "down" => "store_failed",
        _ => return,
    };
    // The first of two places that are asked may have said something of its own.
    let asked = case["turns"].as_array().unwrap()[..at].iter().any(|turn| turn["step"]["send"].is_object());
    // A registration whose answer is lost goes on, and ends by what it hears next; what is repeated meets what comes then.
    let again = turn["step"]["send"].is_object() && REPEATING.iter().any(|name| machine.starts_with(name));
    let others = asked && machine == "metadata" || machine == "selvbetjening_rotate";
    assert!(error.code() == code || again || others, "{place}: {error}");
}

#[test]
fn every_machine_ends_and_loses_nothing_whatever_fails_at_whichever_step() {
    let began = Instant::now();
    let table = table();
    let others = others(&table);
    let mut points = BTreeMap::<&str, usize>::new();
    let mut runs = BTreeSet::new();
    for (case, own) in table["cases"].as_array().unwrap().iter().map(|case| (case, false)).chain(others.iter().map(|case| (case, true))) {
        let machine = case["what"]["machine"].as_str().unwrap();
        let turns = case["turns"].as_array().unwrap();
        for (at, turn) in turns.iter().enumerate().filter(|(_, turn)| !turn["give"].is_null()) {
            runs.insert((machine, !turns.last().unwrap()["step"]["done"].is_null()));
            let kind = turn["step"].as_object().unwrap().keys().find(|kind| !["nonce", "keeps"].contains(&kind.as_str())).unwrap();
            let faults = FAULTS.iter().find(|(step, _)| step == kind).unwrap_or_else(|| panic!("no faults of {kind}")).1;
            for name in faults {
                let mut faulty = case.clone();
                faulty["fault"] = json!({ "turn": at, "name": name });
                if own {
                    play_other(&mut faulty)
                } else {
                    play(&mut faulty, false)
                }
                *points.entry(machine).or_default() += 1;
            }
        }
    }
    let machines = table["machines"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    for machine in machines.chain(["altinn", "a code by itself"]) {
        assert!(points.contains_key(machine), "no faults for {machine}");
        assert!(runs.contains(&(machine, true)) && runs.contains(&(machine, false)), "a good and a refused run of {machine}");
    }
    let (machines, total) = (points.len(), points.values().sum::<usize>());
    println!("faults injected natively: {machines} machines, {total} points, {:.1} s", began.elapsed().as_secs_f64());
}

/// Types that are driven: the table's machines are made of these.
const TYPES: &[&str] = &[
    "Abandon",
    "ApiCall",
    "Discovery",
    "Drafting",
    "Exchange",
    "FeedCall",
    "KeyEditCall",
    "Rotation",
    "Session",
    "SessionRenewal",
    "TokenCall",
    "Update",
    "UpdateCall",
    "Wait",
];

/// Runs that the package's shell does not drive, a good and a refused one of each: Altinn's exchange, and a code whose id_token comes
/// encrypted and is verified by a key that the machine has fetched itself.
fn others(table: &Value) -> Vec<Value> {
    let altinn = |id: &str, response: Value, last: &str| {
        json!({ "id": id, "what": { "machine": "altinn" }, "turns": [
            { "step": { "send": {} }, "give": { "response": response } },
            { "step": { last: { "code": "token_invalid" } } },
        ] })
    };
    let code = table["cases"].as_array().unwrap().iter().find(|case| case["id"] == "code with an id_token").unwrap();
    let [answered, ..] = code["turns"].as_array().unwrap().as_slice() else { panic!("no turns") };
    let mut sealed = answered.clone();
    let id_token = sealed["give"]["response"]["json"]["id_token"].take();
    sealed["give"]["response"]["json"]["id_token"] =
        format!("{}.AAAA.AAAA.AAAA.AAAA", base64url(br#"{"alg":"ECDH-ES","enc":"A256GCM"}"#)).into();
    let inside = |id: &str, right: bool, last: &str| {
        json!({ "id": id, "what": { "machine": "a code by itself", "code": code["what"]["code"] }, "turns": [
            sealed,
            { "step": { "decrypt": {} }, "give": { "plaintext": id_token } },
            { "step": { "send": {} }, "give": { "response": { "status": 200, "json": table["jwks"] } } },
            { "step": { "verify": {} }, "give": { "verdict": right } },
            { "step": { last: { "code": "signature_invalid" } } },
        ] })
    };
    vec![
        altinn("Altinn's token", json!({ "status": 200, "body": "eyJh.e30.c2ln", "headers": { "content-type": "text/plain" } }), "done"),
        altinn("Altinn's token, refused", json!({ "status": 401, "body": "" }), "error"),
        inside("a code, its keys fetched", true, "done"),
        inside("a code, by another key", false, "error"),
    ]
}

/// Plays one of [`others`].
fn play_other(case: &mut Value) {
    if case["what"]["machine"] == "altinn" {
        let made = TokenExchange::new(&Environment::tt02(), Issuer::Maskinporten, &Secret::new("x.y.z"));
        return suffer(made, &|found| json!({ "accessToken": found.token.expose() }), case);
    }
    let mut profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    profile.endpoints.jwks_uri = Some("https://op.example/jwks".into());
    profile.requests.signing_algorithms = vec!["ES256".into()];
    profile.requests.encryption = Some(Encryption::new(&["ECDH-ES"], &["A256GCM"]).unwrap());
    let client = Registration::new(profile, "client-1", "https://rp.example/cb").unwrap();
    let code = AuthorizationCode::restore(case["what"]["code"].as_str().unwrap()).unwrap();
    let made = Exchange::authorization_code(&client, &ClientAuthentication::secret_basic("correct horse"), code);
    suffer(made, &tokens, case);
}

#[test]
fn every_type_that_is_driven_is_one_that_faults_are_injected_into() {
    let mut found = BTreeSet::new();
    driven(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    // Of the package's wasm: another machine inside, and the page's own exchange, which tests/js/exchange.test.mjs sees to.
    for wrapped in ["Asking", "Outcome", "Page", "Public", "Told"] {
        found.remove(wrapped);
    }
    let known = TYPES.iter().chain(&["TokenExchange"]).map(|name| String::from(*name)).collect();
    assert_eq!(found, known, "a machine without a generated list");
}

fn driven(folder: &std::path::Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            driven(&path, found);
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines().filter(|line| line.starts_with("impl")) {
            let Some((_, of)) = line.split_once(" Machine for ") else { continue };
            found.insert(of.split(['<', ' ']).next().unwrap().into());
        }
    }
}
