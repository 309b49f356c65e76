//! The published test vectors of the norskgjeld provider, octet for octet.

use samtykke::error::Action;
use samtykke::protocol::token::{Expectation, Tokens};
use samtykke::provider::norskgjeld::{self, Environment, Purpose, Scope, Service};
use samtykke::{
    AuthorizationRequest, Callback, ClientAuthentication, ClientCredentials, Error, Exchange, Registration, Request, Response, Secret, Step,
};

use crate::by_hand::by_hand;
use crate::encode::base64url;

const NOW: u64 = 1_700_000_000;
const REDIRECT_URI: &str = "https://app.example.no/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const STATE: &str = "Xk3vQ0b1Zr8mN2p5T7w9Aa";

fn client() -> Registration {
    Registration::new(norskgjeld::profile(&Environment::preprod()), "eksempelbank-client", REDIRECT_URI).unwrap()
}

fn request() -> AuthorizationRequest {
    let scope = Scope::new(Purpose::Presentation).days(100).unwrap().openid();
    scope.request().state(STATE).nonce("n-0S6_WzA2MjAbCd").code_verifier(VERIFIER)
}

fn finish(query: &str) -> Result<samtykke::AuthorizationCode, Error> {
    let login = client().begin(request(), &[7; 96], NOW).unwrap();
    login.transaction.finish(&client(), Callback::Url(&format!("{REDIRECT_URI}?{query}&state={STATE}")), NOW)
}

fn sent(exchange: Exchange) -> Request {
    let mut exchange = by_hand(exchange);
    let Step::Send(request) = exchange.step(&[7; 32], 1_700_000_000).unwrap() else { panic!("a request") };
    assert_eq!(exchange.step(&[7; 32], 1_700_000_000).unwrap_err().code(), "transaction_used", "handed out once");
    request
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.iter().find(|(known, _)| *known == name).unwrap().1.expose()
}

#[test]
fn authorization_url() {
    let login = client().begin(request(), &[7; 96], NOW).unwrap();
    let expected = "https://access-preprod.norskgjeld.no/oauth2/auth?client_id=eksempelbank-client&response_type=code&scope=debt.unsecured.presentation.100%20openid&state=Xk3vQ0b1Zr8mN2p5T7w9Aa&redirect_uri=https%3A%2F%2Fapp.example.no%2Fcallback&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&nonce=n-0S6_WzA2MjAbCd";
    assert_eq!(login.url, expected);
}

#[test]
fn environments_are_whole() {
    for (environment, middle) in [(Environment::preprod(), "-preprod"), (Environment::production(), "")] {
        let profile = norskgjeld::profile(&environment);
        assert_eq!(profile.issuer, format!("https://access{middle}.norskgjeld.no/"));
        assert_eq!(profile.authorization_endpoint, format!("https://access{middle}.norskgjeld.no/oauth2/auth"));
        assert_eq!(profile.token_endpoint, format!("https://access{middle}.norskgjeld.no/oauth2/token"));
        for (service, path) in
            [(Service::Debt, "/v1/debt"), (Service::Agreement, "/v1/consent/agreement"), (Service::ConsentEvents, "/feed/v1/consent")]
        {
            assert_eq!(environment.audience(service), format!("https://api{middle}.norskgjeld.no{path}"));
        }
        assert!(!profile.development.is_on() && !profile.iss_parameter);
    }
    assert_eq!(Environment::from_name("preprod").unwrap(), Environment::preprod());
    assert_eq!(Environment::from_name("production").unwrap(), Environment::production());
    let local = Environment::from_name("http://localhost:4400 http://localhost:4401").unwrap();
    assert_eq!(norskgjeld::profile(&local).issuer, "http://localhost:4400/");
    assert!(norskgjeld::profile(&local).development.is_on());
    for odd in [
        "",
        "test",
        "http://op.example http://api.example",
        "https://op.example/ https://api.example",
        "https://op.example?x https://api.example",
        "https://op.example#x https://api.example",
    ] {
        assert_eq!(Environment::from_name(odd).unwrap_err().code(), "invalid_configuration", "{odd}");
    }
}

