//! Rust without async: a client and a driver that block their thread, over ureq or any HTTP client behind [`Http`].
//!
//! RFC 9110. For command lines, jobs and programs without a runtime; it brings no tokio.
//! Refuses redirects, bodies over 1 MiB, answers that drip past their time, and sending a code or a spent refresh token twice.
//!
//! ```
//! use samtykke::blocking::{Client, Keys};
//! use samtykke::{ClientAuthentication, ClientCredentials, Profile};
//! # struct Local;
//! # impl samtykke::blocking::Http for Local {
//! #     fn send(&self, _: &samtykke::Request) -> Result<samtykke::Response, samtykke::flow::machine::Failure> {
//! #         Ok(samtykke::Response::new(200, Some("application/json"), r#"{"access_token":"x","token_type":"Bearer"}"#))
//! #     }
//! # }
//! let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token").for_machines();
//! let client = Client::new(samtykke::Registration::new(profile, "client-1", "")?, ClientAuthentication::secret_basic("correct horse"), Keys::new());
//! # let client = client.http(Local);
//! let tokens = client.client_credentials(&ClientCredentials::new("read"), &Default::default())?;
//! assert_eq!(tokens.requested_scope, "read");
//! # Ok::<(), samtykke::Error>(())
//! ```

mod client;
mod driver;
mod keys;
mod ureq;

pub use client::Client;
pub use driver::{Http, drive};
pub use keys::Keys;
pub use ureq::Ureq;
