//! The exchange of a page: the code of a public client, which proves nothing but PKCE, for an access token.
//!
//! RFC 6749 section 4.1.3, RFC 7636 section 4.5. A machine of its own, of the same parts as the others: a page has no keys, no second
//! attempt and nothing to verify. Refuses logins, since an id_token has to be verified, and clients that the provider wants proof of.

use alloc::boxed::Box;
use alloc::string::String;

use super::outcome::{Live, Out};
use super::{Lines, browser, refused};
use crate::flow::machine::{Input, Kind, Machine, Moment, Spends};
use crate::flow::step::Step;
use crate::flow::token::{check_token_endpoint, spent_name};
use crate::ground::error::{Action, Error, Phase, Result, codes};
use crate::ground::http::Request;
use crate::ground::secret::Secret;
use crate::protocol::authorization::response::AuthorizationCode;
use crate::protocol::authorization::transaction::has_openid;
use crate::protocol::client_auth::{ClientAuthentication, check_method};
use crate::protocol::token::{Expectation, Tokens};

/// Sends the code once, and judges what came for it.
struct Public {
    request: Option<Request>,
    spends: String,
    expectation: Expectation,
    over: bool,
}

/// Client, then the code as its text.
pub(super) fn make(operation: &str, mut lines: Lines<'_>, _: u64, _: &[u8]) -> Result<Live> {
    if operation != "public" {
        return refused("a known operation");
    }
    let [_, _, _, url] = lines.clone().take();
    let client = browser::client(&mut lines)?;
    let code = AuthorizationCode::parse(lines.next())?;
    check_method(ClientAuthentication::None.method(), client.rules)?;
    check_token_endpoint(url, client.development)?;
    let form = code.form(&client)?;
    if has_openid(code.scope()) {
        let expected = "no openid: a page verifies no id_token";
        return Err(Error::new_expected(&codes::INVALID_CONFIGURATION, expected).at(Phase::Token));
    }
    let headers =
        alloc::vec![("accept", Secret::new("application/json")), ("content-type", Secret::new("application/x-www-form-urlencoded"))];
    let body = Some(Secret::new(form.into_string()));
    Ok(Box::new(Public {
        request: Some(Request { method: "POST", url: url.into(), headers, body, repeatable: false }),
        spends: spent_name(client.issuer, client.client_id, code.code().as_ref().map_or("", Secret::expose)),
        expectation: Expectation { scope: code.scope().into(), ..Expectation::default() },
        over: false,
    }))
}

impl Machine for Public {
    type Output = String;

    fn advance(&mut self, input: Input, _: &Moment<'_>) -> Result<Step<String>> {
        match (input, self.request.take()) {
            (Input::Start, Some(request)) => Ok(Step::Send(request)),
            (Input::Response(response), None) if !self.over => {
                self.over = true;
                let mut text = String::new();
                Tokens::judge(&response, &self.expectation)?.push(&mut text);
                Ok(Step::Done(text))
            }
            (Input::Failed(failure), None) if !self.over && failure.is_of(Kind::Send) => {
                self.over = true;
                let error = failure.error(Phase::Token, false);
                Err(if failure.loses(self.spends()) { error.advise(Action::Restart) } else { error })
            }
            (_, request) => {
                self.request = request;
                Err(Error::new(&codes::TRANSACTION_USED))
            }
        }
    }

    fn spends(&self) -> Option<Spends<'_>> {
        Some(Spends::Sent(&self.spends))
    }
}
