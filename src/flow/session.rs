//! A login's tokens, renewed once for all processes that share its session.
//!
//! RFC 6749 section 6, RFC 9700 section 4.14.2, OIDC Core section 12.2. Of a session it knows what a refresh needs; how it is kept,
//! sealed and found is the shell's. Refuses an id_token where the login had none to compare with, once the refresh token that came
//! with it is stored.

use alloc::boxed::Box;
use alloc::string::String;

use crate::flow::exchange::{Exchange, Flow};
use crate::flow::judge::used_error;
use crate::flow::keys::JwksTimes;
use crate::flow::machine::{Input, Machine, Moment, Spends};
use crate::flow::renewal::{Found, Renewable, Renewal};
use crate::flow::step::{Record, Step};
use crate::flow::token::nobody_error;
use crate::ground::error::{Error, Result, codes};
use crate::ground::json::{Value, Writer};
use crate::ground::secret::Secret;
use crate::protocol::grant::Refresh;
use crate::protocol::id_token::claims::Claims;
use crate::protocol::token::Tokens;

/// Makes the request of a refresh.
type Asking = Box<dyn Fn(&Refresh) -> Result<Exchange> + Send + Sync>;

/// New tokens for a session that is kept: alone, or in turns with all who share it ([`shared`](Self::shared)).
///
/// What is kept is told to it as JSON: `turn` (how many times the tokens were renewed), `refreshToken`, `scope` (as granted),
/// `idToken` and `claims`; so are the records that [`Step::Load`] and [`Step::Lock`] find, none where the session is gone.
/// [`Step::Store`] hands out what came, as JSON too: first the `refreshToken` alone, where a new one came; then, judged, all of the
/// tokens, which [`tokens`](Self::tokens) has as well. The shell counts a turn with those. At the end there is nothing to say: either
/// all was stored, or what was found last is newer, or gone.
///
/// ```
/// use samtykke::flow::machine::{Input, Machine, Moment};
/// use samtykke::flow::session::SessionRenewal;
/// use samtykke::{Client, ClientAuthentication, Exchange, Profile, Response, Step};
/// # fn http(_: samtykke::Request) -> Response { Response::new(200, Some("application/json"), r#"{"access_token":"x","token_type":"Bearer","refresh_token":"r1"}"#) }
/// let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
/// let client = Client::new(profile, "client-1", "https://rp.example/cb")?;
/// let secret = ClientAuthentication::secret_basic("correct horse");
/// let kept = r#"{"turn":0,"refreshToken":"r0","scope":"read"}"#;
/// let mut renewal = SessionRenewal::new(kept, move |grant| Exchange::refresh(&client, &secret, grant))?;
/// let moment = Moment { now: 1_700_000_000, random: &[7; 32] };
/// let Step::Send(request) = renewal.advance(Input::Start, &moment)? else { panic!("a request") };
/// let Step::Store(came) = renewal.advance(Input::Response(http(request)), &moment)? else { panic!("the new refresh token") };
/// assert_eq!(came.expose(), r#"{"refreshToken":"r1"}"#);
/// # Ok::<(), samtykke::Error>(())
/// ```
pub struct SessionRenewal {
    renewal: Renewal,
    own: Own,
}

struct Own {
    name: String,
    asking: Asking,
    jwks: Option<(String, JwksTimes)>,
    turn: u64,
    refresh: Refresh,
    /// Another process renewed it, or it is gone.
    served: bool,
    exchange: Option<Box<Exchange>>,
    tokens: Option<Tokens>,
}

impl core::fmt::Debug for SessionRenewal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SessionRenewal(…)")
    }
}

impl SessionRenewal {
    /// Of what is kept of a session; `asking` makes the request, as the client does for a refresh.
    ///
    /// # Errors
    /// `session_invalid` for another text.
    pub fn new(kept: &str, asking: impl Fn(&Refresh) -> Result<Exchange> + Send + Sync + 'static) -> Result<Self> {
        let (turn, refresh) = read(kept).ok_or_else(|| Error::new(&codes::SESSION_INVALID))?;
        let own =
            Own { name: String::new(), asking: Box::new(asking), jwks: None, turn, refresh, served: false, exchange: None, tokens: None };
        Ok(Self { renewal: Renewal::new(), own })
    }

