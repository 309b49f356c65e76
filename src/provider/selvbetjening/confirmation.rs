//! The answer that the portal sends to the browser after a draft was shown to the person.
//!
//! NHN's samples: a GET on the draft's redirect URI with `status=Success`; the answer holds no state and no client id.
//! Refuses every other status, none, two, and answers at another address than the one that the draft was given.

use alloc::string::String;

use crate::ground::error::shown::shown_text;
use crate::ground::error::{Error, Result, codes};
use crate::ground::text::{cut, form_decode, pairs};

const MAX_ANSWER: usize = 4096;

/// Judges a confirmation answer: the whole URL that the browser arrived at, against the draft's own redirect URI. Success
/// means that the person confirmed something, not who they are or which client it was: ask `GET /v1/client` for that.
///
/// # Errors
/// `confirmation_refused` for a status that is absent or not `Success`; `callback_duplicate_parameter` for two;
/// `callback_wrong_redirect_uri`, `callback_malformed`, `callback_too_large`.
///
/// ```
/// use samtykke::provider::selvbetjening::judge_confirmation;
/// let ours = "http://127.0.0.1:8080/callback/8fdK";
/// assert!(judge_confirmation(ours, "http://127.0.0.1:8080/callback/8fdK?status=Success").is_ok());
/// let error = judge_confirmation(ours, "http://127.0.0.1:8080/callback/8fdK?status=success").unwrap_err();
/// assert_eq!(error.code(), "confirmation_refused");
/// ```
pub fn judge_confirmation(redirect_uri: &str, answer: &str) -> Result<()> {
    if answer.len() > MAX_ANSWER {
        return Err(Error::new(&codes::CALLBACK_TOO_LARGE));
    }
    let (address, query) = cut(cut(answer, b'#').0, b'?');
    if address != redirect_uri {
        return Err(Error::new(&codes::CALLBACK_WRONG_REDIRECT_URI).expected(redirect_uri));
    }
    let mut status: Option<String> = None;
    for (name, value) in pairs(query.unwrap_or_default()) {
        let (Some(name), Some(value)) = (form_decode(name), form_decode(value)) else {
            return Err(Error::new(&codes::CALLBACK_MALFORMED));
        };
        if name == "status" && status.replace(value).is_some() {
            return Err(Error::new(&codes::CALLBACK_DUPLICATE_PARAMETER).actual("status"));
        }
    }
    match status {
        Some(status) if status == "Success" => Ok(()),
        status => {
            let error = Error::new(&codes::CONFIRMATION_REFUSED).expected("status=Success");
            Err(match status {
                Some(status) => error.actual(shown_text(&status)),
                None => error,
            })
        }
    }
}
