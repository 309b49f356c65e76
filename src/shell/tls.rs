//! The ciphers of TLS: aws-lc-rs, unless the program has chosen others for all of its TLS.
//!
//! Refuses nothing; a program that installs a provider of its own does so before it builds a client.

use rustls::crypto::{CryptoProvider, aws_lc_rs};

/// Gives rustls its ciphers, once for the process.
pub(crate) fn provide() {
    if CryptoProvider::get_default().is_none() {
        // Whoever was faster at the same moment has installed one: either will do.
        let _ = aws_lc_rs::default_provider().install_default();
    }
}
