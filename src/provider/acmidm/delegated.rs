//! The delegated variant (ACG): a code for another API in a person's name, asked for with the token of their login.
//!
//! Facts of authenticatie.vlaanderen.be/docs (rest-acg/aanvraag-code, rest-acg/aanvraag-access-token); RFC 6750, RFC 9207.
//! Refuses a token on its way to another origin, redirects, answers that are no JSON, another state or issuer, and other tokens.

use alloc::string::String;
use alloc::vec;

use crate::ground::error::shown::oauth_error;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::form::Form;
use crate::ground::http::{Request, Response};
use crate::ground::json::Value;
use crate::ground::octet::is_visible;
use crate::ground::secret::Secret;
use crate::ground::text::word;
use crate::protocol::answer::Answer;
use crate::protocol::authorization::request::{AuthorizationRequest, Login, RANDOM_OCTETS};
use crate::protocol::authorization::response::AuthorizationCode;
use crate::protocol::authorization::transaction::{self, Fields};
use crate::protocol::client::{Registration, Settings};
use crate::protocol::syntax::RESPONSE_PARAMETERS;
use crate::protocol::syntax::is_error_code;
use crate::protocol::syntax::is_token68;
use crate::provider::table::join;

/// Octets of an answer; a callback may have as many.
const MAX_ANSWER: usize = 32 << 10;
/// Seconds between begin and the answer: nobody is asked anything.
const LIFETIME: u32 = 60;

/// The scope of a delegated request: the API by its client id, then what is wanted of it.
///
/// `api` is the API's ClientID, never your own. `scope` may be empty.
///
/// # Errors
/// `invalid_parameter` for an id that is none, or the client's own.
///
/// ```
/// use samtykke::provider::acmidm::delegated_scope;
/// assert_eq!(delegated_scope("my-client", "api-1", "vo")?, "audience:server:client_id:api-1 vo");
/// assert!(delegated_scope("my-client", "my-client", "").is_err());
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn delegated_scope(client_id: &str, api: &str, scope: &str) -> Result<String> {
    // A space would make two scopes of one.
    if api == client_id || !is_visible(api) {
        return Err(Error::new(&codes::INVALID_PARAMETER).expected("api: the ClientID API, another than the client's own"));
    }
    let mut text = join("audience:server:client_id:", api);
    if !scope.is_empty() {
        text.push(' ');
        text.push_str(scope);
    }
    Ok(text)
}

/// A delegated request that has begun: send it with the person's token, judge the answer, and exchange the code at once, since it
/// lives 30 seconds.
///
/// ```
/// use samtykke::{ClientAuthentication, Exchange, Registration, Response, Secret};
/// use samtykke::provider::acmidm::{self, Delegation, Environment};
/// # fn http(request: &samtykke::Request) -> Response {
/// #     let state = request.url.split("&state=").nth(1).unwrap().split('&').next().unwrap();
/// #     Response::new(200, Some("application/json"), &format!(r#"{{"code":"abc","state":"{state}"}}"#))
/// # }
/// # fn now() -> u64 { 1_700_000_000 }
/// let client = Registration::new(acmidm::profile(&Environment::ti()), "my-client", "https://app.example.be/callback")?;
/// let login_token = Secret::new("the access token of the login");
/// # let login_token = Secret::new("x.y");
/// let delegation = Delegation::begin(&client, "api-1", "", &[7; 96], now())?; // random octets from the host
/// let request = delegation.request(&client, &login_token)?;
/// assert_eq!(request.headers[1].1.expose(), "Bearer x.y");
/// let code = delegation.finish(&client, &http(&request), now())?;
/// let exchange = Exchange::authorization_code(&client, &ClientAuthentication::secret_post("s"), code)?;
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Debug)]
pub struct Delegation(Login);

impl Delegation {
    /// Begins one for an API, by its client id, and for what is wanted of it beside (`scope` may be empty). `random` comes from
    /// the host's generator, `now` is in seconds since 1970.
    ///
    /// # Errors
    /// `invalid_parameter`, `invalid_scope`; `invalid_configuration` for a client that no person logs in with.
    pub fn begin(client: &Registration, api: &str, scope: &str, random: &[u8; RANDOM_OCTETS], now: u64) -> Result<Self> {
        let scope = delegated_scope(&client.client_id, api, scope)?;
        client.begin(AuthorizationRequest::new(scope).lifetime(LIFETIME), random, now).map(Self)
    }

