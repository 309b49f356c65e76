//! A client, a flow and its answers, as the tests of refusals begin them.

use samtykke::{AuthorizationCode, AuthorizationRequest, Callback, Error, Login, Profile, Registration};

pub(crate) const NOW: u64 = 1_700_000_000;
pub(crate) const ISSUER: &str = "https://op.example";
pub(crate) const REDIRECT_URI: &str = "https://rp.example/cb";

pub(crate) fn profile() -> Profile {
    Profile::new(ISSUER, "https://op.example/authorize", "https://op.example/token")
}

pub(crate) fn client() -> Registration {
    Registration::new(profile(), "client-1", REDIRECT_URI).unwrap()
}

pub(crate) fn random() -> [u8; 96] {
    core::array::from_fn(|at| at as u8)
}

pub(crate) fn begin(request: AuthorizationRequest) -> Result<Login, Error> {
    client().begin(request, &random(), NOW)
}

pub(crate) fn read() -> AuthorizationRequest {
    AuthorizationRequest::new("read")
}

#[track_caller]
pub(crate) fn refused<T>(result: Result<T, Error>, code: &str) -> Error {
    let Err(error) = result else { panic!("accepted, not {code}") };
    assert_eq!(error.code(), code, "{error}");
    error
}

/// Finishes a flow begun with `request`: `answer` gets the state in place of `STATE`.
pub(crate) fn finish_as(client: &Registration, request: AuthorizationRequest, answer: &str) -> Result<AuthorizationCode, Error> {
    let transaction = client.begin(request, &random(), NOW)?.transaction;
    let answer = answer.replace("STATE", transaction.state());
    transaction.finish(client, Callback::Url(&answer), NOW)
}

pub(crate) fn finish(answer: &str) -> Result<AuthorizationCode, Error> {
    finish_as(&client(), read(), answer)
}

pub(crate) fn checked() -> AuthorizationCode {
    finish(&format!("{REDIRECT_URI}?code=a&state=STATE")).unwrap()
}
