//! The examples that the RFCs print themselves, as `tests/vectors/rfc` holds them: each is read, built or judged.
//!
//! RFC 6979, 7515, 7517, 7636 (in `vectors.rs`), 7638, 8037, 9126, 9449, OIDC Core appendix A.

use crate::encode::{base64url, base64url_decode};
use samtykke::flow::login::Start;
use samtykke::flow::machine::{Input, Machine, Moment};
use samtykke::jose::{Algorithm, Compact, Jwk, KeyInfo, Signer, Verifier, hmac, jwks, thumbprint};
use samtykke::protocol::authorization::par::PushedRequest;
use samtykke::protocol::challenge::Challenge;
use samtykke::protocol::id_token::{self, IdTokenExpectation};
use samtykke::protocol::token::{Expectation, TokenType};
use samtykke::signer::native::{NativeKey, NativeVerifier};
use samtykke::{
    AuthorizationRequest, ClientAuthentication, ClientCredentials, Error, Exchange, Profile, Registration, Request, Response, Step, Tokens,
};
use serde_json::{Value, json};

use crate::flow::{random, refused};

fn file(name: &str) -> Value {
    let path = format!("{}/tests/vectors/rfc/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn alg(name: &Value) -> &'static Algorithm {
    Algorithm::from_name(name.as_str().unwrap()).unwrap()
}

fn public(jwk: &Value) -> Value {
    let members =
        jwk.as_object().unwrap().iter().filter(|(name, _)| ["kty", "crv", "x", "y", "n", "e", "use", "kid"].contains(&name.as_str()));
    Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// Whether a token's signature is this key's. Reads the parts by hand, as a proof names a key, which no token of a server's may.
fn verifies(token: &str, jwk: &Value, alg: &'static Algorithm) -> bool {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let key = Jwk::parse(&public(jwk).to_string()).unwrap();
    NativeVerifier.verify(alg, &key, input.as_bytes(), &base64url_decode(signature).unwrap()).unwrap()
}

#[test]
fn oidc_core_hashes_of_tokens_and_codes() {
    let issuer = ("https://op.example", "client-1");
    for vector in list(&file("oidc_core_hashes")["vectors"]) {
        let alg = alg(&vector["alg"]);
        let octets = if alg.signature_octets == 0 { 256 } else { alg.signature_octets };
        let (name, secret) = if vector["code"].is_null() { ("at_hash", "access_token") } else { ("c_hash", "code") };
        let check = |hash: &str| {
            let header = base64url(json!({ "alg": vector["alg"] }).to_string().as_bytes());
            let claims = json!({ "iss": issuer.0, "aud": issuer.1, "sub": "s", "iat": 1_700_000_000, "exp": 1_700_000_060, name: hash });
            let token = format!("{header}.{}.{}", base64url(claims.to_string().as_bytes()), base64url(&vec![1; octets]));
            let secret = Some(vector[secret].as_str().unwrap());
            let mut expected = IdTokenExpectation { algorithms: &[alg], ..IdTokenExpectation::new(issuer.0, issuer.1) };
            if name == "at_hash" {
                expected.access_token = secret;
            } else {
                expected.code = secret;
            }
            id_token::check(&token, &expected, 1_700_000_000).map(|_| ())
        };
        let hash = vector[name].as_str().unwrap();
        check(hash).unwrap();
        refused(check(&hash.replacen(|_: char| true, if hash.starts_with('A') { "B" } else { "A" }, 1)), "claim_refused");
    }
}

#[cfg(feature = "p256")]
#[test]
fn rfc6979_where_the_first_nonce_does_not_do() {
    use samtykke::signer::p256::{P256Key, P256Verifier};
    let vector = file("rfc6979_retry_p256");
    let octets = |name: &str| -> Vec<u8> {
        let hex = vector[name].as_str().unwrap();
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    };
    let member = |name: &str| base64url(&octets(name));
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": member("x"), "y": member("y"), "d": member("d") });
    let key = P256Key::from_jwk(&jwk.to_string()).unwrap();
    let message = vector["message"].as_str().unwrap().as_bytes();
    let signature = key.sign(message).unwrap();
    assert_eq!(signature, [octets("r"), octets("s")].concat());
    for verifier in [&P256Verifier as &dyn Verifier, &NativeVerifier] {
        assert!(verifier.verify(key.info().alg, &key.info().public, message, &signature).unwrap());
    }
}

#[test]
fn rfc7515_appendix_a_and_e() {
    let file = file("rfc7515_appendix_a");
    let vectors = list(&file["vectors"]);
    assert_eq!(vectors.len(), 8);
    for vector in vectors {
        let id = vector["id"].as_str().unwrap();
        let Some(token) = vector["compact"].as_str() else {
            // Another serialisation (A.6, A.7).
            refused(Compact::parse(&vector["json"].to_string()), "jws_malformed");
            continue;
        };
        if vector["expected"] != "valid" {
            // Unsecured (A.5), or with an extension nobody knows (E).
            let read = Compact::parse(token).and_then(|token| token.algorithm(&[alg(&json!("RS256")), alg(&json!("ES256"))]).map(|_| ()));
            refused(read, if id.contains("crit") { "jws_malformed" } else { "algorithm_refused" });
            continue;
        }
        let read = Compact::parse(token).unwrap();
        assert_eq!(read.payload(), vector["payload_utf8"].as_str().unwrap().as_bytes(), "{id}");
        if vector["alg"] == "HS256" {
            let secret = base64url_decode(vector["key"]["k"].as_str().unwrap()).unwrap();
            let made = hmac::sign(Algorithm::symmetric("HS256").unwrap(), &secret, read.signing_input().as_bytes()).unwrap();
            assert_eq!(made, read.signature(), "{id}");
            continue;
        }
        let alg = read.algorithm(&[alg(&vector["alg"])]).unwrap();
        assert!(verifies(token, &vector["key"], alg), "{id}");
        let (head, rest) = token.split_once('.').unwrap();
        assert!(!verifies(&format!("{head}.e{rest}"), &vector["key"], alg), "{id}");
        let key = NativeKey::from_jwk(&vector["key"].to_string(), alg).unwrap();
        let signature = key.sign(read.signing_input().as_bytes()).unwrap();
        // PKCS#1 signs the same each time.
        assert!(alg.name != "RS256" || signature == read.signature(), "{id}");
        assert!(NativeVerifier.verify(alg, &key.info().public, read.signing_input().as_bytes(), &signature).unwrap(), "{id}");
    }
}

#[test]
fn rfc7517_appendix_a_and_b() {
    let file = file("rfc7517_appendix");
    let set = json!({ "keys": file["A1_public"]["keys"] });
    for (jwk, expected) in list(&set["keys"]).iter().zip(list(&file["A1_public"]["thumbprints"])) {
        assert_eq!(thumbprint(&Jwk::parse(&jwk.to_string()).unwrap()), *expected);
    }
    let rs256 = alg(&json!("RS256"));
    assert_eq!(jwks::select(&set.to_string(), rs256, Some("2011-04-29")).unwrap().kty(), "RSA");
    // A key for encryption verifies nothing.
    refused(jwks::select(&set.to_string(), alg(&json!("ES256")), Some("1")), "key_not_found");

    let private = list(&file["A2_private"]["keys"]);
    for jwk in private {
        refused(Jwk::parse(&jwk.to_string()), "key_refused");
    }
    refused(NativeKey::from_jwk(&private[0].to_string(), alg(&json!("ES256"))), "key_refused");
    let key = NativeKey::from_jwk(&private[1].to_string(), rs256).unwrap();
    assert_eq!(thumbprint(&key.info().public), file["A1_public"]["thumbprints"][1]);
    for name in ["A2_private", "A3_symmetric"] {
        let set = json!({ "keys": file[name]["keys"] }).to_string();
        assert!(jwks::select(&set, rs256, Some("2011-04-29")).is_err(), "{name}");
    }
    for jwk in list(&file["A3_symmetric"]["keys"]) {
        refused(Jwk::parse(&jwk.to_string()), "key_refused");
    }

    let with = &file["B_x5c"];
    let certificate = with["x5c"][0].as_str().unwrap();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n");
    let key = Jwk::parse(&public(with).to_string()).unwrap();
    assert_eq!(samtykke::jose::der::public_key(&pem).unwrap().required_json(), key.required_json());
    let info = KeyInfo::new(rs256, key).unwrap().certificates(&pem).unwrap();
    assert_eq!((info.kid.as_deref(), info.x5c), (Some("1b94c"), vec![String::from(certificate)]));
}

#[test]
fn rfc7638_thumbprints() {
    for vector in list(&file("rfc7638_thumbprint")["vectors"]) {
        let key = Jwk::parse(&vector["jwk"].to_string()).unwrap();
        assert_eq!(thumbprint(&key), vector["sha256_thumbprint"]);
        if let Some(canonical) = vector["canonical"].as_str() {
            assert_eq!(key.required_json(), canonical);
        }
    }
}

#[test]
fn rfc8037_appendix_a() {
    let file = file("rfc8037_appendix_a");
    let key = NativeKey::from_jwk(&file["private"].to_string(), alg(&json!("EdDSA"))).unwrap();
    let token = file["compact"].as_str().unwrap();
    let read = Compact::parse(token).unwrap();
    assert_eq!(read.payload(), file["payload"].as_str().unwrap().as_bytes());
    assert_eq!(key.sign(read.signing_input().as_bytes()).unwrap(), read.signature());
    assert!(verifies(token, &file["public"], key.info().alg));
}

#[test]
fn rfc9126_assertions_objects_and_answers() {
    let file = file("rfc9126_par");
    for jwt in list(&file["jwts"]) {
        let token = Compact::parse(jwt["jwt"].as_str().unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(token.payload()).unwrap(), jwt["payload"]);
        assert_eq!((token.alg(), token.kid()), (jwt["header"]["alg"].as_str().unwrap(), jwt["header"]["kid"].as_str()));
        if jwt["verified_with_k2bdc"] == true {
            assert!(verifies(jwt["jwt"].as_str().unwrap(), &file["key"], alg(&json!("RS256"))));
        }
    }
    let answer = |of: &Value| Response::new(of["status"].as_u64().unwrap() as u16, Some("application/json"), &of["body"].to_string());
    let pushed = PushedRequest::judge(&answer(&file["responses"][0]), false).unwrap();
    assert_eq!((&*pushed.request_uri, pushed.expires_in), (file["responses"][0]["body"]["request_uri"].as_str().unwrap(), 60));
    let error = PushedRequest::judge(&answer(&file["responses"][1]), false).map(|_| ()).unwrap_err();
    let oauth = error.oauth().unwrap();
    assert_eq!(
        (&*oauth.error, oauth.description.as_deref()),
        ("invalid_request", file["responses"][1]["body"]["error_description"].as_str())
    );

    let issuer = "https://server.example.com";
    let mut profile = Profile::new(issuer, &format!("{issuer}/authorize"), &format!("{issuer}/token"));
    profile.endpoints.pushed_authorization_request = Some(format!("{issuer}/as/par"));
    let client = Registration::new(profile, "s6BhdRkqt3", "https://client.example.org/cb").unwrap();
    let secret = ClientAuthentication::secret_basic("7Fjfp0ZBr1KtDRbnfVdmIw");
    let request = AuthorizationRequest::new("account-information");
    let mut exchange = Exchange::login(&client, &secret, request, Start::new(), &random(), 1_700_000_000).unwrap();
    let (login, _) = play(&mut exchange, &[answer(&file["responses"][0])]).unwrap();
    assert_eq!(login.url.strip_prefix(issuer).unwrap(), file["authorization_request"]);
}

/// Plays a server that gives these answers.
fn play<T>(exchange: &mut Exchange<T>, answers: &[Response]) -> Result<(T, Vec<Request>), Error> {
    let (mut sent, mut left) = (Vec::new(), answers.iter());
    let mut input = Input::Start;
    loop {
        input = match exchange.advance(input, &Moment { now: 1_562_262_616, random: &[7; 32] })? {
            Step::Sign(_) => Input::Signature(vec![1; 64]),
            Step::Send(request) => {
                sent.push(request);
                Input::Response(left.next().expect("a request too many").clone())
            }
            Step::Done(outcome) => return Ok((outcome, sent)),
            _ => panic!("nothing is verified here"),
        };
    }
}

/// Header and claims of a proof.
fn parts(proof: &str) -> [Value; 2] {
    let mut parts = proof.split('.').map(|part| serde_json::from_slice(&base64url_decode(part).unwrap()).unwrap_or_default());
    [parts.next().unwrap(), parts.next().unwrap()]
}

fn proof_of(request: &Request) -> [Value; 2] {
    let (_, proof) = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("dpop")).unwrap();
    parts(proof.expose())
}

#[test]
fn rfc9449_proofs_nonces_and_challenges() {
    let file = file("rfc9449_dpop");
    let jwk = &file["proofs"][0]["header"]["jwk"];
    let key = KeyInfo::new(alg(&json!("ES256")), Jwk::parse(&jwk.to_string()).unwrap()).unwrap();
    for proof in list(&file["proofs"]) {
        assert!(verifies(proof["proof"].as_str().unwrap(), &proof["header"]["jwk"], key.alg));
        assert_eq!(thumbprint(&key.public), proof["jkt"]);
        // The key in a token's own header is the sender's: it is not looked at.
        assert_eq!(Compact::parse(proof["proof"].as_str().unwrap()).unwrap().kid(), None);
    }

    let issuer = "https://server.example.com";
    let client = Registration::new(Profile::new(issuer, "", &format!("{issuer}/token")), "s6BhdRkqt3", "").unwrap();
    let secret = ClientAuthentication::secret_basic("7Fjfp0ZBr1KtDRbnfVdmIw");
    let challenge = |of: &Value| {
        let mut response = Response::new(of["status"].as_u64().unwrap() as u16, Some("application/json"), &of["body"].to_string());
        response.dpop_nonce = of["headers"]["DPoP-Nonce"].as_str().map(String::from);
        response.www_authenticate = of["headers"]["WWW-Authenticate"].as_str().map(String::from);
        response
    };
    let answer = Response::new(200, Some("application/json"), &file["token_response"].to_string());
    let mut exchange = Exchange::client_credentials(&client, &secret, &ClientCredentials::new("read")).unwrap().dpop(&key, None);
    let (tokens, sent) = play(&mut exchange, &[challenge(&file["nonce_challenges"][0]), answer]).unwrap();
    let looks_like = |request: &Request, example: &Value| {
        let [header, mut claims] = proof_of(request);
        let [expected_header, mut expected] = parts(example["proof"].as_str().unwrap());
        assert_eq!((&header["typ"], &header["alg"]), (&expected_header["typ"], &expected_header["alg"]));
        assert_eq!(header["jwk"].as_object().unwrap().len(), 4);
        for name in ["kty", "crv", "x", "y"] {
            assert_eq!(header["jwk"][name], expected_header["jwk"][name]);
        }
        for claims in [&mut claims, &mut expected] {
            // What differs in each proof.
            for name in ["jti", "iat"] {
                assert!(claims.as_object_mut().unwrap().remove(name).is_some());
            }
        }
        let nonce = claims.as_object_mut().unwrap().remove("nonce");
        expected.as_object_mut().unwrap().remove("nonce");
        assert_eq!(claims, expected);
        nonce
    };
    assert_eq!(looks_like(&sent[0], &file["proofs"][0]), None);
    assert_eq!(looks_like(&sent[1], &file["proofs"][0]).unwrap(), file["nonce_challenges"][0]["headers"]["DPoP-Nonce"]);
    assert_eq!((tokens.token_type, tokens.expires_in), (TokenType::DPoP, Some(2677)));
    assert_eq!(tokens.refresh_token.as_ref().unwrap().expose(), file["token_response"]["refresh_token"]);

    let bound = Expectation { token_type: TokenType::DPoP, ..Expectation::default() };
    let tokens = Tokens::judge(&Response::new(200, Some("application/json"), &file["token_response"].to_string()), &bound).unwrap();
    let url = file["proofs"][3]["payload"]["htu"].as_str().unwrap();
    let request = Request { method: "GET", url: url.into(), headers: Vec::new(), body: None, repeatable: true };
    let mut exchange = Exchange::resource(&client, &tokens, &["https://resource.example.org"], request).unwrap().dpop(&key, None);
    let (_, sent) = play(&mut exchange, &[challenge(&file["nonce_challenges"][1]), Response::new(200, None, "")]).unwrap();
    assert_eq!(looks_like(&sent[0], &file["proofs"][3]), None);
    assert_eq!(looks_like(&sent[1], &file["proofs"][3]).unwrap(), file["nonce_challenges"][1]["headers"]["DPoP-Nonce"]);
    assert_eq!(proof_of(&sent[1])[1]["ath"], file["ath"]);

    let read: Vec<Vec<(String, Option<String>)>> = list(&file["www_authenticate"])
        .iter()
        .map(|header| Challenge::parse(header.as_str().unwrap()).unwrap())
        .map(|found| found.iter().map(|one| (one.scheme.to_ascii_lowercase(), one.parameter("error").map(String::from))).collect())
        .collect();
    let (dpop, bearer) =
        (|error: Option<&str>| ("dpop".into(), error.map(String::from)), |error: Option<&str>| ("bearer".into(), error.map(String::from)));
    assert_eq!(
        read,
        [
            vec![dpop(None)],
            vec![dpop(Some("invalid_token"))],
            vec![bearer(None), dpop(None)],
            vec![bearer(Some("invalid_token")), dpop(None)],
            vec![bearer(Some("invalid_request")), dpop(Some("invalid_request"))],
        ]
    );
}
