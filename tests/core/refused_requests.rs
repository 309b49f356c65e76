//! The authorization request: one test for each refusal, named after its number in the project's checklist.
//! Deleting the check fails the test.

use crate::flow::*;
use samtykke::{AuthorizationRequest, ClientAuthentication, ClientCredentials, Error, Exchange, Profile, Registration};

fn endpoint(url: &str) -> Result<Registration, Error> {
    let mut profile = profile();
    profile.authorization_endpoint = url.into();
    Registration::new(profile, "client-1", REDIRECT_URI)
}

#[test]
fn n001_endpoint_with_fragment_or_with_our_parameters() {
    for name in ["client_id", "state", "nonce", "%63lient_id", "request", "request_uri", "code_challenge", "response_mode", "%zz"] {
        let error = refused(endpoint(&format!("https://op.example/authorize?a=1&{name}=x")), "invalid_configuration");
        assert!(error.expected_value().unwrap().starts_with("authorization_endpoint"));
    }
    refused(endpoint("https://op.example/authorize#f"), "invalid_configuration");
    refused(endpoint("http://op.example/authorize"), "invalid_configuration");
    refused(endpoint("/authorize"), "invalid_configuration");
    let login = endpoint("https://op.example/authorize?tenant=1").unwrap().begin(read(), &random(), NOW).unwrap();
    assert!(login.url.starts_with("https://op.example/authorize?tenant=1&client_id="));
}

#[test]
fn n002_reserved_repeated_or_empty_parameters() {
    for name in [
        "client_id",
        "response_type",
        "response_mode",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "client_secret",
        "request",
        "request_uri",
    ] {
        assert_eq!(refused(begin(read().parameter(name, "x")), "reserved_parameter").actual_value(), Some(name));
    }
    refused(begin(read().parameter("ui_locales", "nb").parameter("ui_locales", "nn")), "invalid_parameter");
    refused(begin(read().parameter("ui_locales", "")), "invalid_parameter");
    refused(begin(read().parameter("", "x")), "invalid_parameter");
    assert!(begin(read().parameter("ui_locales", "nb nn")).unwrap().url.ends_with("&ui_locales=nb%20nn"));
}

#[test]
fn n003_redirect_uri_relative_with_fragment_userinfo_or_controls() {
    for odd in [
        "",
        "/cb",
        "cb",
        "//rp.example/cb",
        "https://rp.example/cb#",
        "https://rp.example/cb#f",
        "javascript:alert(1)",
        "data:text/html,x",
        "blob:https://rp.example/1",
        "vbscript:x",
        "https://user@rp.example/cb",
        "https://user:pw@rp.example/cb",
        "https://rp.example/\tcb",
        "https://rp.example/cb\n",
        "https://rp.example/\\cb",
        "https:///cb",
        "https:cb",
        "https://rp.example:99999/cb",
        "https://rp.example:/cb",
        "https://rp.example/cb?code=1",
        "https://rp.example/cb?%63ode=1",
        "https://rp.example/cb?state=1",
        "https://rp.example/cb?%zz=1",
        "https://rp.ex ample/cb",
        "https://[::1/cb",
        "https://[::g]/cb",
        "1http://rp.example/",
        "file:///cb",
    ] {
        let error = refused(Registration::new(profile(), "client-1", odd), "invalid_configuration");
        assert!(error.expected_value().unwrap().starts_with("redirect_uri"), "{odd}");
    }
    let client = Registration::new(profile(), "client-1", "https://rp.example/cb?a=%7E&b").unwrap();
    let login = client.begin(read(), &random(), NOW).unwrap();
    assert!(login.url.contains("&redirect_uri=https%3A%2F%2Frp.example%2Fcb%3Fa%3D%257E%26b&"), "byte for byte");
}

