//! Providers by clients that remember: norskgjeld and Maskinporten, by scripted answers.

use samtykke::jose::Algorithm;
use samtykke::native::SigningKey;
use samtykke::native::maskinporten::Maskinporten;
use samtykke::native::norskgjeld::Norskgjeld;
use samtykke::native::testing::{Clock, Scripted};
use samtykke::provider::norskgjeld::{Environment, Purpose, Scope, Service};
use samtykke::provider::{maskinporten, norskgjeld};
use samtykke::{Callback, ClientAuthentication};

use super::support::{NOW, parameter, run};

#[test]
fn norskgjeld_from_consent_to_debt() {
    run(async {
        let http = Scripted::new();
        let secret = ClientAuthentication::secret_basic("correct horse");
        let settings =
            |builder: samtykke::native::Builder| builder.redirect_uri("https://rp.example/cb").runtime(Clock::at(NOW)).http(http.clone());
        let norskgjeld = Norskgjeld::with(Environment::preprod(), "client-1", secret, settings).unwrap();
        let login = norskgjeld.begin(&Scope::new(Purpose::Presentation).days(100).unwrap()).await.unwrap();
        let callback = format!("https://rp.example/cb?code=c1&state={}", login.transaction.state());
        let _script = http.clone().json(200, r#"{"access_token":"a","token_type":"bearer"}"#);
        let tokens = norskgjeld.finish(login.transaction, Callback::Url(&callback)).await.unwrap();

        // A lookup is sent once, whatever comes of it; a status is asked for again.
        let _script = http.clone().json(503, "").json(200, r#"{"ssn":"14842249091","loans":[]}"#);
        http.sent();
        assert_eq!(norskgjeld.api(&tokens).debt().await.unwrap_err().code(), "api_error");
        assert_eq!(norskgjeld.api(&tokens).debt().await.unwrap().loans.len(), 0);
        let sent = http.sent();
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[0].headers()["authorization"], "Bearer a");
        assert!(sent[0].headers()["x-trace-id"].len() > 16 && sent[0].headers()["x-trace-id"] != sent[1].headers()["x-trace-id"]);

        // Tokens of its own, for a service.
        let _script = http.clone().json(200, r#"{"access_token":"own","token_type":"bearer"}"#);
        let wanted = norskgjeld.want(Service::ConsentEvents, "");
        assert_eq!(norskgjeld.token_source().get(wanted).await.unwrap().access_token.expose(), "own");
        let form = String::from_utf8(http.sent()[0].body().to_vec()).unwrap();
        let audience = norskgjeld::Environment::preprod().audience(Service::ConsentEvents);
        assert_eq!(parameter(&form, "audience").as_deref(), Some(audience.as_str()));
    });
}

#[test]
fn maskinporten_signs_each_question_anew() {
    run(async {
        let http = Scripted::new();
        let key = SigningKey::generate(Algorithm::RS256).unwrap().with_kid("key-1");
        let settings = |builder: samtykke::native::Builder| builder.runtime(Clock::at(NOW)).http(http.clone());
        let maskinporten = Maskinporten::with(maskinporten::Environment::test(), "client-1", key, settings).unwrap();
        let reused = r#"{"error":"invalid_grant","error_description":"MP-012: Grant is used before"}"#;
        let _script = http.clone().json(400, reused).json(200, r#"{"access_token":"a","token_type":"Bearer","expires_in":120}"#);
        let source = maskinporten.token_source();
        let wanted = samtykke::native::Wanted::new("difitest:api3").organisation("889640782");
        assert_eq!(source.get(wanted).await.unwrap().access_token.expose(), "a");
        let sent = http.sent();
        let assertions: Vec<_> =
            sent.iter().map(|request| parameter(std::str::from_utf8(request.body()).unwrap(), "assertion").unwrap()).collect();
        assert_eq!(assertions.len(), 2);
        assert_ne!(assertions[0], assertions[1]);
        let wrong = samtykke::native::Wanted::new("difitest:api3").audience("x");
        assert_eq!(source.get(wrong).await.unwrap_err().code(), "invalid_parameter");
        let es256 = SigningKey::generate(Algorithm::ES256).unwrap().with_kid("key-1");
        let other = Maskinporten::with(maskinporten::Environment::test(), "client-1", es256, |builder| builder.http(Scripted::new()));
        let refused = other.unwrap().token_source().get("difitest:api3").await.unwrap_err();
        assert_eq!(refused.code(), "invalid_configuration");
    });
}
