//! Hints for where a code arises in another phase, or asks for another action, than its row in the table of codes says.
//!
//! Refuses to advise a login where nobody logs in: the first row that fits is the hint, else the action's own sentence.

use super::{Action, Kind, Phase, codes};
use crate::ground::lean::BRIEF;

/// One that holds in a phase, whatever the action.
const fn at(kind: &'static Kind, phase: Phase, hint: &'static str) -> Row {
    (kind, Some(phase), None, hint)
}

/// One that holds with an action, whatever the phase.
const fn by(kind: &'static Kind, action: Action, hint: &'static str) -> Row {
    (kind, None, Some(action), hint)
}

type Row = (&'static Kind, Option<Phase>, Option<Action>, &'static str);

const SPENT: &str = "What was sent may be spent, and is never sent twice; begin again.";
const NOT_FOR_US: &str = "Take nothing from this token; see what was expected of it.";

const ANOTHER: &str = "Have whoever sent the token get a new one; if it is new, compare the clocks.";

static ELSEWHERE: &[Row] = &[
    at(&codes::TRANSACTION_MISSING, Phase::Api, "Nothing is on its way; begin it first."),
    at(&codes::TRANSACTION_USED, Phase::Api, "It is over, or another one is on its way; go on with that."),
    at(
        &codes::TRANSACTION_USED,
        Phase::Token,
        "It was sent already, and is never sent twice: go on with the tokens that came, or have the person log in again.",
    ),
    at(&codes::TRANSACTION_USED, Phase::Authorization, "It was carried out already; begin anew."),
    at(&codes::TRANSACTION_MISMATCH, Phase::Token, "Exchange it with the client that began the flow."),
    at(&codes::TRANSACTION_MISMATCH, Phase::Api, "Go on in the environment in which it was begun."),
    at(&codes::CODE_MALFORMED, Phase::Token, "Give what finish gave, or its whole text, not the code in the address; or begin a new flow."),
    at(&codes::ALGORITHM_REFUSED, Phase::Configuration, "Use another algorithm; see which there are."),
    by(&codes::CLAIM_REFUSED, Action::FixConfiguration, "The token breaks the standard; report it to who issued it."),
    at(&codes::CLAIM_REFUSED, Phase::Api, NOT_FOR_US),
    at(&codes::CLAIM_REFUSED, Phase::Session, NOT_FOR_US),
    at(&codes::JWT_EXPIRED, Phase::Api, ANOTHER),
    at(&codes::JWT_EXPIRED, Phase::Session, ANOTHER),
    at(&codes::API_ERROR, Phase::Session, "A function of your own failed; see the cause."),
    by(&codes::API_ERROR, Action::FixConfiguration, "Correct what was asked: see the provider's code; its support knows the trace id."),
    by(&codes::CONFLICT, Action::TryLater, "Somebody else changes the same thing; read it again, then repeat."),
    by(&codes::NETWORK_ERROR, Action::Restart, SPENT),
    by(&codes::TIMEOUT, Action::Restart, SPENT),
];

/// What to do now.
pub(super) fn hint(kind: &'static Kind, phase: Phase, action: Action) -> &'static str {
    if BRIEF {
        return kind.hint();
    }
    let fits = |row: &&Row| core::ptr::eq(row.0, kind) && row.1.is_none_or(|of| of == phase) && row.2.is_none_or(|of| of == action);
    if let Some((.., hint)) = ELSEWHERE.iter().find(fits) {
        return hint;
    }
    match action {
        _ if action == kind.action() => kind.hint(),
        Action::FixConfiguration => "Correct what was asked or set; see what was expected, and the other side's words.",
        Action::Restart => "Begin again; see what was expected.",
        Action::TryLater => "Try again later; see the other side's words.",
        Action::UserDeclined | Action::UserCancelled | Action::None => kind.hint(),
    }
}
