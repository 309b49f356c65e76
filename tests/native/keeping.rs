//! What several processes share and keep: one exchange of a code, keys, certificates that a connection presents; and spans.

use std::sync::Arc;
use std::time::Duration;

use samtykke::error::ErrorKind;
use samtykke::jose::Algorithm;
use samtykke::native::testing::{Clock, Scripted};
use samtykke::native::{BoxFuture, Client, Http, MemoryStore, SealKeys, SigningKey, TransportError, bytes::Bytes, http};
use samtykke::protocol::profile::Profile;
use samtykke::{AuthorizationRequest, Callback, ClientAuthentication, Transaction};

use super::support::{NOW, profile, run};

const KEYS: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

fn client(http: impl Http + 'static) -> Client {
    let secret = ClientAuthentication::secret_basic("correct horse");
    let builder = Client::with_profile(profile(), "client-1").redirect_uri("https://rp.example/cb").authentication(secret);
    builder.runtime(Clock::at(NOW)).http(http).build_known().unwrap()
}

#[test]
fn one_of_many_processes_exchanges_a_code() {
    run(async {
        let http = Scripted::new().json(200, r#"{"access_token":"a","token_type":"Bearer"}"#);
        let (one, other) = (client(http.clone()), client(http.clone()));
        let login = one.begin(AuthorizationRequest::new("read")).await.unwrap();
        let (stored, state) = (login.transaction.serialize(), login.transaction.state().to_owned());
        let callback = format!("https://rp.example/cb?code=c&state={state}");
        let store = MemoryStore::new();
        let finish = async |client: &Client| {
            client.finish_once(Transaction::restore(stored.expose()).unwrap(), Callback::Url(&callback), &store).await
        };
        assert!(finish(&one).await.is_ok());
        let second = finish(&other).await.unwrap_err();
        assert_eq!((second.code(), second.kind()), ("transaction_used", ErrorKind::Callback));
        assert_eq!(http.sent().len(), 1);
        // An answer that fits nothing claims nothing.
        let wrong = callback.replace("state=", "state=x");
        let login = one.begin(AuthorizationRequest::new("read")).await.unwrap();
        assert_eq!(one.finish_once(login.transaction, Callback::Url(&wrong), &store).await.unwrap_err().code(), "state_mismatch");
    });
}

#[test]
fn a_generated_key_can_be_stored_and_shared() {
    run(async {
        for name in ["ES256", "ES384", "ES512", "EdDSA", "RS256", "PS256"] {
            let alg = Algorithm::from_name(name).unwrap();
            let (key, pem) = SigningKey::generate_stored(alg).unwrap();
            assert_eq!(SigningKey::from_pem(pem.expose(), alg).unwrap().info().public, key.info().public, "{name}");
            assert!(!format!("{key:?}{pem:?}").contains("PRIVATE"));
        }
        let keys: SealKeys = KEYS.parse().unwrap();
        let store = Arc::new(MemoryStore::new());
        let life = Duration::from_secs(3600);
        let shared = async |keys: &SealKeys, name: &str| SigningKey::shared(&*store, keys, name, Algorithm::ES256, life).await;
        let (one, other) = tokio::join!(shared(&keys, "dpop"), shared(&keys, "dpop"));
        assert_eq!(one.unwrap().info().public, other.unwrap().info().public);
        let apart = shared(&keys, "other").await.unwrap();
        assert_ne!(apart.info().public, shared(&keys, "dpop").await.unwrap().info().public);
        let strange: SealKeys = KEYS.replace("AAEC", "AQEC").parse().unwrap();
        assert_eq!(shared(&strange, "dpop").await.unwrap_err().code(), "key_refused");
        // A source may be shared with such a key, and not with one of this process alone.
        let build = |key| Client::with_profile(profile().for_machines(), "c").dpop(key).http(Scripted::new()).build_known().unwrap();
        let source = |key| samtykke::native::TokenSource::new(&build(key)).store(Shared);
        assert!(source(apart).is_ok());
        assert_eq!(source(SigningKey::generate(Algorithm::ES256).unwrap()).unwrap_err().code(), "invalid_configuration");
    });
}

/// A store that others see.
struct Shared;

impl samtykke::native::TokenStore for Shared {
    fn read<'a>(&'a self, _: &'a str) -> samtykke::native::StoreFuture<'a, Option<samtykke::native::Kept>> {
        Box::pin(async { Ok(None) })
    }
    fn lock<'a>(&'a self, _: &'a str, _: Duration) -> samtykke::native::StoreFuture<'a, Option<samtykke::native::Lock>> {
        Box::pin(async { Ok(None) })
    }
    fn write<'a>(&'a self, _: &'a str, _: &'a str, _: &'a samtykke::Secret, _: Duration) -> samtykke::native::StoreFuture<'a, bool> {
        Box::pin(async { Ok(false) })
    }
    fn unlock<'a>(&'a self, _: &'a str, _: &'a str) -> samtykke::native::StoreFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }
    fn compare_and_set<'a>(
        &'a self,
        _: &'a str,
        _: Option<&'a samtykke::Secret>,
        _: &'a samtykke::Secret,
        _: Duration,
    ) -> samtykke::native::StoreFuture<'a, bool> {
        Box::pin(async { Ok(true) })
    }
    fn delete<'a>(&'a self, _: &'a str) -> samtykke::native::StoreFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}

