//! An answer that cannot be asked for again, kept on the error that it led to.
//!
//! RFC 9110 section 9.2.2. Refuses to be shown: neither `Debug`, nor `Display`, nor serialising an error has it.

use crate::ground::error::Error;
use crate::ground::http::Response;
use crate::ground::secret::Secret;

impl Error {
    /// The successful answer that could not be read, where it is one that is given once: a code's tokens, the debts of a consent that
    /// is good for one lookup. It may hold tokens and personal data: keep it from logs.
    ///
    /// ```
    /// use samtykke::{Response, Secret};
    /// use samtykke::provider::norskgjeld::{Api, Environment};
    /// let (environment, token) = (Environment::preprod(), Secret::new("x.y"));
    /// let odd = Response::new(200, Some("application/json"), r#"{"ssn":7}"#);
    /// let error = Api::new(&environment, &token).debt().finish(&odd).unwrap_err();
    /// assert_eq!(error.raw().map(Secret::expose), Some(r#"{"ssn":7}"#));
    /// assert!(!format!("{error:?} {error}").contains("ssn"));
    /// ```
    pub fn raw(&self) -> Option<&Secret> {
        self.0.http.as_ref()?.raw.as_ref()
    }

    /// Keeps a successful answer. The package's shell keeps it itself.
    #[must_use]
    pub(crate) fn with_raw_answer(self, answer: &Response) -> Self {
        if (200..300).contains(&answer.status) { self.holding_text(Some(&answer.body)) } else { self }
    }

    /// As [`holding`](Self::holding), of a body alone.
    #[must_use]
    pub(crate) fn holding_text(mut self, body: Option<&Secret>) -> Self {
        if let (Some(body), None) = (body, self.raw()) {
            self.0.http.get_or_insert_default().raw = Some(body.clone());
        }
        self
    }
}
