//! Encrypted id_tokens and userinfo: a step to decrypt, then all that a signed token is judged by.

use samtykke::flow::machine::{Failure, Input, Machine, Moment};
use samtykke::jose::Encryption;
use samtykke::protocol::id_token::claims::Claims;
use samtykke::protocol::userinfo::Subject;
use samtykke::flow::step::DecryptRequest;
use samtykke::{AuthorizationRequest, Registration, ClientAuthentication, Error, Exchange, Response, Secret, Step, Tokens};

use crate::encode::base64url;
use crate::flow::{ISSUER, NOW, REDIRECT_URI, finish_as, profile, refused};

const MOMENT: Moment<'_> = Moment { now: NOW, random: &[7; 32] };

fn client(encryption: Option<Encryption>) -> Registration {
    let mut profile = profile();
    profile.endpoints.jwks_uri = Some("https://op.example/jwks".into());
    profile.endpoints.userinfo = Some("https://op.example/userinfo".into());
    profile.requests.encryption = encryption;
    Registration::new(profile, "client-1", REDIRECT_URI).unwrap()
}

fn registered() -> Option<Encryption> {
    Some(Encryption::new(&["RSA-OAEP-256", "ECDH-ES"], &["A256GCM"]).unwrap())
}

/// A token of this header; nothing here decrypts it.
fn sealed(header: &str) -> String {
    format!("{}.AAAA.AAAA.AAAA.AAAA", base64url(header.as_bytes()))
}

const HEADER: &str = r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"e","cty":"JWT"}"#;

