//! ID-porten, Ansattporten and Altinn: addresses, pushed logins, levels, customers, and Altinn's own token.

use samtykke::flow::machine::{Failure, Input, Machine, Moment};
use samtykke::provider::altinn::{self, Issuer, TokenExchange};
use samtykke::provider::idporten::{self, Environment, LoginRequest};
use samtykke::provider::rules;
use samtykke::{
    AuthorizationCode, Callback, ClientAuthentication, Error, Exchange, Registration, Request, Response, Secret, Step, Tokens, Transaction,
};
use serde_json::{Value, json};

use crate::encode::base64url;
use crate::flow::{NOW, random};

const REDIRECT_URI: &str = "https://app.example.no/callback";
const MOMENT: Moment<'_> = Moment { now: NOW, random: &[7; 32] };

fn code<T>(result: Result<T, Error>) -> String {
    result.err().map_or_else(|| "no error".into(), |error| error.code().into())
}

fn client(environment: &Environment) -> Registration {
    Registration::new(idporten::profile(environment), "client-1", REDIRECT_URI).unwrap()
}

fn secret() -> ClientAuthentication {
    ClientAuthentication::secret_basic("correct horse")
}

#[test]
fn environments_have_the_documented_addresses() {
    for (environment, issuer, login, userinfo) in [
        (Environment::test(), "https://test.idporten.no", "https://login.test.idporten.no", true),
        (Environment::production(), "https://idporten.no", "https://login.idporten.no", true),
        (Environment::ansattporten_test(), "https://test.ansattporten.no", "https://login.test.ansattporten.no", false),
        (Environment::ansattporten_production(), "https://ansattporten.no", "https://login.ansattporten.no", false),
    ] {
        let profile = idporten::profile(&environment);
        let at = |path: &str| format!("{issuer}{path}");
        assert_eq!(Environment::from_name(environment.name()).unwrap(), environment);
        assert_eq!((profile.issuer.as_str(), profile.token_endpoint), (issuer, at("/token")));
        assert_eq!(profile.authorization_endpoint, format!("{login}/authorize"));
        assert_eq!(profile.endpoints.end_session, Some(format!("{login}/logout")));
        assert_eq!(profile.endpoints.pushed_authorization_request, Some(at("/par")));
        assert_eq!(profile.endpoints.jwks_uri, Some(at("/jwks.json")));
        assert_eq!(profile.endpoints.userinfo, userinfo.then(|| at("/userinfo")));
        assert!(profile.iss_parameter && !profile.development.is_on());
    }
    let local = idporten::profile(&Environment::custom("http://localhost:4500/idporten").unwrap());
    assert_eq!(local.authorization_endpoint, "http://localhost:4500/idporten/authorize");
    assert!(local.development.is_on());
    for wrong in ["https://idporten.no/", "http://idporten.no", "idporten.no", "https://idporten.no?x", ""] {
        assert_eq!(code(Environment::custom(wrong)), "invalid_configuration", "{wrong}");
    }
    assert_eq!(code(Environment::from_name("ver2")), "invalid_configuration");
}

