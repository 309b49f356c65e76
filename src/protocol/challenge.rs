//! `WWW-Authenticate` as typed challenges: why a server refused a request, and what it asks for instead.
//!
//! RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9449 section 7.1, RFC 9470 section 3, RFC 9728 section 5.1.
//! Refuses unclosed quotes, control characters, junk, parameters given twice, over 16 kB or 64 parameters. Linear time.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::shown::oauth_error;
use crate::ground::error::{Error, OAuthError, Result, codes};
use crate::ground::text::number;
use crate::protocol::syntax::is_error_code;

/// The longest header that is read, in octets.
const MAX_HEADER: usize = 16 * 1024;
/// The most parameters of one challenge. Bounds the look for duplicates, so that reading stays linear.
const MAX_PARAMETERS: usize = 64;

/// One way to authenticate that a server offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme in lower case, such as `bearer` or `dpop`.
    pub scheme: String,
    /// The one value some schemes have in place of parameters, such as `Negotiate YII=`.
    pub token68: Option<String>,
    /// Names in lower case and values, in the order they came; no name twice. Untrusted text.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Reads a `WWW-Authenticate` value: all challenges, in their order. Several header fields are joined by a comma first.
    ///
    /// # Errors
    /// `challenge_malformed`.
    ///
    /// ```
    /// use samtykke::protocol::challenge::Challenge;
    /// let found = Challenge::parse(r#"Bearer, DPoP error="use_dpop_nonce", algs="ES256 PS256""#)?;
    /// assert_eq!((found[0].scheme.as_str(), found[1].scheme.as_str()), ("bearer", "dpop"));
    /// assert_eq!(found[1].parameter("algs"), Some("ES256 PS256"));
    /// assert_eq!(found[1].error().map(|error| error.error), Some("use_dpop_nonce".into()));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn parse(header: &str) -> Result<Vec<Self>> {
        let mut reader = Reader::new(header);
        let found = if header.len() > MAX_HEADER { None } else { reader.challenges() };
        found.filter(|found| !found.is_empty()).ok_or_else(|| Error::new(&codes::CHALLENGE_MALFORMED))
    }

    /// Whether this is a scheme, in any case.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// A parameter's value, unquoted; the name in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The OAuth error, when there is one (RFC 6750 section 3.1); its texts are made harmless, not trusted.
    pub fn error(&self) -> Option<OAuthError> {
        let error = self.parameter("error").filter(|error| is_error_code(error))?;
        let octets = |name| self.parameter(name).map(str::as_bytes);
        Some(oauth_error(error.as_bytes(), octets("error_description"), octets("error_uri")))
    }

    /// Seconds since the person last authenticated that the server allows (RFC 9470 section 3).
    pub fn max_age(&self) -> Option<u64> {
        number(self.parameter("max_age")?)
    }
}

/// Goes over the header once, a step for each character taken; only the name at a list's head is looked at twice.
struct Reader<'a> {
    rest: &'a str,
    #[cfg(test)]
    steps: usize,
}

/// tchar (RFC 9110 section 5.6.2).
fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

impl<'a> Reader<'a> {
    fn new(header: &'a str) -> Self {
        Self {
            rest: header,
            #[cfg(test)]
            steps: 0,
        }
    }

