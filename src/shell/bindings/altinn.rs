//! Operations on Altinn's exchange of tokens.

use alloc::string::String;

use super::text::{push_line, push_request, response};
use super::{Lines, refused};
use crate::ground::error::Result;
use crate::ground::secret::Secret;
use crate::ground::text::decimal;
use crate::provider::altinn::{Environment, Issuer, judge, request};

/// `request`: environment, whose token, the token, whether it is of the test department; answers the request. `answer`: response lines,
/// then the body; answers the token and when it ends.
pub(super) fn call(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    match lines.next() {
        "request" => {
            let [environment, issuer, token, test] = lines.take();
            let Some(issuer) = Issuer::parse(issuer) else { return refused("issuer: maskinporten or id-porten") };
            push_request(text, &request(&Environment::from_name(environment)?, issuer, &Secret::new(token), !test.is_empty())?);
            Ok(())
        }
        "answer" => {
            let mut answer = response(&mut lines);
            answer.body = Secret::new(lines.0);
            let found = judge(&answer)?;
            push_line(text, found.token.expose());
            push_line(text, found.expires_at.map(decimal).as_deref().unwrap_or_default());
            Ok(())
        }
        _ => refused("a known operation"),
    }
}
