//! What is signed, and what is asked for: assertions, request objects, targets, refresh, exchange, devices, nonces, keys.
//! Deleting the check fails the test; the numbers are those of the project's checklist.

use crate::by_hand::by_hand;
use crate::encode::{base64url, base64url_decode};
use samtykke::flow::device::{Device, DeviceRequest, Polled};
use samtykke::flow::login::Start;
use samtykke::jose::{Algorithm, Jwk, KeyInfo, der, hmac};
use samtykke::protocol::authorization::jar::RequestObject;
use samtykke::protocol::dpop::{Nonces, Server};
use samtykke::protocol::grant::{JwtBearer, Refresh, Target, TokenExchange};
use samtykke::protocol::profile::{AssertionRules, Presence};
use samtykke::protocol::token::TokenType;
use samtykke::{
    AuthorizationRequest, ClientAuthentication, ClientCredentials, Error, Exchange, Registration, Request, Response, Step, Tokens,
};
use serde_json::{Value, json};

use crate::flow::{ISSUER, NOW, REDIRECT_URI, profile, random, refused};

fn key() -> KeyInfo {
    let jwk =
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    KeyInfo::new(Algorithm::from_name("ES256").unwrap(), Jwk::parse(jwk).unwrap()).unwrap()
}

fn client() -> Registration {
    let mut profile = profile();
    profile.endpoints.pushed_authorization_request = Some("https://op.example/par".into());
    profile.endpoints.device_authorization = Some("https://op.example/device".into());
    Registration::new(profile, "client-1", REDIRECT_URI).unwrap()
}

fn answer(status: u16, body: &str) -> Response {
    Response::new(status, Some("application/json"), body)
}

const TOKENS: &str = r#"{"access_token":"tok","token_type":"Bearer"}"#;

/// Plays a machine against these answers; signatures are all ones. What went out, and the outcome.
fn play<T>(exchange: Exchange<T>, answers: &[Response]) -> (Vec<Request>, Result<T, Error>) {
    let mut exchange = by_hand(exchange);
    let (mut sent, mut left) = (Vec::new(), answers.iter());
    loop {
        match exchange.step(&[7; 32], NOW) {
            Err(error) => return (sent, Err(error)),
            Ok(Step::Sign(_)) => exchange.accept_signature(&[1; 64]),
            Ok(Step::Send(request)) => {
                sent.push(request);
                exchange.receive(left.next().expect("a request too many").clone());
            }
            Ok(Step::Done(outcome)) => return (sent, Ok(outcome)),
            Ok(_) => panic!("nothing is verified here"),
        }
    }
}

fn form(request: &Request) -> Vec<(String, String)> {
    form_urlencoded::parse(request.body.as_ref().unwrap().expose().as_bytes()).into_owned().collect()
}

fn value(request: &Request, name: &str) -> Option<String> {
    form(request).into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
}

/// Header and claims of a JWT.
fn parts(jwt: &str) -> [Value; 2] {
    let mut pieces = jwt.split('.').map(|part| serde_json::from_slice(&base64url_decode(part).unwrap()).unwrap_or(Value::Null));
    [pieces.next().unwrap(), pieces.next().unwrap()]
}

fn asserted(rules: AssertionRules) -> Result<[Value; 2], Error> {
    let authentication = ClientAuthentication::private_key_jwt_with(key(), rules);
    let (sent, outcome) =
        play(Exchange::client_credentials(&client(), &authentication, &ClientCredentials::new("read"))?, &[answer(200, TOKENS)]);
    assert_eq!(outcome.is_ok(), sent.len() == 1, "what is refused was not sent");
    outcome.map(|_| parts(&value(&sent[0], "client_assertion").unwrap()))
}

