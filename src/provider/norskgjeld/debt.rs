//! The debt answer and the consent status (api-docs `reference/openapi.json`).
//!
//! No field is marked required in the documentation, so every field may be absent; none is invented.
//! Refuses answers whose fields have other types than documented.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::json::Value;
use crate::ground::secret::Secret;
use crate::ground::time::seconds;

/// `debt_information`: a person's unsecured debt as the creditors answered.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct DebtInformation {
    /// National identity number, 11 digits. Personal data: compare it with your customer, keep it from logs.
    #[cfg_attr(feature = "serde", serde(serialize_with = "expose"))]
    pub ssn: Option<Secret>,
    /// One entry for each creditor and loan.
    pub loans: Vec<CreditorAnswer>,
    /// How many creditors answered.
    pub creditors_answered: Option<i64>,
    /// How many did not; above 0 some entries have no loan. (`numberOfcreditorsMissing` on the wire.)
    pub creditors_missing: Option<i64>,
    /// The consent behind the lookup.
    pub consent: Option<DebtConsent>,
}

#[cfg(feature = "serde")]
fn expose<S: serde::Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&secret.as_ref().map(Secret::expose), serializer)
}

/// One creditor's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct CreditorAnswer {
    /// The creditor's name; the API's description demands no member of a row.
    pub creditor_name: Option<String>,
    /// The loan; `None` when the creditor did not answer.
    pub loan: Option<Loan>,
}

/// A loan. Money is in hundredths of NOK, interest in hundredths of a per cent (1020 = 10.20 %); a number that is not whole is left out.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Loan {
    /// `creditFacility`, `repaymentLoan`, `chargeCard`, or a kind yet unknown.
    pub kind: Option<String>,
    /// When the creditor stated it, ISO 8601.
    pub timestamp: Option<String>,
    /// 0 none, 1 is a co-borrower, 2 has one.
    pub co_borrower: Option<i64>,
    /// Credit limit.
    pub credit_limit: Option<i64>,
    /// Balance that bears interest.
    pub interest_bearing_balance: Option<i64>,
    /// Balance that bears none.
    pub non_interest_bearing_balance: Option<i64>,
    /// Balance when the loan was taken up.
    pub original_balance: Option<i64>,
    /// Balance now.
    pub balance: Option<i64>,
    /// Number of terms.
    pub terms: Option<i64>,
    /// Nominal yearly interest.
    pub nominal_interest_rate: Option<i64>,
    /// Charge for each instalment.
    pub installment_charges: Option<i64>,
    /// `MONTHLY`, `QUARTERLY`, `HALF-YEARLY` or `YEARLY`.
    pub installment_charge_period: Option<String>,
}

/// The consent behind a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct DebtConsent {
    /// The id to look up, check and revoke it by.
    pub id: String,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// The granted base scope, without days.
    pub scope: Option<String>,
}

/// `consent_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ConsentStatus {
    /// Whether the consent can be used.
    pub active: bool,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<i64>,
}

/// An optional member: `None` when it is there with another type.
fn field<'v, 'a, T>(object: &'v Value<'a>, name: &str, read: impl FnOnce(&'v Value<'a>) -> Option<T>) -> Option<Option<T>> {
    match object.get(name) {
        None => Some(None),
        Some(value) => read(value).map(Some),
    }
}

fn text(object: &Value<'_>, name: &str) -> Option<Option<String>> {
    field(object, name, |value| value.as_str().map(String::from))
}

fn whole(object: &Value<'_>, name: &str) -> Option<Option<i64>> {
    field(object, name, Value::as_integer)
}

/// A number of a loan. One of another kind than the documented one is left out: the lookup that told it may have spent the consent.
fn number(object: &Value<'_>, name: &str) -> Option<Option<i64>> {
    field(object, name, |value| matches!(value, Value::Number(_)).then(|| value.as_integer())).map(Option::flatten)
}

impl DebtInformation {
    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        let Value::Object(_) = value else { return None };
        let loans = field(value, "loans", Value::as_array)?.unwrap_or_default();
        Some(Self {
            ssn: text(value, "ssn")?.map(Secret::new),
            loans: loans.iter().map(CreditorAnswer::read).collect::<Option<_>>()?,
            creditors_answered: whole(value, "numberOfCreditorsAnswered")?,
            creditors_missing: whole(value, "numberOfcreditorsMissing")?,
            consent: field(value, "consent", DebtConsent::read)?,
        })
    }
}

impl CreditorAnswer {
    fn read(value: &Value<'_>) -> Option<Self> {
        Some(Self { creditor_name: text(value, "creditorName")?, loan: field(value, "loan", Loan::read)? })
    }
}

impl Loan {
    fn read(value: &Value<'_>) -> Option<Self> {
        let Value::Object(_) = value else { return None };
        Some(Self {
            kind: text(value, "type")?,
            timestamp: text(value, "timestamp")?,
            co_borrower: number(value, "coBorrower")?,
            credit_limit: number(value, "creditLimit")?,
            interest_bearing_balance: number(value, "interestBearingBalance")?,
            non_interest_bearing_balance: number(value, "nonInterestBearingBalance")?,
            original_balance: number(value, "originalBalance")?,
            balance: number(value, "balance")?,
            terms: number(value, "terms")?,
            nominal_interest_rate: number(value, "nominalInterestRate")?,
            installment_charges: number(value, "installmentCharges")?,
            installment_charge_period: text(value, "installmentChargePeriod")?,
        })
    }
}

impl DebtConsent {
    fn read(value: &Value<'_>) -> Option<Self> {
        Some(Self { id: text(value, "id")??, expires_at: field(value, "exp", seconds)?, scope: text(value, "scope")? })
    }
}

impl ConsentStatus {
    /// Both documented shapes: `active` as a boolean or a text, `expires_at` in seconds or ISO 8601.
    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        let active = match value.get("active")? {
            Value::Bool(active) => *active,
            other => match other.as_str()? {
                "true" => true,
                "false" => false,
                _ => return None,
            },
        };
        Some(Self { active, expires_at: field(value, "expires_at", seconds)? })
    }
}