#[test]
fn n004_http_only_for_loopback() {
    for odd in [
        "http://rp.example/cb",
        "http://localhost:80@evil.example/",
        "http://localhost.evil.example/",
        "http://notlocalhost/cb",
        "http://127.evil.example/cb",
        "http://128.0.0.1/cb",
        "http://[::2]/cb",
    ] {
        refused(Registration::new(profile(), "client-1", odd), "invalid_configuration");
    }
    for fine in [
        "http://localhost:3000/cb",
        "http://LOCALHOST/cb",
        "http://app.localhost:3000/cb",
        "http://127.0.0.1:51004/cb",
        "http://127.3.2.1/cb",
        "http://[::1]/cb",
        "com.example.app:/cb",
        "https://rp.example",
    ] {
        let client = Registration::new(profile(), "client-1", fine).unwrap();
        assert_eq!((client.client_id(), client.redirect_uri(), &*client.profile().issuer), ("client-1", fine, ISSUER));
    }
    // The issuer and the endpoints may be on loopback with the development flag only.
    let mut local = Profile::new("http://localhost:4400/", "http://localhost:4400/auth", "http://localhost:4400/token");
    refused(Registration::new(local.clone(), "client-1", REDIRECT_URI), "invalid_configuration");
    local.development = true.into();
    assert!(Registration::new(local.clone(), "client-1", REDIRECT_URI).is_ok());
    local.issuer = "http://op.example/".into();
    refused(Registration::new(local, "client-1", REDIRECT_URI), "invalid_configuration");
}

#[test]
fn n005_issuer_and_client_id_are_exact() {
    for odd in ["https://op.example?x", "https://op.example#x", "op.example", "", "https://user@op.example"] {
        let mut profile = profile();
        profile.issuer = odd.into();
        assert!(
            refused(Registration::new(profile, "client-1", REDIRECT_URI), "invalid_configuration")
                .expected_value()
                .unwrap()
                .starts_with("issuer")
        );
    }
    for odd in ["", "a\tb", "å", "a\n"] {
        assert!(
            refused(Registration::new(profile(), odd, REDIRECT_URI), "invalid_configuration")
                .expected_value()
                .unwrap()
                .starts_with("client_id")
        );
    }
}

#[test]
fn n006_only_a_code_is_asked_for() {
    refused(begin(read().parameter("response_type", "token")), "reserved_parameter");
    assert_eq!(begin(read()).unwrap().url.matches("response_type=code&").count(), 1);
}

#[test]
fn n007_verifier_of_43_to_128_unreserved_characters() {
    for odd in ["", &"a".repeat(42), &"a".repeat(129), &format!("{}+", "a".repeat(43)), &format!("{} ", "a".repeat(43)), &"å".repeat(43)] {
        refused(begin(read().code_verifier(odd)), "invalid_parameter");
    }
    for fine in [&*"a".repeat(43), &"Z".repeat(128), "-._~0123456789012345678901234567890123456789"] {
        assert!(begin(read().code_verifier(fine)).is_ok(), "{fine}");
    }
}

#[test]
fn n008_s256_always() {
    refused(begin(read().parameter("code_challenge_method", "plain")), "reserved_parameter");
    refused(begin(read().parameter("code_challenge", "x")), "reserved_parameter");
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let url = begin(read().code_verifier(verifier)).unwrap().url;
    assert!(url.contains("&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"));
    assert!(!url.contains(verifier), "the verifier stays here");
}

#[test]
fn n009_verifier_state_and_nonce_are_new_and_apart() {
    let parts = |from: u8| {
        let request = AuthorizationRequest::new("openid");
        let login = client().begin(request, &core::array::from_fn(|at| from.wrapping_add(at as u8)), NOW).unwrap();
        let text = login.transaction.serialize().expose()["1 ".len()..].to_owned();
        let fields: Vec<String> = text.split(' ').map(String::from).collect();
        // With the nonce stand the max_age, if any, and the state, which an id_token must answer to.
        let (nonce, demands) = fields[4].split_once(',').unwrap();
        assert_eq!(demands, format!(",{}", fields[0]));
        [fields[0].clone(), nonce.into(), fields[5].clone()]
    };
    let (one, two) = (parts(0), parts(1));
    let mut all: Vec<String> = one.into_iter().chain(two).collect();
    assert!(all.iter().all(|text| text.len() == 43));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 6);
}

