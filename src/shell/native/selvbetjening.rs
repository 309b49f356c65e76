//! Selvbetjening on tokio: its machines carried out, over any client that calls its API.
//!
//! `provider::selvbetjening` has the machines; a program keeps the record and the keys, and gets tokens by them.
//! Refuses nothing itself: what comes of a call, a token's error too, is the machine's to judge.

use alloc::boxed::Box;
use alloc::string::String;
use core::future::{Future, ready};

use crate::flow::machine::{Input, Machine};
use crate::ground::error::Result;
use crate::ground::http::{Request, Response};
use crate::ground::secret::Secret;
use crate::protocol::token::Tokens;
use crate::provider::selvbetjening::{ClientSettings, Environment};
use crate::shell::native::client::Client;
use crate::shell::native::driver::{Asked, alone, response, to_http_request};
use crate::shell::native::sending::BoxFuture;

impl Client {
    /// Carries a machine of Selvbetjening's to its end: `store` keeps each record in the place of the one before, `tokens` gives a token
    /// for the key of a name, `change` makes the settings that an [`Update`](crate::provider::selvbetjening::Update) writes. Calls are
    /// bound to this client's DPoP key, so it is the client of the key that the machine calls with.
    ///
    /// # Errors
    /// Those of the machine and of `change`; `store_failed`. Those of `tokens` and of the network are the machine's to judge.
    pub async fn carry_out<M, S, T>(
        &self,
        environment: &Environment,
        machine: &mut M,
        store: impl Fn(Secret) -> S + Send + Sync,
        tokens: impl Fn(String) -> T + Send + Sync,
        change: impl Fn(&mut ClientSettings) -> Result<()> + Send + Sync,
    ) -> Result<M::Output>
    where
        M: Machine,
        S: Future<Output = Result<()>> + Send + 'static,
        T: Future<Output = Result<Tokens>> + Send + 'static,
    {
        let store = |record| -> BoxFuture<'static, Result<()>> { Box::pin(store(record)) };
        let program = |asked| -> BoxFuture<'_, Result<Input>> {
            match asked {
                Asked::Call(call) => {
                    let (tokens, request) = (tokens(call.key), call.request);
                    Box::pin(async move {
                        let answer = async { self.called(environment, &tokens.await?, &request).await };
                        Ok(answer.await.map_or_else(Input::Refused, Input::Response))
                    })
                }
                Asked::Answer(json) => Box::pin(ready(changed(&json, &change))),
                turn @ Asked::Turn(_) => Box::pin(ready(alone(turn))),
            }
        };
        self.0.driver.drive_with(machine, &self.0.keys, Some(&store), &self.0.spent, &program).await
    }

    async fn called(&self, environment: &Environment, tokens: &Tokens, request: &Request) -> Result<Response> {
        let (head, body) = self.send_to(tokens, &[environment.api()], to_http_request(request)?).await?.into_parts();
        let mut answer = response(&head);
        // What is not text counts as no body; the status says the rest.
        answer.body = Secret::new(String::from_utf8(body.into()).unwrap_or_default());
        Ok(answer)
    }
}

/// The settings that are wanted in the place of these.
fn changed(json: &Secret, change: impl Fn(&mut ClientSettings) -> Result<()>) -> Result<Input> {
    let mut settings = ClientSettings::parse(json.expose())?;
    change(&mut settings)?;
    Ok(Input::Answered(Secret::new(settings.json()?)))
}
