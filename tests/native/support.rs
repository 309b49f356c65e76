//! What several tests use: a profile, a way to run futures, id_tokens that are signed.

use std::future::Future;
use std::sync::OnceLock;

use base64ct::{Base64UrlUnpadded, Encoding};
use samtykke::Profile;
use samtykke::jose::{Algorithm, Signer};
use samtykke::signer::native::NativeKey;

pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) fn profile() -> Profile {
    let mut profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    profile.endpoints.jwks_uri = Some("https://op.example/jwks".into());
    profile.endpoints.userinfo = Some("https://op.example/userinfo".into());
    profile.endpoints.end_session = Some("https://op.example/logout".into());
    profile
}

/// Runs a future on a runtime of several threads.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}

/// The server's key.
pub(crate) fn server_key() -> &'static NativeKey {
    static KEY: OnceLock<NativeKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let key = NativeKey::generate(Algorithm::from_name("ES256").unwrap()).unwrap();
        key.with(|info| Ok(info.kid("key-1"))).unwrap()
    })
}

/// The server's key set.
pub(crate) fn key_set() -> String {
    let info = server_key().info();
    format!(r#"{{"keys":[{}]}}"#, info.public.clone().with_name(info.kid.as_deref(), Some(info.alg)).to_json())
}

/// An id_token of the server's, with further members.
pub(crate) fn id_token(nonce: &str, more: &str) -> String {
    let (iat, exp) = (NOW, NOW + 300);
    let payload =
        format!(r#"{{"iss":"https://op.example","aud":"client-1","sub":"kari","iat":{iat},"exp":{exp},"nonce":"{nonce}"{more}}}"#);
    signed(&payload)
}

/// A JWT of the server's.
pub(crate) fn signed(payload: &str) -> String {
    let header = r#"{"alg":"ES256","kid":"key-1"}"#;
    let input = format!("{}.{}", Base64UrlUnpadded::encode_string(header.as_bytes()), Base64UrlUnpadded::encode_string(payload.as_bytes()));
    let signature = server_key().sign(input.as_bytes()).unwrap();
    format!("{input}.{}", Base64UrlUnpadded::encode_string(&signature))
}

/// A parameter of a URL or a form.
pub(crate) fn parameter(text: &str, name: &str) -> Option<String> {
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    form_urlencoded::parse(query.as_bytes()).find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}