    /// Takes turns with all processes that share the session, by the lock of this name in their store.
    #[must_use]
    pub fn shared(mut self, name: impl Into<String>) -> Self {
        self.own.name = name.into();
        self.renewal.shared = true;
        self.renewal.looked = true;
        self
    }

    /// Begins with the server's key set of before, as [`Exchange::jwks_at`] does.
    #[must_use]
    pub fn jwks_at(mut self, json: impl Into<String>, times: JwksTimes) -> Self {
        self.own.jwks = Some((json.into(), times));
        self
    }

    /// The server's key set, for the next machine, as [`Exchange::known_jwks_at`].
    pub fn known_jwks_at(&self) -> Option<(&str, JwksTimes)> {
        self.own.exchange.as_ref()?.known_jwks_at()
    }

    /// The tokens that came, once they are judged.
    pub fn tokens(&self) -> Option<&Tokens> {
        self.own.tokens.as_ref()
    }
}

/// What is told of a session: its turn, and what a refresh of it asks with.
fn read(kept: &str) -> Option<(u64, Refresh)> {
    let value = Value::parse(kept)?;
    let turn = u64::try_from(value.get("turn")?.as_integer()?).ok()?;
    let text = |name| value.text(name).unwrap_or_default();
    let mut refresh = Refresh::new(text("refreshToken")).with_granted_scope(text("scope"));
    if let Some(claims) = value.members().iter().find(|member| member.name == "claims") {
        refresh = refresh.claims(Claims::from_stored(claims.raw).ok()?);
        refresh.id_token = value.text("idToken").map(Secret::new);
    }
    Some((turn, refresh))
}

impl Renewable for Own {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn adopt(&mut self, record: Option<Record>, _: Found, _: &Moment<'_>) -> Result<Option<Secret>> {
        match record.and_then(|record| read(record.text.expose())) {
            Some((turn, refresh)) => {
                self.served = turn > self.turn;
                self.refresh = refresh;
            }
            None => self.served = true,
        }
        Ok(None)
    }

    fn is_served(&self, _: &Moment<'_>) -> bool {
        self.served
    }

    fn ask(&mut self) -> Result<()> {
        let exchange = (self.asking)(&self.refresh)?.with_store();
        self.exchange = Some(Box::new(match self.jwks.take() {
            Some((set, times)) => exchange.jwks_at(set, times),
            None => exchange,
        }));
        Ok(())
    }

    fn flow(&self) -> Option<&Flow> {
        Some(&self.exchange.as_ref()?.flow)
    }

    fn carry(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<()>> {
        let Some(exchange) = &mut self.exchange else { return Err(used_error()) };
        match exchange.advance(input, moment)?.undone() {
            Ok(Step::Store(token)) => Ok(Step::Store(Secret::new(Writer::new().string("refreshToken", token.expose()).take()))),
            Ok(step) => Ok(step),
            // Also where the server's keys are not known, and it would stay unread.
            Err(tokens) if self.refresh.claims.is_none() && tokens.id_token.is_some() => Err(exchange.flow.held(nobody_error())),
            Err(tokens) => {
                self.tokens = Some(tokens);
                Ok(Step::Done(()))
            }
        }
    }

    fn text(&self) -> Secret {
        Secret::new(self.tokens.as_ref().map(Tokens::members).unwrap_or_default())
    }

    fn record(&self, _: &Moment<'_>) -> Option<Record> {
        None
    }

    fn told(&self, error: Error) -> Error {
        let ended = error.code() == codes::SESSION_ENDED.code() || error.oauth().is_some_and(|oauth| oauth.is("invalid_grant"));
        if ended {
            return error.called(&codes::SESSION_STALE);
        }
        if error.code() == codes::STORE_FAILED.code() { error.called(&codes::SESSION_UNAVAILABLE) } else { error }
    }
}

impl Machine for SessionRenewal {
    type Output = ();

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<()>> {
        self.renewal.advance(&mut self.own, input, moment)
    }

    fn nonce(&self) -> Option<&str> {
        self.own.exchange.as_ref()?.dpop_nonce()
    }

    fn keeps(&self) -> bool {
        self.own.exchange.as_ref().is_some_and(|exchange| exchange.keeps())
    }

    fn spends(&self) -> Option<Spends<'_>> {
        self.own.exchange.as_ref()?.spends()
    }
}
