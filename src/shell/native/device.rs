//! Logins on another device: codes that a person types in elsewhere, and tokens once they are done.
//!
//! RFC 8628. Refuses to poll faster than the server asks for, and past the codes' end.

use core::time::Duration;

use crate::flow::device::{Device, DeviceRequest, MAX_INTERVAL, Polled};
use crate::flow::exchange::Exchange;
use crate::ground::error::{Error, Result, codes};
use crate::protocol::token::Tokens;
use crate::shell::native::client::Client;

impl Client {
    /// Asks for a device's codes: show the person where to go and what to type in, then wait by
    /// [`device_tokens`](Self::device_tokens).
    ///
    /// # Errors
    /// `endpoint_missing`, `device_response_malformed`, `oauth_error`; those of the network.
    pub async fn device(&self, request: &DeviceRequest) -> Result<Device> {
        self.run_detached(Exchange::device_authorization(&self.0.registration, &self.0.authentication, request)?).await
    }

    /// Polls until the person is done on the other device, at the pace the server asks for (RFC 8628 section 3.5); after a connection
    /// that broke, at half of it. Dropping the future ends the polling.
    ///
    /// # Errors
    /// `token_error` when the person refused, `device_code_expired`; those of the server.
    pub async fn device_tokens(&self, mut device: Device) -> Result<Tokens> {
        let driver = &self.0.driver;
        let end = driver.ticks().saturating_add(u64::from(device.expires_in).saturating_mul(1_000));
        let mut longer = 0;
        loop {
            driver.sleep(Duration::from_secs(device.interval.max(longer).into())).await;
            longer = 0;
            if driver.ticks() >= end {
                return Err(Error::new(&codes::DEVICE_CODE_EXPIRED));
            }
            let exchange = Exchange::device_poll(&self.0.registration, &self.0.authentication, &device)?;
            match self.run_detached(exchange).await {
                Ok(Polled::Pending) => {}
                Ok(Polled::SlowDown(seconds)) => {
                    device.slow_down();
                    longer = seconds;
                }
                Ok(Polled::Tokens(tokens)) => return Ok(*tokens),
                // A connection that broke may mean a server under load: wait twice as long.
                Err(error) if [codes::NETWORK_ERROR.code(), codes::TIMEOUT.code()].contains(&error.code()) => {
                    device.interval = device.interval.saturating_mul(2).min(MAX_INTERVAL);
                }
                Err(error) => return Err(error),
            }
        }
    }
}