fn set() -> String {
    format!(r#"{{"keys":[{{"kty":"RSA","kid":"a","n":"{}","e":"AQAB"}}]}}"#, base64url(&[0xc5; 256]))
}

fn id_token(issuer: &str, more: &Value) -> String {
    let part = |value: Value| base64url(value.to_string().as_bytes());
    let mut claims = json!({ "iss": issuer, "aud": "client-1", "sub": "user-1", "pid": "45840375084", "iat": NOW, "exp": NOW + 120 });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    format!("{}.{}.{}", part(json!({ "alg": "RS256", "kid": "a" })), part(claims), "A".repeat(342))
}

/// What a login for a request ends in, when its id_token says `more`. What is kept of it is read anew, as a server does.
fn login(environment: &Environment, request: LoginRequest, more: &Value) -> Result<Tokens, Error> {
    let client = client(environment);
    let login = client.begin(request.request(), &random(), NOW)?;
    let nonce = login.url.split("nonce=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let kept = Transaction::restore(login.transaction.serialize().expose())?;
    let issuer = environment.issuer();
    let iss = issuer.replace(':', "%3A").replace('/', "%2F");
    let callback = format!("{REDIRECT_URI}?code=a&state={}&iss={iss}", kept.state());
    let code = kept.finish(&client, Callback::Url(&callback), NOW)?;
    let code = AuthorizationCode::restore(code.serialize().expose())?;
    let mut claims = more.clone();
    claims["nonce"] = json!(nonce);
    let token = id_token(issuer, &claims);
    let body = format!(r#"{{"access_token":"a","token_type":"Bearer","expires_in":120,"scope":"openid","id_token":"{token}"}}"#);
    let mut exchange = Exchange::authorization_code(&client, &secret(), code)?;
    let mut input = Input::Start;
    loop {
        let answer = |body: &str| Input::Response(Response::new(200, Some("application/json"), body));
        input = match exchange.advance(input, &MOMENT)? {
            Step::Send(request) if request.url.ends_with("/jwks.json") => answer(&set()),
            Step::Send(request) => {
                assert_eq!(request.url, format!("{issuer}/token"));
                answer(&body)
            }
            Step::Verify(_) => Input::Verdict(true),
            Step::Done(tokens) => return Ok(tokens),
            _ => panic!("a secret signs nothing"),
        };
    }
}

#[test]
fn a_level_is_enough_when_it_is_not_below_the_one_that_was_asked_for() {
    let at = |asked: &str, granted: &str| {
        login(&Environment::test(), LoginRequest::new("openid profile").acr_values(asked), &json!({ "acr": granted }))
    };
    for (asked, granted) in [
        ("idporten-loa-substantial", "idporten-loa-substantial"),
        ("idporten-loa-substantial", "idporten-loa-high"),
        ("idporten-loa-substantial", "eidas-loa-substantial"),
        ("idporten-loa-substantial idporten-loa-high", "idporten-loa-substantial"),
        ("idporten-loa-high", "eidas-loa-high"),
        ("selfregistered-email idporten-loa-high", "selfregistered-email"),
        // A value that has no place in the order is enough for itself alone.
        ("substantial entraid", "entraid"),
    ] {
        let tokens = at(asked, granted).unwrap();
        assert_eq!(tokens.claims.unwrap().text("acr").as_deref(), Some(granted));
    }
    for (asked, granted) in [
        ("idporten-loa-high", "idporten-loa-substantial"),
        ("idporten-loa-substantial", "idporten-loa-substantial-limited"),
        ("idporten-loa-substantial", "eidas-loa-low"),
        ("idporten-loa-high eidas-loa-high", "eidas-loa-substantial"),
        ("idporten-loa-substantial", "entraid"),
        ("entraid", "idporten-loa-high"),
        ("idporten-loa-substantial", "Level4"),
        ("idporten-loa-substantial", ""),
    ] {
        assert_eq!(code(at(asked, granted)), "claim_refused", "{asked}: {granted}");
    }
    let none = login(&Environment::test(), LoginRequest::new("openid").acr_values("idporten-loa-high"), &json!({}));
    assert_eq!(code(none), "claim_refused");
    // Nothing asked, nothing compared.
    login(&Environment::test(), LoginRequest::default(), &json!({ "acr": "selfregistered-email" })).unwrap();
    // Narrowed for an exchange: as the login, by the order.
    let rules = rules("idporten").unwrap();
    assert_eq!(rules.acr_values("x"), "x");
}

#[test]
fn a_login_for_a_customer_must_say_so() {
    let for_customer = |more: Value| login(&Environment::production(), LoginRequest::new("openid").on_behalf_of("leikanger, 100 %"), &more);
    for name in ["client_onbehalfof", "aud_onbehalfof"] {
        for_customer(json!({ name: "leikanger, 100 %" })).unwrap();
        for other in [json!("another"), json!(""), json!(null), json!(["leikanger, 100 %"])] {
            assert_eq!(code(for_customer(json!({ name: other }))), "claim_refused");
        }
    }
    assert_eq!(code(for_customer(json!({}))), "claim_refused");
    // With a level too, and without a customer.
    let both = || LoginRequest::new("openid").acr_values("idporten-loa-high").on_behalf_of("kommune");
    let claims = |acr: &str, customer: &str| json!({ "acr": acr, "client_onbehalfof": customer });
    login(&Environment::test(), both(), &claims("idporten-loa-high", "kommune")).unwrap();
    assert_eq!(code(login(&Environment::test(), both(), &claims("idporten-loa-substantial", "kommune"))), "claim_refused");
    assert_eq!(code(login(&Environment::test(), both(), &claims("idporten-loa-high", "fylke"))), "claim_refused");
    login(&Environment::test(), LoginRequest::new("openid"), &json!({ "client_onbehalfof": "kommune" })).unwrap();
}

#[test]
fn a_callback_must_name_the_issuer() {
    let client = client(&Environment::ansattporten_test());
    let begin = || client.begin(LoginRequest::new("openid").ui_locales("nn").request(), &random(), NOW).unwrap();
    let state = begin().transaction.state().to_owned();
    let finish = |iss: &str| begin().transaction.finish(&client, Callback::Url(&format!("{REDIRECT_URI}?code=a&state={state}{iss}")), NOW);
    assert!(finish("&iss=https%3A%2F%2Ftest.ansattporten.no").is_ok());
    assert_eq!(code(finish("")), "issuer_missing");
    assert_eq!(code(finish("&iss=https%3A%2F%2Ftest.idporten.no")), "issuer_mismatch");
}

/// The request of an exchange, and what an answer makes of it.
fn exchanged(exchange: TokenExchange, answer: Response) -> (Request, Result<altinn::AltinnToken, Error>) {
    let mut exchange = exchange;
    let Ok(Step::Send(request)) = exchange.advance(Input::Start, &MOMENT) else { panic!("one request") };
    let found = exchange.advance(Input::Response(answer), &MOMENT).map(|step| match step {
        Step::Done(token) => token,
        _ => panic!("one answer"),
    });
    (request, found)
}

fn exchange() -> TokenExchange {
    TokenExchange::new(&altinn::Environment::tt02(), Issuer::Maskinporten, &Secret::new("x.y.z")).unwrap()
}

#[test]
fn altinn_gives_its_own_token_for_another() {
    let payload = base64url(br#"{"exp":1718124835}"#);
    let token = format!("eyJhbGciOiJSUzI1NiJ9.{payload}.c2ln");
    for (content_type, body) in [
        ("text/plain; charset=utf-8", token.clone()),
        ("application/json; charset=utf-8", format!("\"{token}\"")),
        ("text/plain", format!("{token}\r\n")),
    ] {
        let (request, found) = exchanged(exchange(), Response::new(200, Some(content_type), &body));
        let found = found.unwrap();
        assert_eq!((found.token.expose(), found.expires_at), (token.as_str(), Some(1_718_124_835)), "{content_type}");
        assert_eq!(
            (request.method, request.url.as_str()),
            ("GET", "https://platform.tt02.altinn.no/authentication/api/v1/exchange/maskinporten")
        );
        assert!(request.headers.iter().any(|(name, value)| *name == "authorization" && value.expose() == "Bearer x.y.z"));
    }
    // An opaque token has no end that it says.
    assert_eq!(exchanged(exchange(), Response::new(200, None, "opaque")).1.unwrap().expires_at, None);
    let persons = TokenExchange::new(&altinn::Environment::production(), Issuer::IdPorten, &Secret::new("x")).unwrap();
    let (request, _) = exchanged(persons, Response::new(200, None, "a"));
    assert_eq!(request.url, "https://platform.altinn.no/authentication/api/v1/exchange/id-porten");
    let (request, _) = exchanged(exchange().for_test_department(), Response::new(200, None, "a"));
    assert!(request.url.ends_with("/exchange/maskinporten?test=true"));
}

#[test]
fn altinn_refuses_and_is_refused() {
    for (status, body, wanted) in [
        (401, "", "token_invalid"),
        (403, "", "unauthorized"),
        (302, "", "redirect_refused"),
        (400, "Bad request", "http_status_unexpected"),
        (503, "", "http_status_unexpected"),
        (200, "", "token_response_malformed"),
        (200, "\"\"", "token_response_malformed"),
        (200, "<html>", "token_response_malformed"),
        (200, r#"{"token":"a"}"#, "token_response_malformed"),
        (200, "two words", "token_response_malformed"),
        (200, "\"unended", "token_response_malformed"),
    ] {
        assert_eq!(code(exchanged(exchange(), Response::new(status, None, body)).1), wanted, "{status} {body}");
    }
    assert_eq!(code(TokenExchange::new(&altinn::Environment::tt02(), Issuer::IdPorten, &Secret::new("a b"))), "invalid_parameter");
    for wrong in ["tt03", "http://altinn.example", "https://altinn.example/", ""] {
        assert_eq!(code(altinn::Environment::from_name(wrong)), "invalid_configuration", "{wrong}");
    }
    // Out of turn, twice, and cut off.
    let mut machine = exchange();
    assert_eq!(code(machine.advance(Input::Response(Response::new(200, None, "a")), &MOMENT)), "transaction_used");
    assert!(matches!(machine.advance(Input::Start, &MOMENT), Ok(Step::Send(_))));
    assert_eq!(code(machine.advance(Input::Start, &MOMENT)), "transaction_used");
    let error = machine.advance(Input::Failed(Failure::Timeout), &MOMENT).unwrap_err();
    assert_eq!((error.code(), error.retryable()), ("timeout", true));
    assert_eq!(code(machine.advance(Input::Response(Response::new(200, None, "a")), &MOMENT)), "transaction_used");
}
