//! The cost of a check over the number of sessions, drawn as SVG: one line for each contestant, both axes by powers of ten.
//!
//! Colours follow the reader's light or dark setting, as the pages do; nothing is loaded from anywhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
/// Left, right, top, bottom.
const MARGIN: [f64; 4] = [64.0, 216.0, 24.0, 40.0];
/// 10^3 to 10^7 sessions.
const SESSIONS: [f64; 2] = [3.0, 7.0];
/// 100 ns to 100 µs.
const TIME: [f64; 2] = [2.0, 5.0];
const STYLE: &str = "<style>svg{font:13px system-ui,sans-serif;--ink:#1d2733;--soft:#6b7785;--grid:#dfe4ea}\
@media(prefers-color-scheme:dark){svg{--ink:#e6ebf1;--soft:#93a0ae;--grid:#2c3743}}text{fill:var(--soft)}\
.name{fill:var(--ink)}path{fill:none;stroke-width:2}.grid{stroke:var(--grid);stroke-width:1}</style>";
const COLOURS: [&str; 6] = ["#6b7785", "#0f766e", "#5aa9a2", "#b9c2cc", "#c2410c", "#e2a07f"];

/// What `lines` say of single requests.
pub(super) fn checks(lines: &[Value]) -> String {
    let mut contestants: Vec<&str> = Vec::new();
    let mut points: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line["what"] == "request") {
        let (Some(who), Some(sessions), Some(ns)) =
            (line["who"].as_str(), line["sessions"].as_f64(), line["ns"].as_f64())
        else {
            continue;
        };
        if !contestants.contains(&who) {
            contestants.push(who);
        }
        let line = points.entry(who).or_default();
        // A peer is measured again, beside more of ours, with no more of its own.
        if !line.iter().any(|(known, _)| *known == sessions.log10()) {
            line.push((sessions.log10(), ns.log10()));
        }
    }
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"One request over the number of live sessions\">{STYLE}"
    );
    grid(&mut svg);
    let mut last = f64::NEG_INFINITY;
    let mut ends: Vec<(&str, f64, &str)> = Vec::new();
    for (who, colour) in contestants.iter().zip(COLOURS.iter().cycle()) {
        let Some(line) = points.get(who) else { continue };
        let steps: Vec<String> =
            line.iter().map(|(sessions, ns)| format!("{:.1} {:.1}", across(*sessions), down(*ns))).collect();
        let _ = write!(svg, "<path d=\"M{}\" style=\"stroke:{colour}\"/>", steps.join("L"));
        if let Some((_, ns)) = line.last() {
            ends.push((who, down(*ns), colour));
        }
    }
    // Names stand apart, whatever their lines do.
    ends.sort_by(|one, other| one.1.total_cmp(&other.1));
    let x = WIDTH - MARGIN[1] + 12.0;
    for (who, y, colour) in ends {
        let y = y.max(last + 16.0);
        last = y;
        let _ = write!(
            svg,
            "<circle cx=\"{x}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/><text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">{who}</text>",
            x + 10.0,
            y + 4.0
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// The powers of ten, and what they are called.
fn grid(svg: &mut String) {
    let [left, right, top, bottom] = MARGIN;
    let (end, foot) = (WIDTH - right, HEIGHT - bottom);
    for (power, name) in [(2.0, "100 ns"), (3.0, "1 µs"), (4.0, "10 µs"), (5.0, "100 µs")] {
        let y = down(power);
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{left} {y:.1}H{end}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>",
            left - 8.0,
            y + 4.0
        );
    }
    for (power, name) in
        [(3.0, "1,000"), (4.0, "10,000"), (5.0, "100,000"), (6.0, "1,000,000"), (7.0, "10,000,000 sessions")]
    {
        let x = across(power);
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{x:.1} {top}V{foot}\"/><text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{name}</text>",
            foot + 20.0
        );
    }
}

fn across(power: f64) -> f64 {
    let [left, right, ..] = MARGIN;
    left + (power - SESSIONS[0]) / (SESSIONS[1] - SESSIONS[0]) * (WIDTH - left - right)
}

fn down(power: f64) -> f64 {
    let [_, _, top, bottom] = MARGIN;
    HEIGHT - bottom - (power - TIME[0]) / (TIME[1] - TIME[0]) * (HEIGHT - top - bottom)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_goes_through_its_points() {
        let point =
            |live: u64, ns: u64| json!({ "what": "request", "who": "check", "sessions": live, "ns": ns });
        let svg = checks(&[point(1_000, 1_000), point(1_000_000, 10_000)]);
        assert!(svg.contains("M64.0 221.3L394.0 122.7"), "{svg}");
        assert!(svg.contains(">check</text>") && svg.ends_with("</svg>\n"));
    }
}