#[test]
fn basic_decodes_to_the_documented_pair() {
    let header = samtykke::protocol::client_auth::basic("eksempelbank-client", "a%b+c d:e/f~g");
    let ours = header.expose().strip_prefix("Basic ").unwrap();
    for encoded in
        [ours, "ZWtzZW1wZWxiYW5rLWNsaWVudDphJTI1YiUyQmMrZCUzQWUlMkZmJTdFZw==", "ZWtzZW1wZWxiYW5rLWNsaWVudDphJTI1YiUyQmMrZCUzQWUlMkZmfmc="]
    {
        use base64ct::{Base64, Encoding};
        let pair = String::from_utf8(Base64::decode_vec(encoded).unwrap()).unwrap();
        let (id, secret) = pair.split_once(':').unwrap();
        let decode = |text: &str| form_urlencoded::parse(format!("x={text}").as_bytes()).next().unwrap().1.into_owned();
        assert_eq!((&*decode(id), &*decode(secret)), ("eksempelbank-client", "a%b+c d:e/f~g"));
    }
    // The marks that all decoders read alike stay as they are: ids and base64url secrets travel unchanged.
    assert_eq!(
        samtykke::protocol::client_auth::basic("-._~!*'()", "x").expose(),
        format!("Basic {}", crate::encode::base64(b"-._~%21*%27%28%29:x"))
    );
}

#[test]
fn code_body() {
    let code = finish("code=abc.def&scope=debt.unsecured.presentation").unwrap();
    assert_eq!(code.granted_scope().as_deref(), Some("debt.unsecured.presentation"));
    assert_eq!((code.scope(), code.nonce()), ("debt.unsecured.presentation.100 openid", Some("n-0S6_WzA2MjAbCd")));
    let request = sent(Exchange::authorization_code(&client(), &ClientAuthentication::secret_basic("s"), code).unwrap());
    let body = format!(
        "grant_type=authorization_code&client_id=eksempelbank-client&redirect_uri=https%3A%2F%2Fapp.example.no%2Fcallback&code=abc.def&code_verifier={VERIFIER}"
    );
    assert_eq!(request.body.as_ref().unwrap().expose(), body);
    assert_eq!((request.method, &*request.url), ("POST", "https://access-preprod.norskgjeld.no/oauth2/token"));
    assert_eq!(header(&request, "content-type"), "application/x-www-form-urlencoded");
    assert_eq!(header(&request, "accept"), "application/json");
    assert_eq!(header(&request, "authorization"), samtykke::protocol::client_auth::basic("eksempelbank-client", "s").expose());
    assert!(!request.repeatable, "a code is never sent twice");
    assert_eq!(finish("code=abc.def").unwrap().granted_scope(), None);
}

