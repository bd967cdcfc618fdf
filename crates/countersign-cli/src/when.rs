//! Times for people: how long ago, how long still, and the date in UTC.

use jiff::Timestamp;
use jiff::fmt::strtime;

/// The present, in seconds since 1970.
pub(crate) fn now() -> u64 {
    u64::try_from(Timestamp::now().as_second()).unwrap_or(0)
}

/// `23 Nov 2026 09:09:00 UTC`, or `None` for a time no calendar holds.
pub(crate) fn date(seconds: u64) -> Option<String> {
    let at = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    strtime::format("%-d %b %Y %H:%M:%S UTC", at).ok()
}

/// The short form beside `now`: `now`, `12 min ago`, `08:50` of today, `21 Dec`, `21 Dec 2027`.
pub(crate) fn short(seconds: u64, now: u64) -> String {
    let ago = now.saturating_sub(seconds);
    if seconds <= now && ago < 3600 {
        return if ago < 60 { "now".to_owned() } else { format!("{} min ago", ago / 60) };
    }
    let year = |s: u64| render(s, "%Y");
    if render(seconds, "%F") == render(now, "%F") {
        render(seconds, "%H:%M")
    } else if year(seconds) == year(now) {
        render(seconds, "%-d %b")
    } else {
        render(seconds, "%-d %b %Y")
    }
}

/// `5 min ago` or `in 10 min`.
pub(crate) fn beside(seconds: u64, now: u64) -> String {
    if seconds > now { format!("in {}", span(seconds - now)) } else { format!("{} ago", span(now - seconds)) }
}

/// A span with its unit: `45 s`, `15 min`, `2 h 5 min`, `30 days`.
pub(crate) fn span(seconds: u64) -> String {
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| {
        if small == 0 {
            format!("{large} {large_unit}")
        } else {
            format!("{large} {large_unit} {small} {small_unit}")
        }
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => two(seconds / 60, "min", if seconds < 600 { seconds % 60 } else { 0 }, "s"),
        3600..172_800 => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => format!("{} days", crate::when::thousands(seconds / 86_400)),
    }
}

/// A number with commas between its thousands.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn render(seconds: u64, form: &str) -> String {
    let at = i64::try_from(seconds).ok().and_then(|s| Timestamp::from_second(s).ok());
    at.and_then(|at| strtime::format(form, at).ok()).unwrap_or_else(|| seconds.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: u64 = 1_795_435_200;

    #[test]
    fn spans_carry_their_unit() {
        assert_eq!(
            [span(45), span(90), span(900), span(7500), span(2_592_000)],
            ["45 s", "1 min 30 s", "15 min", "2 h 5 min", "30 days"]
        );
    }

    #[test]
    fn the_short_form_says_no_more_than_needed() {
        assert_eq!(short(NOON - 5, NOON), "now");
        assert_eq!(short(NOON - 720, NOON), "12 min ago");
        assert_eq!(short(NOON - 11_400, NOON), "08:50");
        assert_eq!(short(NOON + 28 * 86_400, NOON), "21 Dec");
    }

    #[test]
    fn dates_are_in_utc_and_absurd_ones_are_none() {
        assert_eq!(date(1_795_424_940).as_deref(), Some("23 Nov 2026 09:09:00 UTC"));
        assert_eq!(date(u64::MAX), None);
        assert_eq!(thousands(884_213), "884,213");
    }
}