    /// The request: the authorization endpoint as it is, with the person's token as bearer. Follow no redirect.
    ///
    /// # Errors
    /// `resource_refused` where the endpoint is not on the issuer's origin; `invalid_parameter` for a token that is none.
    pub fn request(&self, client: &Registration, token: &Secret) -> Result<Request> {
        request(&client.settings(), &self.0.url, token.expose())
    }

    /// Judges the answer, and gives the code for [`Exchange::authorization_code`](crate::Exchange::authorization_code).
    ///
    /// # Errors
    /// `token_invalid` when the person's token was refused; `authorization_error` with the server's error; `redirect_refused`,
    /// `content_type_unexpected`, `http_status_unexpected`; those of a callback, such as `state_mismatch` and `callback_malformed`.
    pub fn finish(self, client: &Registration, response: &Response, now: u64) -> Result<AuthorizationCode> {
        let Login { transaction, .. } = self.0;
        let parameters = parameters(&transaction.fields(), response)?;
        transaction.finish_answer(client, &parameters, now).map_err(|error| error.http(response))
    }
}

/// The request for a code, of a URL that was begun.
pub(crate) fn request(client: &Settings<'_>, url: &str, token: &str) -> Result<Request> {
    let at = |error: Error| error.at(Phase::Authorization);
    let (scheme, rest) = client.issuer.split_once("://").unwrap_or_default();
    let origin = join(&join(scheme, "://"), rest.split('/').next().unwrap_or_default());
    crate::flow::resource::check(url, &[&origin], client.development).map_err(at)?;
    if !is_token68(token) {
        return Err(at(Error::new(&codes::INVALID_PARAMETER).expected("the access token of a login: token68")));
    }
    let headers = vec![("accept", Secret::new("application/json")), ("authorization", Secret::new(join("Bearer ", token)))];
    Ok(Request { method: "GET", url: url.into(), headers, body: None, repeatable: false })
}

fn malformed(response: &Response) -> Error {
    Error::new(&codes::CALLBACK_MALFORMED).http(response).expected("one JSON object: code and state, or an error")
}

/// The answer's members that are response parameters, as the text of a callback.
pub(crate) fn parameters(fields: &Fields<'_>, response: &Response) -> Result<String> {
    let answer = Answer { response, malformed: &codes::CALLBACK_MALFORMED };
    let fail = |kind| answer.fail(kind).at(Phase::Authorization);
    let successful = response.status == 200;
    if response.is_redirect() {
        return Err(
            fail(&codes::REDIRECT_REFUSED).expected("JSON: a redirect asks a person to log in, so the token counts for nothing here")
        );
    }
    if response.body.expose().len() > MAX_ANSWER {
        return Err(fail(&codes::CALLBACK_TOO_LARGE));
    }
    let object = match response.status {
        200 if response.is_json() => answer.object()?,
        200 => return Err(fail(&codes::CONTENT_TYPE_UNEXPECTED).expected("application/json")),
        400..=499 => answer.object().unwrap_or(Value::Null),
        _ => return Err(fail(&codes::HTTP_STATUS_UNEXPECTED)),
    };
    let error = object.text("error").filter(|error| is_error_code(error));
    if response.status == 401 {
        let refused = fail(&codes::TOKEN_INVALID).expected("the access token of a person's login here, not expired");
        return Err(match error {
            Some(error) => refused.oauth_error(oauth_error(error.as_bytes(), object.text("error_description").map(str::as_bytes), None)),
            None => refused,
        });
    }
    // What is no answer of the server's own says nothing but its status.
    if !successful && error.is_none() {
        return Err(fail(&codes::HTTP_STATUS_UNEXPECTED));
    }
    let mut form = Form::new();
    for member in object.members() {
        if word(RESPONSE_PARAMETERS, member.name.as_bytes()).is_some() {
            let Some(text) = member.value.as_str() else { return Err(malformed(response)) };
            form.push(&member.name, text);
        }
    }
    // A refusal came over the very connection that asked; one that names a state must name this one.
    if !successful && object.get("state").is_none() {
        form.push("state", fields[transaction::STATE]);
    }
    Ok(form.into_string())
}
