//! Every published case of callbacks, token responses and authorization requests gets the verdict it names.

use serde_json::Value;

use crate::verdict;

fn file(kind: &str) -> Value {
    let path = format!("{}/tests/vectors/oauth/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The verdict a case asks for. Cases the standards leave open are decided as the project's policy says.
fn expected(case: &Value) -> &str {
    match (case["expect"].as_str().unwrap(), case["id"].as_str().unwrap()) {
        // The byte order mark is ignored; localhost is a loopback name; a wider scope is shown beside the asked one.
        ("policy", "TR047" | "TR068" | "AR023") => "accept",
        // No PKCE announced: S256 is sent all the same; other origins are legal. Private addresses are refused in any spelling.
        ("policy", "DM037" | "DM040") => "accept",
        ("policy", "DM041" | "DM050") => "reject",
        // 200 in place of 201 is taken; a text in place of a number is not.
        ("policy", "PA002") => "accept",
        ("policy", "PA010") => "reject",
        // Odd commas, token68 and obs-text are read; a parameter twice, or over 16 kB, is not.
        ("policy", "WA014" | "WA029" | "WA049") => "accept",
        ("policy", "WA015" | "WA050" | "WA051") => "reject",
        // An audience that is not trusted; issued a week ago.
        ("policy", "ID004" | "ID040") => "reject",
        ("keeps tenant=1" | "encoded" | "two resource params" | "https://rs.example/r", _) => "accept",
        (verdict, _) => verdict,
    }
}

fn check(kind: &str, cases: usize, undecided: &[&str]) {
    let file = file(kind);
    let mut left = Vec::new();
    let all = file["cases"].as_array().unwrap();
    assert_eq!(all.len(), cases, "{kind}");
    for case in all {
        let id = case["id"].as_str().unwrap();
        match verdict::decide(kind, &file, case) {
            Ok(found) => assert_eq!(found.verdict, expected(case), "{id} {}: {}", case["why"], found.detail),
            Err(_) => left.push(id),
        }
    }
    assert_eq!(left, undecided);
}

#[test]
fn callbacks() {
    check("callback", 54, &[]);
}

#[test]
fn nonces_of_proofs() {
    check("dpop_nonce", 15, &[]);
}

#[test]
fn token_responses() {
    check("token_response", 65, &[]);
}

#[test]
fn authorization_requests() {
    check("authorization_request", 40, &[]);
}

#[test]
fn metadata() {
    check("metadata", 34, &[]);
}

#[test]
fn pushed_requests() {
    check("par_response", 17, &[]);
}

#[test]
fn userinfo() {
    check("userinfo", 12, &[]);
}

#[test]
fn challenges() {
    check("www_authenticate", 52, &[]);
    // What was read is what the cases say, member by member.
    let file = file("www_authenticate");
    for case in file["cases"].as_array().unwrap().iter().filter(|case| !case["challenges"].is_null()) {
        let found = verdict::decide("www_authenticate", &file, case).ok().unwrap();
        let found: Value = serde_json::from_str(&found.detail).unwrap();
        assert_eq!(found, case["challenges"], "{}", case["id"]);
    }
}

#[test]
fn key_choices() {
    check("jwks", 18, &[]);
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn id_tokens() {
    check("id_token", 84, &[]);
}

fn detail(kind: &str, id: &str) -> String {
    let file = file(kind);
    let case = file["cases"].as_array().unwrap().iter().find(|case| case["id"] == id).unwrap();
    verdict::decide(kind, &file, case).ok().unwrap().detail
}

#[test]
fn accepted_requests_look_as_the_cases_say() {
    let common = "redirect_uri=https%3A%2F%2Frp.example%2Fcb&code_challenge=…&code_challenge_method=S256";
    let url = detail("authorization_request", "AR001");
    let expected =
        format!("https://op.example/authorize?tenant=1&client_id=client-1&response_type=code&scope=openid&state=…&{common}&nonce=…");
    assert_eq!(url, expected);
    let url = detail("authorization_request", "AR008");
    assert_eq!(url, format!("https://op.example/authorize?client_id=client-1&response_type=code&scope=a%26b%3Dc&state=…&{common}"));
    let url = detail("authorization_request", "AR041");
    assert!(url.ends_with("&nonce=…&resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example"), "{url}");
    assert!(detail("authorization_request", "AR034").ends_with("&max_age=0"));
    assert_eq!(detail("authorization_request", "AR055"), "https://rs.example/r");
}

#[test]
fn refusals_carry_the_code_of_their_reason() {
    for (id, code) in [
        ("CB005", "a+b/c=="),
        ("CB008", "state_mismatch"),
        ("CB010", "state_missing"),
        ("CB016", "callback_duplicate_parameter"),
        ("CB022", "code_missing"),
        ("CB025", "access_denied"),
        ("CB028", "state_mismatch"),
        ("CB029", "callback_malformed"),
        ("CB035", "callback_too_large"),
        ("CB037", "issuer_mismatch"),
        ("CB044", "issuer_mismatch"),
        ("CB046", "callback_duplicate_parameter"),
        ("CB047", "issuer_missing"),
        ("CB049", "callback_unexpected_parameter"),
        ("CB052", "state_missing"),
        ("CB055", "callback_too_large"),
        ("CB056", "callback_too_large"),
        ("CB058", "callback_malformed"),
        ("CB059", "code_malformed"),
        ("CB062", "callback_duplicate_parameter"),
        ("CB068", "callback_wrong_redirect_uri"),
        ("CB070", "callback_wrong_redirect_uri"),
        ("CB074", "callback_unexpected_parameter"),
        ("CB077", "transaction_used"),
        ("CB079", "transaction_mismatch"),
        ("CB080", "transaction_missing"),
    ] {
        assert_eq!(detail("callback", id), code, "{id}");
    }
    for (id, code) in [
        ("TR005", "DPoP"),
        ("TR004", "Bearer"),
        ("TR041", "token_type_unexpected"),
        ("TR055", "id_token_missing"),
        ("TR062", "content_type_unexpected"),
        ("TR064", "content_type_unexpected"),
        ("TR071", "token_response_too_large"),
        ("TR073", "invalid_grant"),
        ("TR085", "http_status_unexpected"),
        ("TR088", "redirect_refused"),
        ("TR091", "temporarily_unavailable"),
    ] {
        assert_eq!(detail("token_response", id), code, "{id}");
    }
    for (id, code) in [
        ("AR002", "invalid_configuration"),
        ("AR004", "reserved_parameter"),
        ("AR010", "invalid_parameter"),
        ("AR017", "invalid_parameter"),
        ("AR019", "reserved_parameter"),
        ("AR020", "reserved_parameter"),
        ("AR026", "invalid_configuration"),
        ("AR038", "invalid_parameter"),
        ("AR046", "invalid_configuration"),
        ("AR047", "secret_in_browser"),
        ("AR043", "reserved_parameter"),
        ("AR044", "transaction_used"),
        ("AR049", "reserved_parameter"),
        ("AR050", "invalid_configuration"),
        ("AR052", "key_refused"),
        ("AR053", "key_refused"),
        ("AR056", "reserved_parameter"),
        ("AR058", "resource_refused"),
        ("AR059", "resource_refused"),
    ] {
        assert_eq!(detail("authorization_request", id), code, "{id}");
    }
}

#[test]
fn a_wider_scope_is_shown_beside_the_one_asked_for() {
    let file = file("token_response");
    let case = file["cases"].as_array().unwrap().iter().find(|case| case["id"] == "TR047").unwrap();
    let (response, expectation) = verdict::token_answer(case);
    let tokens = samtykke::Tokens::judge(&response, &expectation).unwrap();
    assert_eq!((tokens.scope.as_deref(), &*tokens.requested_scope), (Some("admin"), "read"));
}

#[test]
fn harmful_texts_of_errors_are_made_harmless() {
    let judge = |body| {
        let response = samtykke::Response::new(400, Some("application/json"), body);
        samtykke::Tokens::judge(&response, &Default::default()).unwrap_err().oauth().unwrap().clone()
    };
    let oauth = judge(r#"{"error":"x","error_description":"a\u0007b\u202e","error_uri":"javascript:alert(1)"}"#);
    assert_eq!((oauth.description.as_deref(), oauth.uri), (Some("a\u{fffd}b\u{fffd}"), None));
    let oauth = judge(r#"{"error":"x","error_description":"","error_uri":"https://op.example/e"}"#);
    assert_eq!((oauth.description, oauth.uri.as_deref()), (None, Some("https://op.example/e")));
}

#[test]
fn pkce_of_rfc_7636_appendix_b() {
    let path = format!("{}/tests/vectors/rfc/rfc7636_appendix_b.json", env!("CARGO_MANIFEST_DIR"));
    let vector: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let octets: Vec<u8> = vector["random_octets"].as_array().unwrap().iter().map(|octet| octet.as_u64().unwrap() as u8).collect();
    let verifier = samtykke::protocol::authorization::pkce::Verifier::from_random(&octets);
    assert_eq!(verifier.expose(), vector["code_verifier"]);
    assert_eq!(verifier.challenge(), vector["code_challenge"].as_str().unwrap());
}
