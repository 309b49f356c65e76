//! Renewing what many processes share: once for all, in turns under a store's lock.
//!
//! RFC 9700 section 4.14.2: a server may end a login whose spent refresh token it sees again. So whoever renews looks first what
//! others have brought, waits for the lock, looks again, and asks for no more than is still due. The refresh token that comes is
//! stored before anything else of its answer is judged. Refuses to go on without the lock, unless told that it may; whatever ends it
//! early, what was got is stored and the lock given back.

use alloc::string::String;

use crate::flow::exchange::Flow;
use crate::flow::judge::used_error;
use crate::flow::machine::{Failure, Input, Kind, Moment};
use crate::flow::step::{Place, Record, Step};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::lean::PROTOCOL;
use crate::ground::secret::Secret;

/// Whether sessions have a place of their own beside the one that is shared: not in the protocol alone.
const OWN: bool = !PROTOCOL;

/// The next step. At the end there is nothing to say: what came was stored.
pub(crate) type Next = Result<Step<String>>;

/// What is renewed, as the machine sees it: what it says, and what it makes of what comes.
pub(crate) trait Renewable {
    /// The name by which processes find it and its lock.
    fn name(&self) -> String;
    /// Takes over what was found; gives what the shell has to take over too.
    fn adopt(&mut self, record: Option<Record>, found: Found, moment: &Moment<'_>) -> Result<Option<Secret>>;
    /// Whether nothing is left to do: another process did it, or there is nothing to renew any more.
    fn is_served(&self, moment: &Moment<'_>) -> bool;
    /// Makes the request.
    fn ask(&mut self) -> Result<()>;
    /// The request on its way, once it is made.
    fn flow(&self) -> Option<&Flow>;
    /// Carries the request on. A refresh token that comes is taken, and the step is what is to be stored; at the end all is taken, and
    /// the outcome is what is to be stored.
    fn carry(&mut self, input: Input, moment: &Moment<'_>) -> Next;
    /// What is handed on to other processes, where that is not what was stored.
    fn record(&self, moment: &Moment<'_>) -> Option<Record>;
    /// What its caller is told of an error.
    fn told(&self, error: Error) -> Error {
        error
    }
}

/// Where something was found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// In the store, before the lock is there.
    Before,
    /// In the store, under the lock.
    Locked,
    /// Where the caller stores.
    Own,
}

/// How far it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    New,
    /// The store's record is read, its lock waited for, what the caller has stored read.
    Looking,
    Locking,
    Loading,
    /// What was found is taken over.
    Adopting(Found),
    Exchanging,
    /// The refresh token that came is stored; then the rest.
    Renewing,
    Saving,
    /// The lock is given back.
    Ending,
    Over,
}

/// A renewal on its way. It knows nothing of what is renewed: it is there once, whatever that is.
pub(crate) struct Renewal {
    /// Whether processes share it.
    pub(crate) shared: bool,
    /// Whether the store's record was read just now.
    pub(crate) looked: bool,
    /// Whether it may be done without the lock, where the store does not answer.
    pub(crate) optional: bool,
    /// Whether what the caller has stored is read under the lock.
    pub(crate) loads: bool,
    locked: bool,
    changed: bool,
    at: At,
    /// What it ends with once the lock is given back.
    error: Option<Error>,
}

impl Renewal {
    pub(crate) fn new() -> Self {
        Self { shared: false, looked: false, optional: false, loads: false, locked: false, changed: false, at: At::New, error: None }
    }

    /// Whether no step was taken yet.
    pub(crate) fn is_new(&self) -> bool {
        self.at == At::New
    }

    /// Takes what came of the last step, and gives the next one.
    pub(crate) fn advance(&mut self, of: &mut dyn Renewable, input: Input, moment: &Moment<'_>) -> Next {
        match (self.at, &input) {
            (At::Exchanging, _) | (At::Renewing, Input::Stored) => return self.exchange(of, input, moment),
            (_, Input::Failed(failure)) => return self.failed(of, *failure, moment),
            _ => {}
        }
        match (self.at, input) {
            (At::New, Input::Start) if of.flow().is_some() => self.exchange(of, Input::Start, moment),
            (At::New, Input::Start) if !self.shared => self.refresh(of, moment),
            (At::New, Input::Start) => self.look(of, self.looked),
            (At::Looking, Input::Loaded(record)) => self.found(of, record, Found::Before, moment),
            (At::Locking, Input::Locked(record)) => {
                self.locked = true;
                self.found(of, record, Found::Locked, moment)
            }
            (At::Loading, Input::Loaded(record)) if OWN => self.found(of, record, Found::Own, moment),
            (At::Adopting(found), Input::Adopted) if OWN => self.adopted(of, found, moment),
            (At::Saving, Input::Stored) => self.end(of, moment),
            (At::Ending, Input::Unlocked) => self.over(),
            _ => Err(used_error()),
        }
    }

    /// What it is to the machine that the last step could not be carried out.
    fn failed(&mut self, of: &mut dyn Renewable, failure: Failure, moment: &Moment<'_>) -> Next {
        if !(failure.is_of(Kind::Store) || failure == Failure::Held && self.at == At::Locking) {
            return Err(used_error());
        }
        let error = match (self.at, failure) {
            (At::Renewing, _) => return self.exchange(of, Input::Failed(failure), moment),
            (At::Looking, Failure::Aborted) => failure.error(Phase::Token, false),
            (At::Looking, _) => return self.look(of, true),
            (At::Locking, Failure::Held) => return self.look(of, false),
            (At::Locking, Failure::Store) if OWN && self.optional => return self.load(of, moment),
            (At::Locking, Failure::Store) => {
                Error::new_expected(&codes::SESSION_UNAVAILABLE, "an answer of the session store").at(Phase::Session)
            }
            (At::Locking, _) => failure.error(Phase::Token, true),
            (At::Loading | At::Saving, _) => {
                let error = failure.error(Phase::Session, false);
                // What cannot be asked for again goes with the error.
                match of.flow() {
                    Some(flow) => flow.held(error),
                    None => error,
                }
            }
            (At::Ending, _) => return self.over(),
            _ => return Err(used_error()),
        };
        self.fail(of, error, moment)
    }

    /// Looks at what is kept, or waits for the lock.
    fn look(&mut self, of: &dyn Renewable, looked: bool) -> Next {
        let name = of.name();
        self.at = if looked { At::Locking } else { At::Looking };
        Ok(if looked { Step::Lock(name) } else { Step::Load(Place::Shared(name)) })
    }

    fn found(&mut self, of: &mut dyn Renewable, record: Option<Record>, found: Found, moment: &Moment<'_>) -> Next {
        match of.adopt(record, found, moment) {
            Ok(Some(text)) if OWN => {
                self.at = At::Adopting(found);
                Ok(Step::Adopt(text))
            }
            Ok(_) => self.adopted(of, found, moment),
            Err(error) => self.fail(of, error, moment),
        }
    }

    fn adopted(&mut self, of: &mut dyn Renewable, found: Found, moment: &Moment<'_>) -> Next {
        if of.is_served(moment) {
            return self.end(of, moment);
        }
        match found {
            Found::Before => self.look(of, true),
            Found::Locked => self.load(of, moment),
            Found::Own => self.refresh(of, moment),
        }
    }

    fn load(&mut self, of: &mut dyn Renewable, moment: &Moment<'_>) -> Next {
        if !OWN || !self.loads {
            return self.refresh(of, moment);
        }
        self.at = At::Loading;
        Ok(Step::Load(Place::Own))
    }

    fn refresh(&mut self, of: &mut dyn Renewable, moment: &Moment<'_>) -> Next {
        match of.ask() {
            Ok(()) => self.exchange(of, Input::Start, moment),
            Err(error) => self.fail(of, error, moment),
        }
    }

    fn exchange(&mut self, of: &mut dyn Renewable, input: Input, moment: &Moment<'_>) -> Next {
        match of.carry(input, moment) {
            Ok(Step::Done(text)) => {
                self.changed = true;
                self.at = At::Saving;
                Ok(Step::Store(Secret::new(text)))
            }
            Ok(step) => {
                let storing = matches!(step, Step::Store(_));
                self.changed |= storing;
                self.at = if storing { At::Renewing } else { At::Exchanging };
                Ok(step)
            }
            // An input out of turn changes nothing.
            Err(error) if error.code() == codes::TRANSACTION_USED.code() && of.flow().is_some_and(|flow| !flow.is_over()) => Err(error),
            Err(error) => self.fail(of, error, moment),
        }
    }

    fn fail(&mut self, of: &dyn Renewable, error: Error, moment: &Moment<'_>) -> Next {
        self.error = Some(of.told(error));
        self.end(of, moment)
    }

    /// Whatever came of it: what there is to hand on is handed on, and the lock given back.
    fn end(&mut self, of: &dyn Renewable, moment: &Moment<'_>) -> Next {
        if !self.locked {
            return self.over();
        }
        self.at = At::Ending;
        let record = if OWN && self.changed { of.record(moment) } else { None };
        Ok(record.map_or(Step::Unlock, Step::Keep))
    }

    fn over(&mut self) -> Next {
        self.at = At::Over;
        self.error.take().map_or(Ok(Step::Done(String::new())), Err)
    }
}
