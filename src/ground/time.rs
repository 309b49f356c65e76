//! Times in answers: seconds since 1970, written as a number or as ISO 8601 (RFC 3339).
//!
//! Several forms coexist in providers' documented answers; all become seconds. Refuses other texts.

use crate::ground::json::Value;
use crate::ground::text::cut;

/// Seconds since 1970 from a number or an RFC 3339 text; fractions are cut.
pub(crate) fn seconds(value: &Value<'_>) -> Option<i64> {
    value.as_integer().or_else(|| rfc3339(value.as_str()?))
}

/// Seconds since 1970 of an RFC 3339 text.
pub(crate) fn rfc3339(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let [year, month, day] = three(date, b'-')?;
    let (clock, mut rest) = rest.get(1..).filter(|_| matches!(rest.as_bytes(), [b'T' | b't' | b' ', ..]))?.split_at_checked(8)?;
    let [hour, minute, second] = three(clock, b':')?;
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().position(|octet| !octet.is_ascii_digit()).unwrap_or(fraction.len());
        rest = fraction.get(digits..)?;
    }
    let mut offset = 0;
    if !matches!(rest, "Z" | "z") {
        let (sign, ahead) = rest.split_at_checked(1)?;
        let (hours, minutes) = cut(ahead, b':');
        let (hours, minutes) = (whole(hours)?, whole(minutes?)?);
        if hours > 23 || minutes > 59 {
            return None;
        }
        offset = hours.wrapping_mul(60).wrapping_add(minutes).wrapping_mul(60);
        match sign {
            "+" => {}
            "-" => offset = offset.wrapping_neg(),
            _ => return None,
        }
    }
    let fits =
        (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    if !fits {
        return None;
    }
    // Days of the civil calendar, counted from 1 March of year 0 (the usual shifted-month form); all of it fits easily.
    let early = i64::from(month < 3);
    let (shifted, year) = (month.wrapping_add(early.wrapping_mul(12)).wrapping_sub(3), year.wrapping_sub(early));
    let leaps = (year / 4).wrapping_sub(year / 100).wrapping_add(year / 400);
    let days = year.wrapping_mul(365).wrapping_add(leaps).wrapping_add(shifted.wrapping_mul(153).wrapping_add(2) / 5).wrapping_add(day);
    let hours = days.wrapping_sub(719_469).wrapping_mul(24).wrapping_add(hour);
    Some(hours.wrapping_mul(60).wrapping_add(minute).wrapping_mul(60).wrapping_add(second).wrapping_sub(offset))
}

/// Three whole numbers with a mark between them, no sign anywhere.
fn three(text: &str, mark: u8) -> Option<[i64; 3]> {
    let (first, rest) = cut(text, mark);
    let (second, third) = cut(rest?, mark);
    Some([whole(first)?, whole(second)?, whole(third?)?])
}

fn whole(digits: &str) -> Option<i64> {
    crate::ground::text::number(digits).and_then(|value| i64::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_three_forms() {
        let of = |json: &str| seconds(&Value::parse(json).unwrap_or(Value::Null));
        assert_eq!(of("1785312537"), Some(1_785_312_537));
        assert_eq!(of(r#""2026-07-29T08:08:57Z""#), Some(1_785_312_537));
        assert_eq!(of(r#""2026-07-29T10:08:57.265053+02:00""#), Some(1_785_312_537));
        assert_eq!(of(r#""1970-01-01T00:00:00Z""#), Some(0));
        assert_eq!(of(r#""2024-02-29T23:59:59Z""#), Some(1_709_251_199));
        assert_eq!(of(r#""yesterday""#), None);
        assert_eq!(of(r#""2026-13-01T00:00:00Z""#), None);
        assert_eq!(of("1.5"), None);
        for odd in
            ["2024-1-1-1T00:00:00Z", "2024-+1-01T00:00:00Z", "2024-01-01T00:00:+1Z", "2024-01-01T00:00:00+-1:00", "2024-01-01T0:0:0:0Z"]
        {
            assert_eq!(of(&alloc::format!("\"{odd}\"")), None, "{odd}");
        }
    }
}
