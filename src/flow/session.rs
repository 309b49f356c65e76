//! A login's tokens, renewed once for all processes that share its session.
//!
//! RFC 6749 section 6, RFC 9700 section 4.14.2, OIDC Core section 12.2. Of a session it knows what a refresh needs; how it is kept,
//! sealed and found is the shell's. Refuses an id_token where the login had none to compare with, once the refresh token that came
//! with it is stored.

use alloc::boxed::Box;
use alloc::string::String;

use crate::flow::exchange::{Exchange, Flow};
use crate::flow::judge::{Judge, Reader, used_error};
use crate::flow::keys::JwksTimes;
use crate::flow::machine::{Input, Machine, Moment, Spends};
use crate::flow::renewal::{Found, Next, Renewable, Renewal};
use crate::flow::step::Record;
use crate::ground::error::{Error, Result, codes};
use crate::ground::secret::Secret;
use crate::ground::text::{cut, number};
use crate::protocol::id_token::claims::Claims;
use crate::protocol::token::Tokens;

/// Makes the request of a refresh, of what is kept.
type Asking = Box<dyn Fn(&str) -> Result<Exchange<String>> + Send + Sync>;

/// New tokens for a session that is kept: alone, or in turns with all who share it ([`shared`](Self::shared)).
///
/// What is kept is told to it as a text: how many times the tokens were renewed, in a line, and then whatever `asking` makes the
/// request of a refresh from. So are the records that [`Load`] and [`Lock`] find, none where the session is gone.
/// [`Store`] hands out what came: first a new refresh token, as it is; then, judged, all of the tokens as JSON, `accessToken`
/// first. The shell counts a turn with those. At the end there is nothing to say: either all was stored, or what was found last is
/// newer, or gone.
///
/// [`Load`]: crate::Step::Load
/// [`Lock`]: crate::Step::Lock
/// [`Store`]: crate::Step::Store
///
/// ```
/// use samtykke::flow::machine::{Input, Machine, Moment};
/// use samtykke::flow::session::SessionRenewal;
/// use samtykke::protocol::grant::Refresh;
/// use samtykke::{ClientAuthentication, Exchange, Profile, Registration, Response, Step};
/// # fn http(_: samtykke::Request) -> Response { Response::new(200, Some("application/json"), r#"{"access_token":"x","token_type":"Bearer","refresh_token":"r1"}"#) }
/// let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
/// let client = Registration::new(profile, "client-1", "https://rp.example/cb")?;
/// let secret = ClientAuthentication::secret_basic("correct horse");
/// let asking = move |kept: &str| Exchange::refresh(&client, &secret, &Refresh::new(kept).with_granted_scope("read"));
/// let mut renewal = SessionRenewal::new("0\nr0", asking);
/// let moment = Moment { now: 1_700_000_000, random: &[7; 32] };
/// let Step::Send(request) = renewal.advance(Input::Start, &moment)? else { panic!("a request") };
/// let Step::Store(came) = renewal.advance(Input::Response(http(request)), &moment)? else { panic!("the new refresh token") };
/// assert_eq!(came.expose(), "r1");
/// # Ok::<(), samtykke::Error>(())
/// ```
pub struct SessionRenewal {
    renewal: Renewal,
    own: Own,
}

struct Own {
    name: String,
    asking: Asking,
    /// What was told of it last.
    kept: Secret,
    turn: u64,
    /// Another process renewed it, or it is gone.
    served: bool,
    exchange: Option<Box<Exchange<String>>>,
}

impl core::fmt::Debug for SessionRenewal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SessionRenewal(…)")
    }
}

impl SessionRenewal {
    /// Of what is kept of a session.
    pub fn new(kept: &str, asking: impl Fn(&str) -> Result<Exchange> + Send + Sync + 'static) -> Self {
        Self::of(kept, move |kept| Ok(asking(kept)?.map_judge(Members)))
    }

    /// With requests whose outcome is the tokens' text.
    pub(crate) fn of(kept: &str, asking: impl Fn(&str) -> Result<Exchange<String>> + Send + Sync + 'static) -> Self {
        let kept = Secret::new(kept);
        let own = Own { name: String::new(), asking: Box::new(asking), turn: turn(&kept).0, kept, served: false, exchange: None };
        Self { renewal: Renewal::new(), own }
    }

    /// Takes turns with all processes that share the session, by the lock of this name in their store.
    #[must_use]
    pub fn shared(mut self, name: impl Into<String>) -> Self {
        self.own.name = name.into();
        self.renewal.shared = true;
        self.renewal.looked = true;
        self
    }

    /// The server's key set, for the next machine, as [`Exchange::known_jwks_at`].
    pub fn known_jwks_at(&self) -> Option<(&str, JwksTimes)> {
        self.own.exchange.as_ref()?.known_jwks_at()
    }
}

/// How many times the tokens of what is kept were renewed, and the rest of it.
fn turn(kept: &Secret) -> (u64, &str) {
    let (turn, rest) = cut(kept.expose(), b'\n');
    (number(turn).unwrap_or_default(), rest.unwrap_or_default())
}

/// Judges as another does, and writes the tokens down.
struct Members(Box<dyn Judge<Tokens>>);

impl Judge<String> for Members {
    fn reader(&mut self) -> &mut dyn Reader {
        self.0.reader()
    }

    fn finish(&mut self, claims: Option<Claims>, now: u64) -> Result<String> {
        Ok(self.0.finish(claims, now)?.members())
    }
}

impl Renewable for Own {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn adopt(&mut self, record: Option<Record>, _: Found, _: &Moment<'_>) -> Result<Option<Secret>> {
        match record {
            Some(Record { text, .. }) => {
                self.served = turn(&text).0 > self.turn;
                self.kept = text;
            }
            None => self.served = true,
        }
        Ok(None)
    }

    fn is_served(&self, _: &Moment<'_>) -> bool {
        self.served
    }

    fn ask(&mut self) -> Result<()> {
        let mut exchange = (self.asking)(turn(&self.kept).1)?.with_store();
        exchange.flow.context.of_session = true;
        self.exchange = Some(Box::new(exchange));
        Ok(())
    }

    fn flow(&self) -> Option<&Flow> {
        Some(&self.exchange.as_ref()?.flow)
    }

    fn carry(&mut self, input: Input, moment: &Moment<'_>) -> Next {
        self.exchange.as_mut().ok_or_else(used_error)?.advance(input, moment)
    }

    fn record(&self, _: &Moment<'_>) -> Option<Record> {
        None
    }

    fn told(&self, error: Error) -> Error {
        let ended = error.code() == codes::SESSION_ENDED.code() || error.oauth().is_some_and(|oauth| oauth.is("invalid_grant"));
        if ended { error.called(&codes::SESSION_STALE) } else { error }
    }
}

impl Machine for SessionRenewal {
    type Output = String;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Next {
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