#[test]
fn n093_n097_assertions_as_the_provider_takes_them() {
    let usual = AssertionRules::default;
    let [header, claims] = asserted(usual()).unwrap();
    assert_eq!(header, json!({ "alg": "ES256", "typ": "JWT" }));
    let expected = json!({ "iss": "client-1", "sub": "client-1", "aud": ISSUER, "jti": claims["jti"], "iat": NOW, "exp": NOW + 60 });
    assert_eq!(claims, expected);
    asserted(AssertionRules { algorithms: vec!["PS256".into(), "ES256".into()], ..usual() }).unwrap();
    let claim = |name: &str, json: &str| AssertionRules { claims: vec![(name.into(), json.into())], ..usual() };
    assert_eq!(asserted(claim("more", "[1]")).unwrap()[1]["more"], json!([1]));
    for (rules, code) in [
        (AssertionRules { algorithms: vec!["RS256".into()], ..usual() }, "invalid_configuration"),
        (AssertionRules { lifetime: 0, ..usual() }, "invalid_configuration"),
        (AssertionRules { lifetime: 601, ..usual() }, "invalid_configuration"),
        (AssertionRules { kid: Presence::Always, ..usual() }, "invalid_configuration"),
        (AssertionRules { x5t: Presence::Always, ..usual() }, "invalid_configuration"),
        (AssertionRules { x5t_s256: Presence::Always, ..usual() }, "invalid_configuration"),
        (AssertionRules { x5c: Presence::Always, ..usual() }, "invalid_configuration"),
        (AssertionRules { audience: samtykke::protocol::profile::Audience::Literal(String::new()), ..usual() }, "invalid_configuration"),
        (claim("aud", "\"x\""), "reserved_parameter"),
        (claim("jti", "\"x\""), "reserved_parameter"),
        (claim("nbf", "1"), "reserved_parameter"),
        (claim("more", "{"), "invalid_parameter"),
    ] {
        refused(asserted(rules), code);
    }
}

