//! Servers that are named for development: http, and private hosts, where a program names them.

use samtykke::protocol::endpoint::{Development, is_endpoint};
use samtykke::{AuthorizationRequest, ClientAuthentication, Exchange, Profile, Registration, Step, Tokens};

use crate::by_hand::by_hand;
use crate::flow::{NOW, REDIRECT_URI, finish_as, refused};

#[test]
fn servers_named_for_development_are_taken_over_http() {
    let named = Development::origins(["http://keycloak:8080", "https://10.0.0.5"]);
    for url in
        ["http://keycloak:8080/token", "https://10.0.0.5/token", "http://localhost/t", "http://127.3.2.1:9/t", "http://op.localhost:9/t"]
    {
        assert!(is_endpoint(url, &named), "{url}");
        assert!(!is_endpoint(url, false), "{url}");
    }
    for url in [
        "http://keycloak/token",
        "http://keycloak.example:8080/token",
        "http://notlocalhost/t",
        "http://127.evil.example/t",
        "https://10.0.0.6/t",
    ] {
        assert!(!is_endpoint(url, &named), "{url}");
    }
    let mut profile = Profile::new("http://keycloak:8080/realms/x", "http://keycloak:8080/auth", "http://keycloak:8080/token");
    let client = |profile: &Profile| Registration::new(profile.clone(), "client-1", REDIRECT_URI);
    profile.development = true.into();
    refused(client(&profile), "invalid_configuration");
    for odd in ["keycloak:8080", "http://keycloak:8080/realms", "", "http://a:1,", "ftp://keycloak"] {
        profile.development = Development::origins(["http://keycloak:8080", odd]);
        assert!(refused(client(&profile), "invalid_configuration").expected_value().unwrap().starts_with("development: "), "{odd}");
    }
    profile.development = named;
    let client = client(&profile).unwrap();
    let code = finish_as(&client, AuthorizationRequest::new("read"), &format!("{REDIRECT_URI}?code=a&state=STATE")).unwrap();
    let exchange = Exchange::<Tokens>::authorization_code(&client, &ClientAuthentication::secret_basic("s"), code).unwrap();
    let Step::Send(request) = by_hand(exchange).step(&[7; 32], NOW).unwrap() else { panic!("a request") };
    assert_eq!(request.url, "http://keycloak:8080/token");
}