fn signed(more: &str) -> String {
    let claims = format!(r#"{{"iss":"{ISSUER}","aud":"client-1","sub":"user-1","iat":{NOW},"exp":{}{more}}}"#, NOW + 60);
    format!("{}.{}.{}", base64url(br#"{"alg":"RS256","kid":"a"}"#), base64url(claims.as_bytes()), "A".repeat(342))
}

/// A login whose answer has this id_token, and what is asked next.
fn answered(client: &Registration, id_token: &str) -> Result<(Exchange<Tokens>, Step<Tokens>, String), Error> {
    let request = AuthorizationRequest::new("openid").nonce("nonce-nonce-nonce");
    let code = finish_as(client, request, &format!("{REDIRECT_URI}?code=a&state=STATE")).unwrap();
    let nonce = format!(r#","nonce":"{}""#, code.nonce().unwrap());
    let mut exchange = Exchange::authorization_code(client, &ClientAuthentication::secret_basic("s"), code).unwrap();
    let Step::Send(_) = exchange.advance(Input::Start, &MOMENT)? else { panic!("a request") };
    let body = format!(r#"{{"access_token":"x","token_type":"Bearer","id_token":"{id_token}"}}"#);
    let step = exchange.advance(Input::Response(Response::new(200, Some("application/json"), &body)), &MOMENT)?;
    Ok((exchange, step, nonce))
}

fn wanted(id_token: &str) -> (Exchange<Tokens>, DecryptRequest, String) {
    let (exchange, step, nonce) = answered(&client(registered()), id_token).unwrap();
    let Step::Decrypt(request) = step else { panic!("a token to decrypt") };
    (exchange, request, nonce)
}

fn plain(text: &str) -> Input {
    Input::Plaintext(Secret::new(text))
}

#[test]
fn a_token_that_was_decrypted_is_verified_as_ever() {
    let token = sealed(HEADER);
    let (mut exchange, request, nonce) = wanted(&token);
    assert_eq!((&*request.alg, &*request.enc, request.kid.as_deref()), ("RSA-OAEP-256", "A256GCM", Some("e")));
    assert_eq!((&*request.header, request.token.expose()), (HEADER, &*token));
    assert!(!format!("{request:?}").contains("AAAA"));
    // Nothing else is an answer, and changes nothing.
    for odd in [Input::Verdict(true), Input::Stored, Input::Signature(vec![1])] {
        assert_eq!(exchange.advance(odd, &MOMENT).unwrap_err().code(), "transaction_used");
    }
    let inner = signed(&nonce);
    let Step::Send(keys) = exchange.advance(plain(&inner), &MOMENT).unwrap() else { panic!("the server's keys") };
    assert_eq!(keys.url, "https://op.example/jwks");
    let set = r#"{"keys":[{"kty":"RSA","kid":"a","e":"AQAB","n":"MODULUS"}]}"#.replace("MODULUS", &"A".repeat(340).replacen('A', "w", 1));
    let Step::Verify(_) = exchange.advance(Input::Response(Response::new(200, Some("application/json"), &set)), &MOMENT).unwrap() else {
        panic!("a signature to verify")
    };
    let Step::Done(tokens) = exchange.advance(Input::Verdict(true), &MOMENT).unwrap() else { panic!("tokens") };
    assert_eq!(tokens.claims.unwrap().text("sub").as_deref(), Some("user-1"));
    assert_eq!(tokens.id_token.unwrap().expose(), inner);
}

#[test]
fn what_is_inside_is_signed() {
    let again = sealed(HEADER);
    let unsigned = format!("{}.e30.AAAA", base64url(br#"{"alg":"none"}"#));
    for (inside, code) in [
        (r#"{"iss":"https://op.example","sub":"user-1"}"#, "jws_malformed"),
        ("", "jws_malformed"),
        ("{..}", "jws_malformed"),
        (&*again, "jws_malformed"),
        (&*unsigned, "algorithm_refused"),
        (&*signed(""), "nonce_mismatch"),
        (&*signed(r#","nonce":"another-nonce-nonce""#), "nonce_mismatch"),
    ] {
        let (mut exchange, _, _) = wanted(&sealed(HEADER));
        refused(exchange.advance(plain(inside), &MOMENT), code);
    }
}

#[test]
fn only_what_was_registered_is_decrypted() {
    for (header, code) in [
        (r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#, "algorithm_refused"),
        (r#"{"alg":"RSA-OAEP-256","enc":"A128GCM"}"#, "algorithm_refused"),
        (r#"{"alg":"RSA1_5","enc":"A256GCM"}"#, "algorithm_refused"),
        (r#"{"alg":"dir","enc":"A256GCM"}"#, "algorithm_refused"),
        (r#"{"alg":"RSA-OAEP-256"}"#, "algorithm_refused"),
        (r#"{"alg":["RSA-OAEP-256"],"enc":"A256GCM"}"#, "algorithm_refused"),
        (r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","zip":"DEF"}"#, "jws_malformed"),
        (r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","zip":null}"#, "jws_malformed"),
        (r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","crit":["exp"]}"#, "jws_malformed"),
        (r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","crit":[]}"#, "jws_malformed"),
        (r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","alg":"ECDH-ES"}"#, "jws_malformed"),
        ("[]", "jws_malformed"),
    ] {
        refused(answered(&client(registered()), &sealed(header)), code);
    }
    let head = base64url(HEADER.as_bytes());
    for odd in [
        format!("{head}.AAAA..AAAA.AAAA"),
        format!("{head}.AAAA.AAAA..AAAA"),
        format!("{head}.AAAA.AAAA.AAAA."),
        format!(".AAAA.AAAA.AAAA.{head}"),
        format!("{head}.AAAA.AAAA.AAAA.AAAB="),
        format!("{head}.A.AAAA.AAAA.AAAA"),
        format!("{head}.AAAA.AAAA.{}.AAAA", "A".repeat(256 << 10)),
        format!("{}.AAAA.AAAA.AAAA.AAAA", "A".repeat((16 << 10) + 4)),
    ] {
        refused(answered(&client(registered()), &odd), "jws_malformed");
    }
    // A key that was agreed on has none beside it.
    assert!(matches!(answered(&client(registered()), &format!("{head}..AAAA.AAAA.AAAA")).unwrap().1, Step::Decrypt(_)));
    for (alg, enc) in [(&["RSA1_5"][..], &["A256GCM"][..]), (&["PBES2-HS256+A128KW"], &["A256GCM"]), (&[], &["A256GCM"]), (&["ECDH-ES"], &[])] {
        refused(Encryption::new(alg, enc), "invalid_configuration");
    }
}

#[test]
fn whatever_was_wrong_is_one_error() {
    let (mut exchange, _, _) = wanted(&sealed(HEADER));
    let error = refused(exchange.advance(Input::Failed(Failure::Decrypter), &MOMENT), "decryption_failed");
    assert_eq!((error.phase().as_str(), error.action().as_str(), error.retryable()), ("token", "fix_configuration", false));
    assert_eq!(exchange.advance(plain(""), &MOMENT).unwrap_err().code(), "transaction_used", "it is over");
    // Where nobody said that the client is registered for it, the error says so.
    let error = refused(answered(&client(None), &sealed(HEADER)), "token_response_malformed");
    assert!(error.hint().contains("encryption") && error.action().as_str() == "fix_configuration", "{error}");
}

#[test]
fn userinfo_is_taken_as_it_comes_where_the_server_s_keys_are_known() {
    let asked = |client: &Registration, media: &str, body: &str| -> Result<(Exchange<Claims>, Step<Claims>), Error> {
        let token = Response::new(200, Some("application/json"), r#"{"access_token":"x","token_type":"Bearer"}"#);
        let tokens = Tokens::judge(&token, &Default::default()).unwrap();
        let mut exchange = Exchange::userinfo(client, &ClientAuthentication::None, &tokens, Subject::Is("user-1"), None)?;
        exchange.advance(Input::Start, &MOMENT)?;
        let step = exchange.advance(Input::Response(Response::new(200, Some(media), body)), &MOMENT)?;
        Ok((exchange, step))
    };
    let known = client(registered());
    assert!(matches!(asked(&known, "application/json", r#"{"sub":"user-1"}"#).unwrap().1, Step::Done(_)));
    let Step::Send(keys) = asked(&known, "application/jwt", &signed("")).unwrap().1 else { panic!("the server's keys") };
    assert_eq!(keys.url, "https://op.example/jwks");
    let (mut exchange, step) = asked(&known, "application/jwt", &sealed(HEADER)).unwrap();
    assert!(matches!(step, Step::Decrypt(_)));
    assert!(matches!(exchange.advance(plain(&signed("")), &MOMENT), Ok(Step::Send(_))));
    let (mut exchange, _) = asked(&known, "application/jwt", &sealed(HEADER)).unwrap();
    assert_eq!(refused(exchange.advance(plain(r#"{"sub":"user-1"}"#), &MOMENT), "jws_malformed").phase().as_str(), "api");
    refused(asked(&client(None), "application/jwt", &sealed(HEADER)), "userinfo_malformed");
    // Without keys nothing that is signed can be believed.
    let mut profile = profile();
    profile.endpoints.userinfo = Some("https://op.example/userinfo".into());
    let unkeyed = Registration::new(profile, "client-1", REDIRECT_URI).unwrap();
    refused(asked(&unkeyed, "application/jwt", &signed("")), "content_type_unexpected");
}

#[test]
fn a_signed_answer_and_a_token_that_came_otherwise_are_decrypted_too() {
    use samtykke::protocol::authorization::transaction::ResponseMode;
    use samtykke::{AuthorizationCode, Callback};
    let key = r#"{"keys":[{"kty":"RSA","kid":"a","e":"AQAB","n":"MODULUS"}]}"#.replace("MODULUS", &"A".repeat(340).replacen('A', "w", 1));
    let client = client(registered());
    let begun = client.begin(AuthorizationRequest::new("read").response_mode(ResponseMode::Jwt), &crate::flow::random(), NOW).unwrap();
    let inner = signed(&format!(r#","state":"{}","code":"c.d.e""#, begun.transaction.state()));
    let answer = format!("{REDIRECT_URI}?response={}", sealed(HEADER));
    let mut jarm: Exchange<AuthorizationCode> =
        begun.transaction.finish_jarm(&client, Callback::Url(&answer), NOW).unwrap().jwks(key.as_str());
    let Step::Decrypt(_) = jarm.advance(Input::Start, &MOMENT).unwrap() else { panic!("an answer to decrypt") };
    let Step::Verify(_) = jarm.advance(plain(&inner), &MOMENT).unwrap() else { panic!("a signature to verify") };
    let Step::Done(code) = jarm.advance(Input::Verdict(true), &MOMENT).unwrap() else { panic!("a code") };
    let mut exchange = Exchange::authorization_code(&client, &ClientAuthentication::secret_basic("s"), code).unwrap();
    let Step::Send(request) = exchange.advance(Input::Start, &MOMENT).unwrap() else { panic!("a request") };
    assert!(request.body.unwrap().expose().contains("code=c.d.e"));

    let mut token = Exchange::<Claims>::id_token(&client, sealed(HEADER)).jwks(key.as_str());
    let Step::Decrypt(_) = token.advance(Input::Start, &MOMENT).unwrap() else { panic!("a token to decrypt") };
    let Step::Verify(_) = token.advance(plain(&signed("")), &MOMENT).unwrap() else { panic!("a signature to verify") };

    // Where nobody said that the server encrypts, the error says so.
    let plainly = self::client(None);
    let begun = plainly.begin(AuthorizationRequest::new("read").response_mode(ResponseMode::Jwt), &crate::flow::random(), NOW).unwrap();
    let mut jarm = begun.transaction.finish_jarm(&plainly, Callback::Url(&answer), NOW).unwrap().jwks(key.as_str());
    let mut token = Exchange::<Claims>::id_token(&plainly, sealed(HEADER)).jwks(key.as_str());
    for error in [jarm.advance(Input::Start, &MOMENT).unwrap_err(), token.advance(Input::Start, &MOMENT).unwrap_err()] {
        assert_eq!((error.code(), error.action().as_str()), ("jws_malformed", "fix_configuration"));
        assert!(error.hint().contains("decrypt"));
    }
}