fn object_login(object: RequestObject, request: AuthorizationRequest) -> Result<(Request, String), Error> {
    let start = Start::new().object(object);
    let exchange = Exchange::login(&client(), &ClientAuthentication::private_key_jwt(key()), request, start, &random(), NOW)?;
    let (mut sent, outcome) = play(exchange, &[answer(201, r#"{"request_uri":"urn:x:1","expires_in":60}"#)]);
    outcome.map(|login| (sent.remove(0), login.url))
}

#[test]
fn n022_n023_n024_request_objects_hold_all_and_no_more() {
    let request = || AuthorizationRequest::new("read").parameter("resource", "https://a.example").parameter("max_age", "60");
    let (sent, url) = object_login(RequestObject::new(key()), request().parameter("resource", "https://b.example")).unwrap();
    assert_eq!(url, "https://op.example/authorize?client_id=client-1&request_uri=urn%3Ax%3A1");
    let names: Vec<String> = form(&sent).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["client_id", "request", "client_assertion_type", "client_assertion"]);
    let [header, claims] = parts(&value(&sent, "request").unwrap());
    assert_eq!(header, json!({ "alg": "ES256", "typ": "oauth-authz-req+jwt" }));
    assert_eq!((&claims["iss"], &claims["aud"], &claims["client_id"]), (&json!("client-1"), &json!(ISSUER), &json!("client-1")));
    assert_eq!((&claims["nbf"], &claims["exp"], &claims["max_age"]), (&json!(NOW), &json!(NOW + 60), &json!(60)));
    assert_eq!(claims["resource"], json!(["https://a.example", "https://b.example"]));
    assert!(claims.get("sub").is_none() && claims.get("request").is_none() && claims["code_challenge"].is_string());
    let third = request().parameter("resource", "https://b.example").parameter("resource", "https://c.example");
    let (sent, _) = object_login(RequestObject::new(key()), third).unwrap();
    assert_eq!(parts(&value(&sent, "request").unwrap())[1]["resource"].as_array().unwrap().len(), 3);
    for name in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "request", "request_uri", "state", "scope"] {
        refused(object_login(RequestObject::new(key()).claim(name, "\"x\""), request()), "reserved_parameter");
    }
    for seconds in [0, 601] {
        refused(object_login(RequestObject::new(key()).lifetime(seconds), request()), "invalid_configuration");
    }
    // Beside the object the parameters stand outside, and only the client id and further claims inside.
    let (sent, _) = object_login(RequestObject::new(key()).beside().claim("more", "1"), request()).unwrap();
    let [_, claims] = parts(&value(&sent, "request").unwrap());
    assert!(value(&sent, "code_challenge").is_some() && claims.get("scope").is_none() && claims["more"] == 1);
}

fn asked(target: &Target) -> Result<Request, Error> {
    let exchange = Exchange::client_credentials(&client(), &ClientAuthentication::secret_basic("p"), &ClientCredentials::new("read"))?;
    let (mut sent, outcome) = play(exchange.target(target)?, &[answer(200, TOKENS)]);
    outcome.map(|_| sent.remove(0))
}

#[test]
fn parameters_of_the_provider_s_go_with_every_grant() {
    let (client, authentication) = (client(), ClientAuthentication::secret_basic("s"));
    let target = || Target::new().parameter("tenant", "a b").resource("https://api.example");
    let code = crate::flow::finish_as(&client, AuthorizationRequest::new("read"), &format!("{REDIRECT_URI}?code=a&state=STATE")).unwrap();
    let refresh = Refresh::new("r").target(target());
    let mut device = Device::poll("d", "read");
    device.target = target();
    let exchanges = [
        Exchange::authorization_code(&client, &authentication, code).unwrap().target(&target()).unwrap(),
        Exchange::refresh(&client, &authentication, &refresh).unwrap(),
        Exchange::client_credentials(&client, &authentication, &ClientCredentials::new("read")).unwrap().target(&target()).unwrap(),
        Exchange::jwt_bearer(&client, &authentication, &JwtBearer::from_assertion("a.b.c")).unwrap().target(&target()).unwrap(),
        Exchange::token_exchange(&client, &authentication, &TokenExchange::new("t")).unwrap().target(&target()).unwrap(),
    ];
    let mut sent = Vec::new();
    for exchange in exchanges {
        sent.extend(play(exchange, &[answer(200, TOKENS)]).0);
    }
    let request = DeviceRequest::new("read").target(target());
    sent.extend(play(Exchange::device_authorization(&client, &authentication, &request).unwrap(), &[answer(400, "{}")]).0);
    sent.extend(play(Exchange::device_poll(&client, &authentication, &device).unwrap(), &[answer(200, TOKENS)]).0);
    assert_eq!(sent.len(), 7);
    for request in &sent {
        let of = |name: &str| form(request).into_iter().filter(|(found, _)| found == name).map(|(_, value)| value).collect::<Vec<_>>();
        assert_eq!((of("tenant"), of("resource")), (vec!["a b".into()], vec!["https://api.example".into()]), "{:?}", of("grant_type"));
    }
    for name in ["grant_type", "device_code", "refresh_token", "code", "code_verifier", "redirect_uri"] {
        let odd = || Target::new().parameter(name, "x");
        refused(Exchange::refresh(&client, &authentication, &Refresh::new("r").target(odd())), "reserved_parameter");
        device.target = odd();
        refused(Exchange::device_poll(&client, &authentication, &device), "reserved_parameter");
    }
}

#[test]
fn n016_n017_what_a_token_is_for() {
    let details = r#"[{"type":"a"},{"type":"b","x":1}]"#;
    let target =
        Target::new().resource("https://a.example").resource("urn:b?x=1").audience("one").audience("two").authorization_details(details);
    let sent = asked(&target.parameter("own", "1")).unwrap();
    let all = |name: &str| form(&sent).into_iter().filter(|(found, _)| found == name).map(|(_, value)| value).collect::<Vec<_>>();
    assert_eq!(
        (all("resource"), all("audience")),
        (vec!["https://a.example".into(), "urn:b?x=1".into()], vec!["one".into(), "two".into()])
    );
    assert_eq!((all("authorization_details"), all("own")), (vec![details.into()], vec!["1".into()]));
    for resource in ["", "relative", "https://a.example/#f", "https://a.example/#", "https://a b.example", "nhn:phr\n"] {
        refused(asked(&Target::new().resource(resource)), "invalid_parameter");
    }
    for details in ["", "{}", "[]", "[1]", "[{}]", r#"[{"type":1}]"#, r#"[{"type":"a"},{"x":"a"}]"#, r#"[{"type":"a","type":"b"}]"#] {
        refused(asked(&Target::new().authorization_details(details)), "invalid_parameter");
    }
    for audience in ["", "a\nb"] {
        refused(asked(&Target::new().audience(audience)), "invalid_parameter");
    }
    for name in [
        "grant_type",
        "client_id",
        "client_secret",
        "client_assertion",
        "scope",
        "resource",
        "audience",
        "code",
        "refresh_token",
        "password",
    ] {
        refused(asked(&Target::new().parameter(name, "x")), "reserved_parameter");
    }
    // The client's own id is true anyway: sent where a grant sends none, and never twice.
    let own = Target::new().parameter("client_id", "client-1");
    for (named, authentication) in [(true, ClientAuthentication::secret_post("s")), (false, ClientAuthentication::None)] {
        let exchange = Exchange::jwt_bearer(&client(), &authentication, &JwtBearer::from_assertion("a.b.c")).unwrap();
        let Step::Send(request) = by_hand(exchange.target(&own).unwrap()).step(&[7; 32], NOW).unwrap() else { panic!("a request") };
        let body = request.body.unwrap();
        assert_eq!(body.expose().matches("client_id=client-1").count(), 1, "{named}");
    }
    for target in
        [Target::new().parameter("", "x"), Target::new().parameter("x", ""), Target::new().parameter("x", "1").parameter("x", "2")]
    {
        refused(asked(&target), "invalid_parameter");
    }
}

/// RFC 8693 section 2.2.1.
#[test]
fn a_token_exchange_is_told_what_was_issued() {
    const TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";
    let basic = ClientAuthentication::secret_basic("p");
    let judge = |grant: &TokenExchange, body: &str| play(Exchange::token_exchange(&client(), &basic, grant).unwrap(), &[answer(200, body)]);
    let grant = TokenExchange::new("subject").actor("actor", "urn:ietf:params:oauth:token-type:jwt").requested_type(TYPE).scope("read");
    let issued = |kind: &str| format!(r#"{{"access_token":"tok","token_type":"{kind}","issued_token_type":"{TYPE}"}}"#);
    let (sent, tokens) = judge(&grant, &issued("Bearer"));
    assert_eq!(tokens.unwrap().token_type, TokenType::Bearer);
    for (name, expected) in [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", "subject"),
        ("subject_token_type", TYPE),
        ("actor_token", "actor"),
        ("actor_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        ("requested_token_type", TYPE),
    ] {
        assert_eq!(value(&sent[0], name).as_deref(), Some(expected));
    }
    assert_eq!(judge(&grant, &issued("N_A")).1.unwrap().token_type, TokenType::NotApplicable);
    refused(judge(&grant, TOKENS).1, "token_response_malformed");
    refused(judge(&grant, &issued("mac")).1, "token_type_unexpected");
    for odd in [
        TokenExchange::with_token_type("subject", "access_token"),
        TokenExchange::new("subject").requested_type("x"),
        TokenExchange::new("a\nb"),
    ] {
        refused(Exchange::token_exchange(&client(), &basic, &odd), "invalid_parameter");
    }
    refused(Exchange::token_exchange(&client(), &basic, &TokenExchange::new("s").actor("actor", "")), "invalid_parameter");
}

#[test]
fn n096_one_statement_for_each_request() {
    let grant =
        JwtBearer::sign_with(key(), AssertionRules { typ: None, ..AssertionRules::default() }).subject("user-1").claim("scope", "\"read\"");
    let (sent, tokens) = play(Exchange::jwt_bearer(&client(), &ClientAuthentication::None, &grant).unwrap(), &[answer(200, TOKENS)]);
    tokens.unwrap();
    let names: Vec<String> = form(&sent[0]).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["grant_type", "assertion"]);
    let [header, claims] = parts(&value(&sent[0], "assertion").unwrap());
    assert_eq!((header, &claims["sub"], &claims["scope"]), (json!({ "alg": "ES256" }), &json!("user-1"), &json!("read")));
    let reserved = JwtBearer::sign_with(key(), AssertionRules::default()).claim("iss", "\"x\"");
    refused(play(Exchange::jwt_bearer(&client(), &ClientAuthentication::None, &reserved).unwrap(), &[]).1, "reserved_parameter");
    refused(Exchange::jwt_bearer(&client(), &ClientAuthentication::None, &JwtBearer::from_assertion("a\nb")), "invalid_parameter");
}

fn granted() -> Tokens {
    let body = r#"{"access_token":"tok","token_type":"Bearer","refresh_token":"r0","scope":"read write"}"#;
    Tokens::judge(&answer(200, body), &Default::default()).unwrap()
}

#[test]
fn n058_no_wider_scope_and_the_old_token_stays() {
    let basic = ClientAuthentication::secret_basic("p");
    let refresh = |grant: &Refresh, body: &str| play(Exchange::refresh(&client(), &basic, grant)?, &[answer(200, body)]).1;
    let of = || Refresh::of(&granted()).unwrap();
    assert_eq!(refresh(&of(), TOKENS).unwrap().refresh_token.unwrap().expose(), "r0");
    let rotated = r#"{"access_token":"tok","token_type":"Bearer","refresh_token":"r1"}"#;
    assert_eq!(refresh(&of().scope("read"), rotated).unwrap().refresh_token.unwrap().expose(), "r1");
    for wider in ["admin", "read admin", "rea", "read write x"] {
        refused(refresh(&of().scope(wider), TOKENS), "invalid_scope");
    }
    refresh(&Refresh::new("r0").scope("anything"), TOKENS).unwrap();
    refused(refresh(&Refresh::new("r0").with_granted_scope("read").scope("write"), TOKENS), "invalid_scope");
    refused(refresh(&Refresh::new(""), TOKENS), "invalid_parameter");
}

const DEVICE: &str = r#"{"device_code":"d","user_code":"ABCD","verification_uri":"https://op.example/d","expires_in":600}"#;

fn device(body: &str) -> Result<Device, Error> {
    let exchange = Exchange::device_authorization(&client(), &ClientAuthentication::None, &DeviceRequest::new("read")).unwrap();
    play(exchange, &[answer(200, body)]).1
}

/// RFC 8628 sections 3.2 and 3.5.
#[test]
fn a_device_is_told_where_and_how_long() {
    let changed = |name: &str, value: Value| {
        let mut body: Value = serde_json::from_str(DEVICE).unwrap();
        body[name] = value;
        device(&body.to_string())
    };
    let found = device(DEVICE).unwrap();
    assert_eq!((found.interval, found.expires_in, found.user_code.as_str()), (5, 600, "ABCD"));
    assert!(!format!("{found:?}").contains("\"d\""));
    assert_eq!((changed("interval", json!(0)).unwrap().interval, changed("interval", json!(9)).unwrap().interval), (1, 9));
    for (name, value) in [
        ("device_code", json!("")),
        ("device_code", json!(1)),
        ("user_code", json!("")),
        ("user_code", json!("A\u{202e}B")),
        ("verification_uri", json!("http://op.example/d")),
        ("verification_uri", json!("javascript:alert(1)")),
        ("verification_uri_complete", json!("javascript:alert(1)")),
        ("expires_in", json!(0)),
        ("expires_in", json!(-1)),
        ("expires_in", json!("600")),
        ("expires_in", json!(86_401)),
        ("interval", json!(-1)),
        ("interval", json!(3601)),
    ] {
        refused(changed(name, value), "device_response_malformed");
    }
}

#[test]
fn a_poll_goes_on_slows_down_or_ends() {
    let mut waiting = device(DEVICE).unwrap();
    let poll = |body: &str, status| {
        play(Exchange::device_poll(&client(), &ClientAuthentication::None, &waiting).unwrap(), &[answer(status, body)])
    };
    let error = |code: &str| poll(&format!(r#"{{"error":"{code}"}}"#), 400).1;
    assert!(matches!(error("authorization_pending").unwrap(), Polled::Pending));
    assert!(matches!(error("slow_down").unwrap(), Polled::SlowDown(0)));
    assert_eq!(error("access_denied").unwrap_err().action().as_str(), "user_declined");
    let ended = error("expired_token").unwrap_err();
    assert_eq!((ended.code(), ended.oauth().map(|oauth| &*oauth.error)), ("device_code_expired", Some("expired_token")));
    assert_eq!(error("invalid_grant").unwrap_err().code(), "token_error");
    let (sent, polled) = poll(TOKENS, 200);
    assert!(matches!(polled.unwrap(), Polled::Tokens(_)));
    assert_eq!(value(&sent[0], "grant_type").as_deref(), Some("urn:ietf:params:oauth:grant-type:device_code"));
    waiting.slow_down();
    assert_eq!(waiting.interval, 10);
    waiting.interval = 3599;
    waiting.slow_down();
    assert_eq!(waiting.interval, 3600);
}

#[test]
fn n099_nonces_of_each_server_and_origin_apart_and_one_at_a_time() {
    let mut nonces = Nonces::default();
    nonces.keep(Server::Authorization, "https://op.example/token", "as");
    assert_eq!(nonces.of(Server::Resource, "https://op.example/userinfo"), None);
    nonces.keep(Server::Resource, "https://op.example/userinfo", "rs");
    nonces.keep(Server::Authorization, "https://op.example:8443/token", "other");
    let of = |nonces: &Nonces, server, url| nonces.of(server, url).map(String::from);
    assert_eq!(of(&nonces, Server::Authorization, "https://OP.example:443/par").as_deref(), Some("as"));
    assert_eq!(of(&nonces, Server::Resource, "https://op.example/api").as_deref(), Some("rs"));
    assert_eq!(of(&nonces, Server::Authorization, "http://op.example/par"), None);
    for odd in ["", "one, two", "one,\ttwo", "a\"b", "a\\b", "é", &"a".repeat(2049)] {
        nonces.keep(Server::Authorization, "https://op.example/token", odd);
        assert_eq!(of(&nonces, Server::Authorization, "https://op.example/token").as_deref(), Some("as"), "{odd}");
    }
    for at in 0..100 {
        nonces.keep(Server::Resource, &format!("https://api{at}.example/"), "n");
    }
    assert_eq!(of(&nonces, Server::Authorization, "https://op.example/token"), None, "the oldest go first");
    // Two in one answer are none: they come joined by a comma.
    for (named, code) in [("one, two", "dpop_nonce_missing"), ("", "dpop_nonce_missing"), ("one", "dpop_nonce_refused")] {
        let mut challenge = answer(400, r#"{"error":"use_dpop_nonce"}"#);
        challenge.dpop_nonce = Some(named.into());
        let basic = ClientAuthentication::secret_basic("p");
        let exchange = Exchange::client_credentials(&client(), &basic, &ClientCredentials::new("read")).unwrap().dpop(&key(), None);
        refused(play(exchange, &[challenge.clone(), challenge]).1, code);
    }
}

#[test]
fn n050_secrets_that_are_too_short_to_sign_with() {
    let jwt = |secret: &str| {
        let authentication = ClientAuthentication::secret_jwt(secret);
        play(Exchange::client_credentials(&client(), &authentication, &ClientCredentials::new("read")).unwrap(), &[answer(200, TOKENS)])
    };
    let (sent, tokens) = jwt(&"s".repeat(32));
    tokens.unwrap();
    let [header, claims] = parts(&value(&sent[0], "client_assertion").unwrap());
    assert_eq!((&header["alg"], &claims["aud"]), (&json!("HS256"), &json!(ISSUER)));
    refused(jwt(&"s".repeat(31)).1, "key_refused");
    for (name, octets) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
        let alg = Algorithm::symmetric(name).unwrap();
        assert_eq!(hmac::sign(alg, &vec![7; octets], b"x").unwrap().len(), octets);
        refused(hmac::sign(alg, &vec![7; octets - 1], b"x"), "key_refused");
    }
}

#[test]
fn n088_keys_in_der_are_read_to_their_end() {
    // RFC 8410 section 10.1, and the same with something after the algorithm, the key or the whole.
    let good = base64url_decode("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE").unwrap();
    assert_eq!(der::spki(&good).unwrap().crv(), "Ed25519");
    let more = |at: usize, lengths: &[usize]| {
        let mut der = good.clone();
        for length in lengths {
            der[*length] += 2;
        }
        der.splice(at..at, [4, 0]);
        der
    };
    for odd in [more(good.len(), &[]), more(9, &[1, 3]), more(good.len(), &[1]), more(good.len(), &[1, 10])] {
        refused(der::spki(&odd), "key_refused");
    }
    assert!(base64url(&good).len() > 40);
}
