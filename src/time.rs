//! Times in answers: seconds since 1970, written as a number or as ISO 8601 (RFC 3339).
//!
//! Several forms coexist in providers' documented answers; all become seconds. Refuses other texts.

use crate::json::Value;

/// Seconds since 1970 from a number or an RFC 3339 text; fractions are cut.
pub(crate) fn seconds(value: &Value<'_>) -> Option<i64> {
    value.as_integer().or_else(|| rfc3339(value.as_str()?))
}

/// Seconds since 1970 of an RFC 3339 text.
pub(crate) fn rfc3339(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let [year, month, day] = three(date, '-')?;
    let (clock, rest) = rest.strip_prefix(['T', 't', ' '])?.split_at_checked(8)?;
    let [hour, minute, second] = three(clock, ':')?;
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let offset = match rest {
        "Z" | "z" => 0,
        _ => {
            let sign = if rest.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = rest.strip_prefix(['+', '-'])?.split_once(':')?;
            let total = whole(hours)?.checked_mul(60)?.checked_add(whole(minutes)?)?;
            total.checked_mul(60)?.checked_mul(sign)?
        }
    };
    let fits =
        (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    if !fits {
        return None;
    }
    // Days of the civil calendar, counted from 1 March of year 0 (the usual shifted-month form).
    let shifted = if month > 2 { month.checked_sub(3)? } else { month.checked_add(9)? };
    let year = if month > 2 { year } else { year.checked_sub(1)? };
    let days = 365i64.checked_mul(year)?.checked_add(year / 4)?.checked_sub(year / 100)?.checked_add(year / 400)?;
    let days = days.checked_add(153i64.checked_mul(shifted)?.checked_add(2)? / 5)?.checked_add(day)?.checked_sub(719_469)?;
    let minutes = days.checked_mul(24)?.checked_add(hour)?.checked_mul(60)?.checked_add(minute)?;
    minutes.checked_mul(60)?.checked_add(second)?.checked_sub(offset)
}

/// Three whole numbers with a mark between them, no sign anywhere.
fn three(text: &str, mark: char) -> Option<[i64; 3]> {
    let mut parts = text.split(mark);
    let found = [whole(parts.next()?)?, whole(parts.next()?)?, whole(parts.next()?)?];
    parts.next().is_none().then_some(found)
}

fn whole(digits: &str) -> Option<i64> {
    crate::encoding::number(digits).and_then(|value| i64::try_from(value).ok())
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