#[test]
fn an_id_token_that_comes_is_verified_by_the_environment_s_keys() {
    let code = finish("code=abc.def").unwrap();
    let mut exchange = by_hand(Exchange::authorization_code(&client(), &ClientAuthentication::secret_basic("s"), code).unwrap());
    let Step::Send(_) = exchange.step(&[7; 32], NOW).unwrap() else { panic!("a request") };
    let part = |json: &str| base64url(json.as_bytes());
    let claims = format!(
        r#"{{"iss":"https://access-preprod.norskgjeld.no/","aud":["eksempelbank-client"],"sub":"s","nonce":"n-0S6_WzA2MjAbCd","iat":{NOW},"exp":{},"pid":"1","consent_id":"c"}}"#,
        NOW + 60
    );
    let token = format!("{}.{}.AAAA", part(r#"{"alg":"RS256","kid":"public:hydra.openid.id-token"}"#), part(&claims));
    let body = format!(r#"{{"access_token":"x","token_type":"bearer","id_token":"{token}"}}"#);
    exchange.receive(Response::new(200, Some("application/json"), &body));
    let Step::Send(keys) = exchange.step(&[7; 32], NOW).unwrap() else { panic!("its keys") };
    assert_eq!(keys.url, "https://access-preprod.norskgjeld.no/.well-known/jwks.json");
    // Without any keys the code is not sent.
    let mut profile = norskgjeld::profile(&Environment::preprod());
    profile.endpoints.jwks_uri = None;
    let unkeyed = Registration::new(profile, "eksempelbank-client", REDIRECT_URI).unwrap();
    let code = finish("code=abc.def").unwrap();
    let mut exchange = by_hand(Exchange::authorization_code(&unkeyed, &ClientAuthentication::secret_basic("s"), code).unwrap());
    assert_eq!(exchange.step(&[7; 32], NOW).unwrap_err().code(), "invalid_configuration");
}

#[test]
fn client_credentials_body() {
    let grant = ClientCredentials::new("debt.unsecured.presentation debt.unsecured.processing")
        .audience(Environment::preprod().audience(Service::Debt));
    let exchange = Exchange::client_credentials(&client(), &ClientAuthentication::secret_basic("s"), &grant).unwrap();
    assert!(!exchange.expectation().id_token);
    let request = sent(exchange);
    let body = "grant_type=client_credentials&audience=https%3A%2F%2Fapi-preprod.norskgjeld.no%2Fv1%2Fdebt&scope=debt.unsecured.presentation+debt.unsecured.processing";
    assert_eq!(request.body.unwrap().expose(), body);
    assert!(request.repeatable);
}

#[test]
fn callback_errors() {
    for (error, code, action) in [
        ("consent_denied", "consent_denied", Action::UserDeclined),
        ("login_cancelled", "login_cancelled", Action::UserCancelled),
        ("invalid_scope", "authorization_error", Action::FixConfiguration),
        ("invalid_scopes", "authorization_error", Action::FixConfiguration),
        ("unsupported_response_type", "authorization_error", Action::FixConfiguration),
        ("unauthorized_client", "authorization_error", Action::FixConfiguration),
        ("invalid_state", "authorization_error", Action::FixConfiguration),
        ("insufficient_entropy", "authorization_error", Action::FixConfiguration),
        ("invalid_request", "authorization_error", Action::FixConfiguration),
        ("server_error", "authorization_error", Action::TryLater),
        ("temporarily_unavailable", "authorization_error", Action::TryLater),
        ("request_forbidden", "authorization_error", Action::Restart),
        ("request_unauthorized", "authorization_error", Action::Restart),
        ("access_denied", "authorization_error", Action::UserDeclined),
        ("request_denied", "authorization_error", Action::Restart),
        ("login_required", "authorization_error", Action::Restart),
        ("consent_required", "authorization_error", Action::Restart),
        ("interaction_required", "authorization_error", Action::Restart),
        ("something_new", "authorization_error", Action::Restart),
    ] {
        let found = finish(&format!("error={error}&error_description=")).unwrap_err();
        assert_eq!((found.code(), found.action()), (code, action), "{error}");
        let oauth = found.oauth().unwrap();
        assert_eq!((&*oauth.error, oauth.description.as_deref()), (error, None));
        assert!(!found.retryable());
    }
}

#[test]
fn standard_callback_errors() {
    let profile = samtykke::Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    let client = Registration::new(profile, "client-1", REDIRECT_URI).unwrap();
    for (error, action) in [
        ("access_denied", Action::UserDeclined),
        ("server_error", Action::TryLater),
        ("temporarily_unavailable", Action::TryLater),
        ("invalid_request", Action::FixConfiguration),
        ("invalid_scope", Action::FixConfiguration),
        ("unauthorized_client", Action::FixConfiguration),
        ("unsupported_response_type", Action::FixConfiguration),
        ("login_required", Action::Restart),
    ] {
        let login = client.begin(AuthorizationRequest::new("read"), &[7; 96], NOW).unwrap();
        let answer = format!("{REDIRECT_URI}?error={error}&state={}", login.transaction.state());
        let found = login.transaction.finish(&client, Callback::Url(&answer), NOW).unwrap_err();
        assert_eq!((found.code(), found.action()), ("authorization_error", action), "{error}");
    }
}

#[test]
fn token_body() {
    let code = finish("code=abc.def").unwrap();
    let exchange = Exchange::authorization_code(&client(), &ClientAuthentication::secret_basic("s"), code).unwrap();
    let id_token = "eyJhbGciOiJSUzI1NiJ9.e30.AAAA";
    for more in ["", &format!(r#","id_token":"{id_token}""#)] {
        let body =
            format!(r#"{{"access_token":"x.y","expires_in":3599,"scope":"debt.unsecured.presentation","token_type":"bearer"{more}}}"#);
        let tokens = Tokens::judge(&Response::new(200, Some("application/json;charset=UTF-8"), &body), exchange.expectation()).unwrap();
        assert_eq!((tokens.access_token.expose(), tokens.expires_in), ("x.y", Some(3599)));
        assert_eq!(
            (tokens.scope.as_deref(), &*tokens.requested_scope),
            (Some("debt.unsecured.presentation"), "debt.unsecured.presentation.100 openid")
        );
        assert_eq!(tokens.id_token.as_ref().map(Secret::expose), (!more.is_empty()).then_some(id_token));
        assert!(tokens.others.is_empty());
    }
    // Hydra's legacy members beside an error are ignored.
    let legacy = r#"{"error":"invalid_grant","error_description":"used","error_hint":"h","status_code":400,"error_debug":"d"}"#;
    let error = Tokens::judge(&Response::new(400, Some("application/json"), legacy), &Expectation::default()).unwrap_err();
    assert_eq!((error.code(), &*error.oauth().unwrap().error, error.status()), ("token_error", "invalid_grant", Some(400)));
}

#[test]
fn scopes() {
    for (text, valid) in [
        ("debt.unsecured.presentation", true),
        ("debt.unsecured.processing openid", true),
        ("debt.unsecured.presentation.365", true),
        ("debt.unsecured.presentation.366", false),
        ("debt.unsecured.processing.28", true),
        ("debt.unsecured.processing.29", false),
        ("debt.unsecured.presentation.0", false),
        ("debt.unsecured.presentation.07", false),
        ("debt.unsecured.presentation.1", true),
        ("debt.unsecured.presentation.", false),
        ("debt.unsecured.presentation.1.1", false),
        ("debt.unsecured.presentation.65537", false),
        ("openid debt.unsecured.presentation", false),
        ("openid", false),
        ("", false),
        ("debt.unsecured.Presentation", false),
        ("debt.unsecured.presentation debt.unsecured.processing", false),
        ("debt.unsecured.presentation openid openid", false),
        ("debt.unsecured.presentation profile", false),
        ("debt.secured.presentation", false),
    ] {
        let begun = client().begin(AuthorizationRequest::new(text), &[7; 96], NOW);
        assert_eq!(begun.as_ref().err().map(Error::code), (!valid).then_some("invalid_scope"), "{text}");
        assert_eq!(Scope::parse(text).is_ok(), valid, "{text}");
        if valid {
            assert_eq!(Scope::parse(text).unwrap().text(), text);
        }
    }
    assert_eq!(Scope::new(Purpose::Processing).days(0).unwrap_err().code(), "invalid_scope");
    assert_eq!(Scope::new(Purpose::Processing).purpose(), Purpose::Processing);
}

#[test]
fn only_basic_is_taken() {
    for authentication in [ClientAuthentication::secret_post("s"), ClientAuthentication::None] {
        let error = Exchange::authorization_code(&client(), &authentication, finish("code=a").unwrap()).unwrap_err();
        assert_eq!((error.code(), error.expected_value()), ("invalid_configuration", Some("client_secret_basic")));
    }
}