    /// Takes the characters that fit, none perhaps. All that are asked for here are ASCII.
    fn take(&mut self, fits: fn(u8) -> bool) -> &'a str {
        let length = self.rest.bytes().position(|octet| !fits(octet)).unwrap_or(self.rest.len());
        #[cfg(test)]
        {
            self.steps = self.steps.saturating_add(length).saturating_add(1);
        }
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        taken
    }

    fn is_next(&self, octet: u8) -> bool {
        self.rest.bytes().next() == Some(octet)
    }

    fn challenges(&mut self) -> Option<Vec<Challenge>> {
        let mut found: Vec<Challenge> = Vec::new();
        // Whether the last challenge may have parameters: after white space, and not after a token68.
        let mut open = false;
        loop {
            // Empty elements of the list are legal, a thousand of them too.
            self.take(|octet| is_space(octet) || octet == b',');
            if self.rest.is_empty() {
                return Some(found);
            }
            let name = self.take(is_token);
            if name.is_empty() {
                return None;
            }
            let spaces = self.take(is_space);
            if self.is_next(b'=') {
                let challenge = found.last_mut().filter(|_| open)?;
                self.parameter(challenge, name)?;
            } else {
                let mut challenge = Challenge { scheme: name.to_ascii_lowercase(), token68: None, parameters: Vec::new() };
                open = !spaces.is_empty();
                if open {
                    open = self.first(&mut challenge)?;
                }
                found.push(challenge);
            }
            if !self.rest.is_empty() && !self.is_next(b',') {
                return None;
            }
        }
    }

    /// What follows a scheme and its space: nothing yet, a token68, or the first parameter. Answers whether more may come.
    fn first(&mut self, challenge: &mut Challenge) -> Option<bool> {
        if self.rest.is_empty() || self.is_next(b',') {
            return Some(true);
        }
        let start = self.rest;
        self.take(|octet| octet.is_ascii_alphanumeric() || b"-._~+/".contains(&octet));
        self.take(|octet| octet == b'=');
        let length = start.len().checked_sub(self.rest.len())?;
        self.take(is_space);
        if length > 0 && (self.rest.is_empty() || self.is_next(b',')) {
            challenge.token68 = start.get(..length).map(String::from);
            return Some(false);
        }
        self.rest = start;
        let name = self.take(is_token);
        self.take(is_space);
        self.parameter(challenge, name)?;
        Some(true)
    }

    /// `=` and the value of a parameter whose name has been taken.
    fn parameter(&mut self, challenge: &mut Challenge, name: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix('=')?;
        self.take(is_space);
        let value = if self.is_next(b'"') {
            self.read_quoted()?
        } else {
            // Nothing at all is no value; two quotes are an empty one.
            Some(self.take(is_token)).filter(|value| !value.is_empty())?.into()
        };
        self.take(is_space);
        let name = name.to_ascii_lowercase();
        if name.is_empty() || challenge.parameters.len() >= MAX_PARAMETERS || challenge.parameter(&name).is_some() {
            return None;
        }
        challenge.parameters.push((name, value));
        Some(())
    }

    /// A quoted string, without its quotes and with `\x` read as `x`.
    fn read_quoted(&mut self) -> Option<String> {
        self.rest = self.rest.strip_prefix('"')?;
        let mut value = String::new();
        loop {
            value.push_str(self.take(|octet| !matches!(octet, b'"' | b'\\') && is_text(octet)));
            let mut letters = self.rest.chars();
            let end = letters.next()?;
            self.rest = letters.as_str();
            if end == '"' {
                return Some(value);
            }
            // What stopped the run is a backslash, or a control character that has no place here.
            let escaped = letters.next().filter(|letter| end == '\\' && (!letter.is_ascii() || is_text(*letter as u8)))?;
            self.rest = letters.as_str();
            value.push(escaped);
        }
    }
}

/// What may stand in a quoted string: tab, visible ASCII and spaces, and octets beyond ASCII, whatever they mean.
fn is_text(octet: u8) -> bool {
    octet == b'\t' || !octet.is_ascii_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(header: &str) -> usize {
        let mut reader = Reader::new(header);
        let _ = reader.challenges();
        reader.steps
    }

    #[test]
    fn steps_grow_with_the_length_alone() {
        let pieces = [
            ", ",
            ",",
            "a",
            "a ",
            "a,",
            "a=",
            "a=b,",
            "a=b, ",
            "a =\t",
            "=",
            "a==",
            "a a==,",
            "\"",
            "\\",
            "a=\"",
            "a=\"\\\"",
            "a=\"b\",",
            "a b=c,",
            "  ",
            "é",
            "a=\"é\", ",
            "Bearer realm=\"x\", ",
            "\\\"",
        ];
        for first in ["", "Bearer ", "Bearer a=\"", "Bearer a=", "Bearer"] {
            for piece in pieces {
                for times in [1usize, 10, 1000, 100_000] {
                    let mut header = String::from(first);
                    header.push_str(&piece.repeat(times));
                    let most = header.len().saturating_mul(4).saturating_add(8);
                    assert!(steps(&header) <= most, "{first}{piece} {times} times: {} steps", steps(&header));
                }
            }
        }
    }
}