#[cfg(feature = "axum")]
#[test]
fn a_key_of_this_process_and_a_shared_store_are_refused_when_an_edge_is_built() {
    let build = |key| {
        let secret = ClientAuthentication::secret_basic("correct horse");
        let builder = Client::with_profile(profile(), "client-1").redirect_uri("https://rp.example/cb").authentication(secret);
        let client = builder.dpop(key).http(Scripted::new()).build_known().unwrap();
        samtykke::native::edge::Edge::builder(client, KEYS.parse().unwrap()).store(Shared).build().map(|_| ())
    };
    assert_eq!(build(SigningKey::generate(Algorithm::ES256).unwrap()).unwrap_err().code(), "invalid_configuration");
    assert!(build(SigningKey::generate_stored(Algorithm::ES256).unwrap().0).is_ok());
}

/// An adapter whose connections present a certificate.
struct Certified(Scripted);

impl Http for Certified {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<samtykke::native::Body>, TransportError>> {
        self.0.send(request)
    }

    fn has_certificate(&self) -> bool {
        true
    }
}

#[test]
fn who_authenticates_by_a_certificate_has_one_and_goes_where_it_is_taken() {
    run(async {
        let aliased = || -> Profile {
            let mut profile = profile().for_machines();
            profile.endpoints.mtls_aliases = vec![("token_endpoint".into(), "https://mtls.op.example/token".into())];
            profile
        };
        let build = |authentication: ClientAuthentication| Client::with_profile(aliased(), "client-1").authentication(authentication);
        let without = build(ClientAuthentication::Tls).http(Scripted::new()).build_known().unwrap_err();
        assert_eq!(without.code(), "invalid_configuration");
        let grant = samtykke::ClientCredentials::new("read");
        for authentication in [ClientAuthentication::Tls, ClientAuthentication::secret_post("correct horse")] {
            let http = Scripted::new().json(200, r#"{"access_token":"a","token_type":"Bearer"}"#);
            let client = build(authentication).http(Certified(http.clone())).build_known().unwrap();
            client.client_credentials(&grant, &Default::default()).await.unwrap();
            assert_eq!(http.sent()[0].uri(), "https://mtls.op.example/token");
        }
        let http = Scripted::new().json(200, r#"{"access_token":"a","token_type":"Bearer"}"#);
        let client = build(ClientAuthentication::secret_post("correct horse")).http(http.clone()).build_known().unwrap();
        client.client_credentials(&grant, &Default::default()).await.unwrap();
        assert_eq!(http.sent()[0].uri(), "https://op.example/token");
    });
}

#[cfg(feature = "tracing")]
#[test]
fn spans_name_a_host_and_a_status_and_no_secret() {
    use std::fmt::{Debug, Write};
    use std::sync::Mutex;
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};

    /// Writes down all that a span says.
    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<String>>);

    impl Visit for Seen {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            write!(self.0.lock().unwrap(), "{}={value:?} ", field.name()).unwrap();
        }
    }

    impl tracing::Subscriber for Seen {
        fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
            metadata.target().starts_with("samtykke")
        }
        fn new_span(&self, attributes: &Attributes<'_>) -> Id {
            write!(self.0.lock().unwrap(), "{} ", attributes.metadata().name()).unwrap();
            attributes.record(&mut self.clone());
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, values: &Record<'_>) {
            values.record(&mut self.clone());
        }
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &tracing::Event<'_>) {
            event.record(&mut self.clone());
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    let seen = Seen::default();
    tracing::subscriber::with_default(seen.clone(), || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let http = Scripted::new().json(200, r#"{"access_token":"S3CRET","token_type":"Bearer","refresh_token":"S3CRET-r"}"#).fails();
            let client = client(http);
            let login = client.begin(AuthorizationRequest::new("read")).await.unwrap();
            let callback = format!("https://rp.example/cb?code=S3CRET&state={}", login.transaction.state());
            let tokens = client.finish(login.transaction, Callback::Url(&callback)).await.unwrap();
            assert_eq!(client.refresh(&tokens).await.unwrap_err().code(), "network_error");
        });
    });
    let text = seen.0.lock().unwrap().clone();
    assert_eq!(text.matches("samtykke.request").count(), 2, "{text}");
    assert!(text.contains(r#"host="op.example""#) && text.contains("status=200") && text.contains("failure=Network"), "{text}");
    assert!(!text.contains("S3CRET") && !text.contains("correct horse") && !text.contains("/token"), "{text}");
}

#[test]
fn metadata_are_read_again_after_a_day_and_the_old_ones_serve_meanwhile() {
    run(async {
        let metadata = |token: &str| {
            let at = "https://op.example";
            format!(r#"{{"issuer":"{at}","authorization_endpoint":"{at}/a","token_endpoint":"{at}/{token}","jwks_uri":"{at}/j"}}"#)
        };
        let tokens = r#"{"access_token":"a","token_type":"Bearer"}"#;
        let (http, clock) = (Scripted::new().json(200, &metadata("one")), Clock::at(NOW));
        let secret = ClientAuthentication::secret_basic("correct horse");
        let builder = Client::discover("https://op.example", "client-1").authentication(secret);
        let client = builder.runtime(clock.clone()).http(http.clone()).build().await.unwrap();
        let asked = async || {
            let grant = samtykke::ClientCredentials::new("read");
            client.client_credentials(&grant, &Default::default()).await.unwrap();
            http.sent().iter().map(|request| request.uri().path().rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        http.sent();
        clock.advance(Duration::from_secs(86_399));
        let _script = http.clone().json(200, tokens);
        assert_eq!(asked().await, ["one"]);
        // A server that does not tell is asked again in a minute, and the old address serves.
        clock.advance(Duration::from_secs(1));
        let _script = http.clone().json(503, "").json(200, tokens).json(200, tokens);
        assert_eq!(asked().await, ["openid-configuration", "one"]);
        assert_eq!(asked().await, ["one"]);
        clock.advance(Duration::from_secs(60));
        let _script = http.clone().json(200, &metadata("two")).json(200, tokens).json(200, tokens);
        assert_eq!(asked().await, ["openid-configuration", "two"]);
        assert_eq!(asked().await, ["two"], "good for a day again");
        // Another issuer's metadata are none.
        clock.advance(Duration::from_secs(86_400));
        let _script =
            http.clone().json(200, &metadata("x").replace(r#""issuer":"https://op"#, r#""issuer":"https://evil"#)).json(200, tokens);
        assert_eq!(asked().await, ["openid-configuration", "two"]);
    });
}
