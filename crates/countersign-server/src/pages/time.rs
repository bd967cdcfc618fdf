//! Times and numbers as people read them. Takes `now` from the model, shows UTC, and decides nothing else.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use minijinja::Environment;
use minijinja::value::Value;

/// Adds the filters `ago`, `at`, `utc`, `span` and `num` and the function `count` to the templates.
pub(super) fn install(environment: &mut Environment<'_>) {
    environment.add_filter("ago", |at: i64, now: i64| element(at, &ago(at, now)));
    environment.add_filter("at", |at: i64, now: i64| element(at, &exact(at, now)));
    environment.add_filter("utc", plain);
    environment.add_filter("span", span);
    environment.add_filter("num", |number: i64| grouped(number));
    environment.add_function("count", |number: i64, one: &str, many: Option<&str>| count(number, one, many));
}

/// `<time datetime="…" title="…">…</time>`.
fn element(at: i64, human: &str) -> Value {
    let Some(zoned) = utc(at) else { return Value::from(at) };
    let machine = zoned.strftime("%Y-%m-%dT%H:%M:%SZ");
    let whole = zoned.strftime("%-d %b %Y, %H:%M:%S UTC");
    Value::from_safe_string(format!("<time datetime=\"{machine}\" title=\"{whole}\">{human}</time>"))
}

/// How long ago, or in how long, in words; the date once that says more.
fn ago(at: i64, now: i64) -> String {
    let past = now.saturating_sub(at);
    match past {
        0..60 => "now".to_owned(),
        60..3600 => format!("{} ago", count(past / 60, "minute", None)),
        -59..0 => format!("in {}", count(-past, "second", None)),
        -3599..=-60 => format!("in {}", count(-past / 60, "minute", None)),
        _ => dated(at, now, "%H:%M"),
    }
}

/// The time to the second, with its date unless it is today.
fn exact(at: i64, now: i64) -> String {
    dated(at, now, "%H:%M:%S")
}

/// The whole time without markup, for letters.
fn plain(at: i64) -> String {
    utc(at).map_or_else(|| at.to_string(), |zoned| zoned.strftime("%-d %b %Y, %H:%M UTC").to_string())
}

fn dated(at: i64, now: i64, clock: &str) -> String {
    let (Some(zoned), Some(today)) = (utc(at), utc(now)) else { return at.to_string() };
    let time = zoned.strftime(clock);
    let days = days_between(&zoned, &today);
    match days {
        Some(0) => format!("today, {time}"),
        Some(1) => format!("yesterday, {time}"),
        Some(-1) => format!("tomorrow, {time}"),
        Some(days) if days.abs() < 300 => format!("{}, {time}", zoned.strftime("%-d %b")),
        _ => format!("{}, {time}", zoned.strftime("%-d %b %Y")),
    }
}

fn days_between(earlier: &ZonedDateTime, later: &ZonedDateTime) -> Option<i32> {
    Some(later.date().since(earlier.date()).ok()?.get_days())
}

fn utc(at: i64) -> Option<ZonedDateTime> {
    Some(Timestamp::from_second(at).ok()?.to_zoned_datetime(TimeZone::UTC))
}

/// A length in seconds in its largest whole unit.
fn span(seconds: i64) -> String {
    match seconds {
        s if s >= 86_400 && s % 86_400 == 0 => count(s / 86_400, "day", None),
        s if s >= 3_600 && s % 3_600 == 0 => count(s / 3_600, "hour", None),
        s if s >= 60 && s % 60 == 0 => count(s / 60, "minute", None),
        s => count(s, "second", None),
    }
}

/// `1 session`, `2,418 sessions`, `no sessions`.
fn count(number: i64, one: &str, many: Option<&str>) -> String {
    let plural = many.map_or_else(|| format!("{one}s"), str::to_owned);
    match number {
        0 => format!("no {plural}"),
        1 => format!("1 {one}"),
        _ => format!("{} {plural}", grouped(number)),
    }
}

/// Thousands with a comma.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 23 Nov 2026, 09:14:00 UTC.
    const NOW: i64 = 1_795_425_240;

    #[test]
    fn the_near_past_is_told_in_minutes_and_the_rest_by_its_date() {
        let cases = [
            (0, "now"),
            (59, "now"),
            (60, "1 minute ago"),
            (12 * 60, "12 minutes ago"),
            (2 * 3600, "today, 07:14"),
            (14 * 3600, "yesterday, 19:14"),
            (20 * 86_400, "3 Nov, 09:14"),
            (400 * 86_400, "19 Oct 2025, 09:14"),
            (-10, "in 10 seconds"),
            (-600, "in 10 minutes"),
            (-5 * 3600, "today, 14:14"),
            (-86_400, "tomorrow, 09:14"),
            (-28 * 86_400, "21 Dec, 09:14"),
        ];
        for (past, said) in cases {
            assert_eq!(ago(NOW - past, NOW), said, "{past}");
        }
    }

    #[test]
    fn a_time_says_itself_to_machines_too() {
        let element = element(NOW, "now").to_string();
        assert!(element.contains("datetime=\"2026-11-23T09:14:00Z\""), "{element}");
        assert!(element.contains("title=\"23 Nov 2026, 09:14:00 UTC\""), "{element}");
        assert_eq!(exact(NOW - 1377, NOW), "today, 08:51:03");
    }

    #[test]
    fn a_time_no_calendar_holds_is_shown_as_its_number() {
        assert_eq!(element(i64::MAX, "never").to_string(), i64::MAX.to_string());
        assert_eq!(exact(i64::MIN, NOW), i64::MIN.to_string());
    }

    #[test]
    fn numbers_read_as_in_a_ledger() {
        assert_eq!(grouped(884_213), "884,213");
        assert_eq!(grouped(-1_000), "-1,000");
        assert_eq!(grouped(12), "12");
        assert_eq!(count(0, "try", Some("tries")), "no tries");
        assert_eq!(count(2418, "session", None), "2,418 sessions");
        assert_eq!(span(30 * 86_400), "30 days");
        assert_eq!(span(900), "15 minutes");
        assert_eq!(span(90), "90 seconds");
    }
}
