//! Times in answers: seconds since 1970, written as a number, as ISO 8601 (RFC 3339), or as a date of HTTP (RFC 9110 section 5.6.7).
//!
//! Several forms coexist in providers' documented answers; all become seconds. Refuses other texts, and days that no calendar has.

use alloc::string::String;

use crate::ground::json::Value;
use crate::ground::text::{cut, take, word};

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
    let at = civil([year, month, day], [hour, minute, second])?.wrapping_sub(offset);
    // A leap second ends a day in Greenwich.
    (second < 60 || at % DAY == 0).then_some(at)
}

const DAY: i64 = 86_400;

/// Seconds since 1970 of a date and a time of day that exist; a leap second counts as the second after it.
fn civil([year, month, day]: [i64; 3], [hour, minute, second]: [i64; 3]) -> Option<i64> {
    let leap = i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let longest = match month {
        2 => leap.wrapping_add(28),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let fits = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=longest).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..61).contains(&second);
    if !fits {
        return None;
    }
    // Days of the civil calendar, counted from 1 March of year 0 (the usual shifted-month form); all of it fits easily.
    let early = i64::from(month < 3);
    let (shifted, year) = (month.wrapping_add(early.wrapping_mul(12)).wrapping_sub(3), year.wrapping_sub(early));
    let leaps = (year / 4).wrapping_sub(year / 100).wrapping_add(year / 400);
    let days = year.wrapping_mul(365).wrapping_add(leaps).wrapping_add(shifted.wrapping_mul(153).wrapping_add(2) / 5).wrapping_add(day);
    let hours = days.wrapping_sub(719_469).wrapping_mul(24).wrapping_add(hour);
    Some(hours.wrapping_mul(60).wrapping_add(minute).wrapping_mul(60).wrapping_add(second))
}

const MONTHS: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";

/// Seconds since 1970 of a date as servers have to write it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
pub(crate) fn http_date(text: &str) -> Option<i64> {
    let (mut rest, mut parts) = (text, [""; 6]);
    take(&mut rest, &mut parts, b' ');
    let [weekday, day, month, year, clock, zone] = parts;
    let month = i64::try_from(word(MONTHS, month.as_bytes())?).ok()?.wrapping_add(1);
    let at = civil([whole(year)?, month, whole(day)?], three(clock, b':')?);
    if weekday.ends_with(',') && zone == "GMT" && rest.is_empty() { at } else { None }
}

/// Seconds since 1970 as RFC 3339 writes them, in UTC.
pub(crate) fn iso(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // The same calendar the other way: eras of 400 years, from 1 March of year 0.
    let shifted = days.wrapping_add(719_468);
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = day.wrapping_sub(day / 1460).wrapping_add(day / 36_524).wrapping_sub(day / 146_096) / 365;
    let day = day.wrapping_sub(year.wrapping_mul(365).wrapping_add(year / 4).wrapping_sub(year / 100));
    let month = day.wrapping_mul(5).wrapping_add(2) / 153;
    let day = day.wrapping_sub(month.wrapping_mul(153).wrapping_add(2) / 5).wrapping_add(1);
    let (month, next) = if month < 10 { (month.wrapping_add(3), 0) } else { (month.wrapping_sub(9), 1) };
    let year = year.wrapping_add(era.wrapping_mul(400)).wrapping_add(next);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    alloc::format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
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
    fn writes_what_it_reads() {
        assert_eq!(iso(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso(1_709_251_199), "2024-02-29T23:59:59Z");
        for day in 0..100_000 {
            let seconds = day * 86_400 + day % 86_400;
            assert_eq!(rfc3339(&iso(seconds)), Some(seconds));
        }
    }

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
        for odd in [
            "2023-02-31T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2023-04-31T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2023-02-01T00:00:60Z",
            "2023-00-10T00:00:00Z",
        ] {
            assert_eq!(of(&alloc::format!("\"{odd}\"")), None, "{odd}");
        }
        assert_eq!(of(r#""2016-12-31T23:59:60Z""#), Some(1_483_228_800), "a leap second");
        assert_eq!(of(r#""2017-01-01T00:59:60+01:00""#), Some(1_483_228_800));
        assert_eq!(of(r#""2024-02-29T12:00:00Z""#), Some(1_709_208_000));
        for odd in
            ["2024-1-1-1T00:00:00Z", "2024-+1-01T00:00:00Z", "2024-01-01T00:00:+1Z", "2024-01-01T00:00:00+-1:00", "2024-01-01T0:0:0:0Z"]
        {
            assert_eq!(of(&alloc::format!("\"{odd}\"")), None, "{odd}");
        }
    }

    #[test]
    fn reads_the_dates_of_http() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(http_date("Thu, 01 Jan 2026 00:00:00 GMT"), Some(1_767_225_600));
        assert_eq!(http_date("Mon, 30 Nov 2026 12:00:00 GMT"), Some(1_796_040_000));
        for odd in [
            "",
            "120",
            "soon",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 194 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT x",
        ] {
            assert_eq!(http_date(odd), None, "{odd}");
        }
    }
}
