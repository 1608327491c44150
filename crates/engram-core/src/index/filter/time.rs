//! Times as text: ISO 8601 in UTC, so that they compare as text.
//!
//! Owns: the one form in which `_created`, `_updated` and `NOW()` are written.

/// Bytes of a time of the years 0 to 9999, whose order as text is that of the numbers.
const PLAIN_BYTES: usize = 27;
const DAY_US: i64 = 86_400_000_000;

/// First and last microsecond of the years 0 to 9999.
const PLAIN_YEARS: std::ops::Range<i64> = -719_528 * DAY_US..2_932_897 * DAY_US;

/// Microseconds since 1970 as `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
#[must_use]
pub fn iso_time(time_us: i64) -> String {
    with_iso_time(time_us, |text| String::from_utf8_lossy(text).into_owned())
}

/// The day of a time as `YYYY-MM-DD`.
#[must_use]
pub fn iso_date(time_us: i64) -> String {
    let (year, month, day) = civil(time_us.div_euclid(DAY_US));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Runs `f` on the bytes of [`iso_time`], for years of four digits without an allocation.
pub(crate) fn with_iso_time<T>(time_us: i64, f: impl FnOnce(&[u8]) -> T) -> T {
    let in_day = time_us.rem_euclid(DAY_US);
    let (seconds, micros) = (in_day / 1_000_000, in_day % 1_000_000);
    if !PLAIN_YEARS.contains(&time_us) {
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let date = iso_date(time_us);
        return f(format!("{date}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z").as_bytes());
    }
    let (year, month, day) = civil(time_us.div_euclid(DAY_US));
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let fields = [
        (year, 0..4),
        (month, 5..7),
        (day, 8..10),
        (seconds / 3600, 11..13),
        (seconds / 60 % 60, 14..16),
        (seconds % 60, 17..19),
        (micros, 20..26),
    ];
    for (mut number, at) in fields {
        for digit in text[at].iter_mut().rev() {
            *digit += (number % 10) as u8;
            number /= 10;
        }
    }
    f(&text[..PLAIN_BYTES])
}

/// Compares two times by their text.
pub(crate) fn compare_as_text(a: i64, b: i64) -> std::cmp::Ordering {
    match PLAIN_YEARS.contains(&a) && PLAIN_YEARS.contains(&b) {
        true => a.cmp(&b),
        false => iso_time(a).cmp(&iso_time(b)),
    }
}

/// Year, month and day of a count of days since 1970 in the Gregorian calendar. Years are counted
/// from March, so that the leap day is the last; 146,097 days make 400 years.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let in_era = shifted.rem_euclid(146_097);
    let year_in_era = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_in_era + year_in_era / 4 - year_in_era / 100);
    let month_from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (year_in_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_read_as_iso_8601() {
        let rows = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_709_251_199_999_999, "2024-02-29T23:59:59.999999Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (4_102_444_800_000_000, "2100-01-01T00:00:00.000000Z"),
            (PLAIN_YEARS.start, "0000-01-01T00:00:00.000000Z"),
            (PLAIN_YEARS.end - 1, "9999-12-31T23:59:59.999999Z"),
        ];
        for (us, text) in rows {
            assert_eq!(iso_time(us), text);
            assert_eq!(iso_date(us), text[..10]);
        }
    }

    proptest! {
        #[test]
        fn texts_name_their_fields_and_give_the_order(
            a in prop_oneof![-(1i64 << 60)..1 << 60, PLAIN_YEARS], b in -(1i64 << 60)..1 << 60,
        ) {
            let (in_day, date) = (a.rem_euclid(DAY_US), iso_date(a));
            let (minutes, micros) = (in_day / 60_000_000, in_day % 60_000_000);
            let (hour, minute) = (minutes / 60, minutes % 60);
            let (second, micros) = (micros / 1_000_000, micros % 1_000_000);
            let wanted = format!("{date}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z");
            prop_assert_eq!(iso_time(a), wanted);
            prop_assert_eq!(compare_as_text(a, b), iso_time(a).cmp(&iso_time(b)));
        }
    }
}