#[test]
fn n012_state_of_22_to_128_unreserved_characters() {
    for odd in ["", "abcdefgh", &"a".repeat(21), &"a".repeat(129), "aaaaaaaaaaaaaaaaaaaaaaaaaaa b", "aaaaaaaaaaaaaaaaaaaaaaaaaaa+"] {
        assert_eq!(refused(begin(read().state(odd)), "invalid_parameter").actual_value(), Some("state"), "{odd}");
    }
    for fine in ["a".repeat(22), "a".repeat(128), format!("-._~{}", "a".repeat(20))] {
        assert_eq!(begin(read().state(&fine)).unwrap().transaction.state(), fine);
    }
}

#[test]
fn n013_nonce_of_16_to_128_unreserved_characters() {
    for odd in ["", "short", &"a".repeat(15), &"a".repeat(129), "aaaaaaaaaaaaaaaaaaaaaaaaaaa&"] {
        assert_eq!(refused(begin(read().nonce(odd)), "invalid_parameter").actual_value(), Some("nonce"), "{odd}");
    }
    let url = begin(AuthorizationRequest::new("read openid").nonce("a".repeat(16))).unwrap().url;
    assert!(url.contains(&format!("&nonce={}", "a".repeat(16))));
    assert!(!begin(read()).unwrap().url.contains("nonce="), "nothing to bind without openid");
}

#[test]
fn n014_prompt_and_max_age() {
    for odd in ["none login", "login none", "none none", " login", "login  consent", "login "] {
        refused(begin(read().parameter("prompt", odd)), "invalid_parameter");
    }
    for odd in ["x", "-1", "1.5", "1e3", "1234567890"] {
        refused(begin(read().parameter("max_age", odd)), "invalid_parameter");
    }
    for (name, fine) in
        [("prompt", "none"), ("prompt", "login consent"), ("max_age", "0"), ("max_age", "123456789"), ("prompt", "nonesuch")]
    {
        assert!(begin(read().parameter(name, fine)).is_ok(), "{name}={fine}");
    }
    // Whether somebody is freshly signed in is a fair question: the server's `login_required` is the answer.
    assert!(begin(read().parameter("max_age", "0").parameter("prompt", "none")).is_ok());
    assert!(begin(read().parameter("max_age", "0").parameter("prompt", "login")).is_ok());
}

#[test]
fn n015_scope_tokens() {
    for odd in [" ", " a", "a ", "a  b", "a\"b", "a\\b", "a\tb", "a\nb", "å", "a\u{7f}"] {
        refused(begin(AuthorizationRequest::new(odd)), "invalid_scope");
        refused(
            Exchange::client_credentials(&client(), &ClientAuthentication::secret_basic("s"), &ClientCredentials::new(odd)),
            "invalid_scope",
        );
    }
    for fine in ["", "a", "a b", "!#[]~ $:/"] {
        assert!(begin(AuthorizationRequest::new(fine)).is_ok(), "{fine}");
    }
    assert!(!begin(AuthorizationRequest::new("")).unwrap().url.contains("scope="), "nothing is sent empty");
}

#[test]
fn n016_resource_absolute_without_fragment() {
    for odd in ["/r", "rs.example", "https://rs.example/#f", "https://rs.example/#", "https://user@rs.example/"] {
        refused(begin(read().parameter("resource", odd)), "invalid_parameter");
    }
    let url = begin(read().parameter("resource", "https://a.example").parameter("resource", "urn:x:y")).unwrap().url;
    assert!(url.ends_with("&resource=https%3A%2F%2Fa.example&resource=urn%3Ax%3Ay"));
}

#[test]
fn n017_authorization_details_and_claims() {
    for odd in ["null", "{}", "[1]", "[{}]", r#"[{"type":1}]"#, "[", r#"[{"type":"a"},{}]"#, r#"[{"type":"a","type":"b"}]"#] {
        refused(begin(read().parameter("authorization_details", odd)), "invalid_parameter");
    }
    assert!(begin(read().parameter("authorization_details", r#"[{"type":"a"}]"#)).is_ok());
    for odd in ["null", "[]", "x", "{"] {
        refused(begin(read().parameter("claims", odd)), "invalid_parameter");
    }
    assert!(begin(read().parameter("claims", r#"{"id_token":{}}"#)).is_ok());
}
