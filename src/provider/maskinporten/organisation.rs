//! Norwegian organisation numbers: nine digits, the last of them a check digit.
//!
//! Brønnøysundregistrene (modulus 11, weights 3 2 7 6 5 4 3 2); ISO 6523 (`0192:` before the number).
//! Refuses other lengths, other signs, wrong check digits, so that nothing else reaches a path or a claim.

use alloc::string::String;

use crate::ground::error::{Error, Result, codes};

/// An organisation number.
///
/// ```
/// use samtykke::provider::maskinporten::OrganisationNumber;
/// let number = OrganisationNumber::parse("910753614")?;
/// assert_eq!((number.as_str(), number.identifier().as_str()), ("910753614", "0192:910753614"));
/// assert!(OrganisationNumber::parse("910753615").is_err());
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationNumber(String);

impl OrganisationNumber {
    /// Nine digits with their check digit.
    ///
    /// # Errors
    /// `invalid_parameter`.
    pub fn parse(text: &str) -> Result<Self> {
        let digits = text.bytes().map(|octet| u32::from(octet.wrapping_sub(b'0')));
        let sum = digits.zip([3, 2, 7, 6, 5, 4, 3, 2, 1]).fold(0u32, |sum, (digit, weight)| sum.wrapping_add(digit.wrapping_mul(weight)));
        // With the check digit the weighted sum is a multiple of 11.
        if sum % 11 != 0 {
            return Err(refusal());
        }
        Self::unchecked(text)
    }

    /// Nine digits, the check digit not looked at: for numbers made up for documentation and tests.
    ///
    /// # Errors
    /// `invalid_parameter` for anything but nine digits.
    pub fn unchecked(text: &str) -> Result<Self> {
        if text.len() == 9 && text.bytes().all(|octet| octet.is_ascii_digit()) { Ok(Self(text.into())) } else { Err(refusal()) }
    }

    /// With `0192:` before it, as ISO 6523 and Maskinporten's tokens write it.
    ///
    /// # Errors
    /// `invalid_parameter`.
    pub fn from_identifier(text: &str) -> Result<Self> {
        text.strip_prefix("0192:").ok_or_else(refusal).and_then(Self::parse)
    }

    /// The nine digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as `0192:910753614`.
    pub fn identifier(&self) -> String {
        let mut text = String::from("0192:");
        text.push_str(&self.0);
        text
    }
}

fn refusal() -> Error {
    Error::new(&codes::INVALID_PARAMETER).expected("an organisation number: nine digits, the last a check digit, nothing before them")
}
