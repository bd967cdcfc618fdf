//! `cargo xtask bench sessions`: what a session costs, beside a bare handler, tower-sessions and the bare disk.
//!
//! `bench/sessions` measures, a program for each kind of thing; wrk loads a server. This prints all of it, draws the cost of a
//! check over the number of sessions, and says which bars hold. A bar is a ratio within one run, so that the machine cancels
//! out; the way back after a kill is a time.

mod plot;

use std::path::Path;
use std::process::{Command, ExitCode};

use serde_json::{Value, json};

use super::jose::Form;
use super::{Problem, Running, Spread, build, run, said};

/// How many sessions are alive while a request is measured.
const SIZES: [&str; 4] = ["1000", "10000", "100000", "1000000"];
/// And how many more on demand.
const TEN_MILLION: u64 = 10_000_000;
const ROUNDS: usize = 5;
const SECONDS: u32 = 3;
/// The servers under wrk; the first is the one that the others are compared with.
const SERVERS: [(&str, &str); 8] = [
    ("bare", "bench/sessions/target/release/serve"),
    ("guarded", "bench/sessions/target/release/serve"),
    ("unopened", "bench/sessions/target/release/serve"),
    ("postgres", "bench/sessions/target/release/serve"),
    ("guest on redis", "bench/sessions/target/release/serve"),
    ("tower", "bench/sessions/target/release/serve"),
    ("tower on redis", "bench/peers/target/release/countersign-bench-peers"),
    ("tower on postgres", "bench/peers/target/release/countersign-bench-peers"),
];
const JSON: &str = "--json";
const MORE: &str = "--ten-million";
/// Where the drawing goes.
const PLOT: &str = "target/bench-sessions.svg";

/// Which side of a bar is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Most,
    Least,
}

/// What is promised, and what was measured.
struct Verdict {
    name: &'static str,
    unit: &'static str,
    side: Side,
    bar: f64,
    value: Option<f64>,
}

impl Verdict {
    /// A figure that is missing does not hold.
    fn holds(&self) -> bool {
        self.value.is_some_and(|value| match self.side {
            Side::Most => value <= self.bar,
            Side::Least => value >= self.bar,
        })
    }
}

/// Whether these words may stand behind the command.
pub(crate) fn known(words: &[&str]) -> bool {
    words.iter().all(|word| [JSON, MORE].contains(word))
}

/// Builds, measures, prints; fails when a bar does not hold.
pub(crate) fn command(root: &Path, words: &[&str]) -> ExitCode {
    let form = if words.contains(&JSON) { Form::Json } else { Form::Table };
    let more = words.contains(&MORE).then_some(TEN_MILLION);
    let drawn = |lines: &[Value]| {
        let path = root.join(PLOT);
        std::fs::write(&path, plot::checks(lines))
            .map_err(|e| format!("cannot write `{}`: {e}", path.display()))
    };
    match measure(root, more).and_then(|lines| drawn(&lines).map(|()| lines)) {
        Ok(lines) if tell(&lines, more, form) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// What all programs said.
fn measure(root: &Path, more: Option<u64>) -> Result<Vec<Value>, Problem> {
    run(Command::new("wrk").arg("--version"), "`wrk` is needed: apt-get install wrk")?;
    run(
        Command::new("redis-server").arg("--version"),
        "`redis-server` is needed: apt-get install redis-server",
    )?;
    build(root, "bench/sessions/Cargo.toml", &[])?;
    build(root, "bench/peers/Cargo.toml", &[])?;
    let mut told = Vec::new();
    // A size has a process of its own: what one leaves behind in the allocator is not the next one's.
    for size in SIZES.map(str::to_owned).into_iter().chain(more.map(|size| size.to_string())) {
        told.extend(lines(root, "check", &[&size])?);
    }
    told.extend(lines(root, "memory", &["100000", "1000000"])?);
    told.extend(lines(root, "reads", &[])?);
    told.extend(lines(root, "idle", &[])?);
    told.extend(lines(root, "durable", &[])?);
    told.extend(lines(root, "large", &[])?);
    told.extend(lines(root, "restart", &["1000000"])?);
    told.extend(load(root)?);
    Ok(told)
}

fn lines(root: &Path, program: &str, words: &[&str]) -> Result<Vec<Value>, Problem> {
    said(Command::new(root.join("bench/sessions/target/release").join(program)).args(words))
}

/// Requests per second of each server under wrk; the ratio to the bare one is taken within the round.
fn load(root: &Path) -> Result<Vec<Value>, Problem> {
    let mut servers = Vec::new();
    for (who, binary) in SERVERS {
        let mut command = Command::new(root.join(binary));
        command.arg(who.rsplit(' ').next().unwrap_or(who));
        let server = Running::of(command)?;
        let (url, cookie) = server.url.split_once(' ').ok_or("the server names no cookie")?;
        servers.push((who, url.to_owned(), format!("Cookie: {cookie}"), server));
    }
    let mut rates = vec![Vec::new(); servers.len()];
    for _ in 0..ROUNDS {
        for ((_, url, cookie, _), rates) in servers.iter().zip(&mut rates) {
            rates.push(wrk(url, cookie)?);
        }
    }
    let base = rates.first().cloned().unwrap_or_default();
    let told = servers.iter().zip(rates).map(|((who, ..), rates)| {
        let ratio = Spread::of(rates.iter().zip(&base).map(|(rate, base)| rate / base).collect());
        let rate = Spread::of(rates);
        json!({
            "what": "load", "who": who, "rate": rate.middle, "rate_low": rate.least, "rate_high": rate.most,
            "ratio": ratio.middle,
        })
    });
    Ok(told.collect())
}

fn wrk(url: &str, cookie: &str) -> Result<f64, Problem> {
    let seconds = format!("{SECONDS}s");
    let text = run(Command::new("wrk").args(["-t1", "-c32", "-d", &seconds, "-H", cookie, url]), "wrk")?;
    if let Some(bad) = text.lines().find(|line| line.contains("Non-2xx") || line.contains("Socket errors")) {
        return Err(format!("`{url}`: {}", bad.trim()));
    }
    let rate = text.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:")?.trim().parse().ok());
    rate.ok_or_else(|| format!("wrk said no number of requests:\n{text}"))
}

/// The member of the line about `what` and `who`, where `sessions` are alive if it says so.
fn figure(lines: &[Value], what: &str, who: &str, sessions: Option<u64>, member: &str) -> Option<f64> {
    let fits = |line: &&Value| {
        line["what"] == what
            && line["who"] == who
            && sessions.is_none_or(|count| line["sessions"].as_u64() == Some(count))
    };
    lines.iter().find(fits)?[member].as_f64()
}

fn verdicts(lines: &[Value], more: Option<u64>) -> Vec<Verdict> {
    let request = |who, count, member| figure(lines, "request", who, Some(count), member);
    let quotient = |over: Option<f64>, under: Option<f64>| Some(over? / under?);
    let durable = |who, member| figure(lines, "durable", who, None, member);
    let most = |name, unit, bar, value| Verdict { name, unit, side: Side::Most, bar, value };
    let least = |name, unit, bar, value| Verdict { name, unit, side: Side::Least, bar, value };
    let memory = |count| figure(lines, "memory", "countersign", Some(count), "bytes");
    let idle = |who| figure(lines, "writes", who, None, "share").map(|share| 1.0 - share);
    let gap = |member| figure(lines, "gaps", "countersign", None, member);
    let growth = |who, count| quotient(request(who, count, "ns"), request(who, 1_000, "ns"));
    let reads = |who| Some(request(who, 100_000, "reads")? + request(who, 1_000_000, "reads")?);
    let large = |who, member| figure(lines, "large", who, None, member);
    let on_demand = more.map(|count| most("check, 10^7 over 10^3", "x", 3.0, growth("check", count)));
    let always = vec![
        most("check, 10^5 sessions", "x bare", 2.0, request("check", 100_000, "ratio")),
        most("check, 10^6 sessions", "x bare", 3.0, request("check", 1_000_000, "ratio")),
        most("unopened, 10^5 sessions", "x bare", 1.1, request("unopened", 100_000, "ratio")),
        most("check, 10^6 over 10^3", "x", 3.0, growth("check", 1_000_000)),
        most("by name, 10^5 sessions", "x bare", 2.0, request("check by name", 100_000, "ratio")),
        most("by name, 10^6 over 10^3", "x", 3.0, growth("check by name", 1_000_000)),
        most("store reads, warm checks", "reads", 0.0, reads("check")),
        most("the same, by name", "reads", 0.0, reads("check by name")),
        most("the same, in PostgreSQL", "reads", 0.0, figure(lines, "reads", "postgres", None, "reads")),
        most("memory, 10^5 sessions", "B/session", 224.0, memory(100_000)),
        most("memory, 10^6 sessions", "B/session", 224.0, memory(1_000_000)),
        least("without a write, 14 days", "of requests", 0.99, idle("14 days")),
        least("without a write, 30 min", "of requests", 0.99, idle("30 min")),
        // A write for each sixteenth of 900 seconds: docs/adr/0013.
        least("without a write, 15 min", "of requests", 1.0 - 16.0 / 900.0, idle("15 min")),
        most("idle, latest let in", "of the limit", 1.0, gap("latest")),
        least("idle, earliest refused", "of the limit", 15.0 / 16.0, gap("earliest")),
        least(
            "durable, 64 clients",
            "x raw fsync",
            5.0,
            quotient(durable("64 clients", "rate"), durable("disk", "rate")),
        ),
        most(
            "durable, 64 clients p99",
            "x raw p99",
            5.0,
            quotient(durable("64 clients", "p99_ns"), durable("disk", "p99_ns")),
        ),
        most(
            "one key beside 10 MiB",
            "x read alone",
            1.0,
            quotient(large("one key beside 10 MiB", "bytes"), large("one key alone", "bytes")),
        ),
        most(
            "one segment of 10 MiB",
            "x small write",
            2.0,
            quotient(large("one segment of 160", "ns"), large("a small write", "ns")),
        ),
        most(
            "first check, worst kill",
            "ms",
            200.0,
            figure(lines, "restart", "countersign", Some(1_000_000), "ms_worst"),
        ),
        least("requests under wrk", "x bare", 0.9, figure(lines, "load", "guarded", None, "ratio")),
        least("the same, in PostgreSQL", "x bare", 0.9, figure(lines, "load", "postgres", None, "ratio")),
    ];
    on_demand.into_iter().chain(always).collect()
}

/// Prints the result; false when a bar does not hold.
fn tell(lines: &[Value], more: Option<u64>, form: Form) -> bool {
    let verdicts = verdicts(lines, more);
    match form {
        Form::Table => {
            table(lines);
            println!("\n  {:<27}{:>10}  {:<14}{:>15}", "bar", "measured", "", "wanted");
            for verdict in &verdicts {
                let side = if verdict.side == Side::Most { "at most" } else { "at least" };
                let wanted = format!("{side} {:.3}", verdict.bar);
                let mark = if verdict.holds() { "holds" } else { "BROKEN" };
                let value = verdict.value.unwrap_or(f64::NAN);
                println!("  {:<27}{value:>10.3}  {:<14}{wanted:>15}  {mark}", verdict.name, verdict.unit);
            }
        }
        Form::Json => {
            let row = |v: &Verdict| json!({ "name": v.name, "value": v.value, "unit": v.unit, "bar": v.bar, "holds": v.holds() });
            println!("{}", Value::from(verdicts.iter().map(row).collect::<Vec<_>>()));
        }
    }
    verdicts.iter().all(Verdict::holds)
}

/// At most 80 columns: what was measured, a line for each contestant.
fn table(lines: &[Value]) {
    let number = |line: &Value, name: &str| line[name].as_f64().unwrap_or(f64::NAN);
    let who = |line: &Value| line["who"].as_str().unwrap_or_default().to_owned();
    println!("\n  {:<26}{:>9}{:>9}  {:<17}{:>7}", "one request", "sessions", "ns", "p10 to p90", "x bare");
    for line in lines.iter().filter(|line| line["what"] == "request") {
        let spread = format!("{:.0} to {:.0}", number(line, "ns_low"), number(line, "ns_high"));
        let (ns, ratio) = (number(line, "ns"), number(line, "ratio"));
        println!("  {:<26}{:>9}{ns:>9.0}  {spread:<17}{ratio:>7.2}", who(line), line["sessions"]);
    }
    println!(
        "\n  {:<26}{:>11}{:>9}{:>9}{:>9}{:>12}",
        "durable starts", "in a second", "p50 µs", "mean µs", "p99 µs", "writer's µs"
    );
    for line in lines.iter().filter(|line| line["what"] == "durable") {
        let micros = |name| number(line, name) / 1e3;
        println!(
            "  {:<26}{:>11.0}{:>9.0}{:>9.0}{:>9.0}{:>12.1}",
            who(line),
            number(line, "rate"),
            micros("p50_ns"),
            micros("mean_ns"),
            micros("p99_ns"),
            micros("writer_ns")
        );
    }
    bound(lines);
    println!("\n  {:<26}{:>9}{:>12}  {:<17}", "a session of 10 MiB", "µs", "bytes read", "p10 to p90");
    for line in lines.iter().filter(|line| line["what"] == "large") {
        let micros = |name| number(line, name) / 1e3;
        let spread = format!("{:.0} to {:.0}", micros("ns_low"), micros("ns_high"));
        let bytes = line["bytes"].as_u64().map(|bytes| bytes.to_string()).unwrap_or_default();
        println!("  {:<26}{:>9.1}{bytes:>12}  {spread:<17}", who(line), micros("ns"));
    }
    println!("\n  {:<26}{:>9}  {:<19}{:>7}", "wrk", "in a second", "least to most", "x bare");
    for line in lines.iter().filter(|line| line["what"] == "load") {
        let spread = format!("{:.0} to {:.0}", number(line, "rate_low"), number(line, "rate_high"));
        println!(
            "  {:<26}{:>9.0}  {spread:<19}{:>7.2}",
            who(line),
            number(line, "rate"),
            number(line, "ratio")
        );
    }
    println!();
    for line in lines.iter().filter(|line| line["what"] == "writes") {
        let share = number(line, "share") * 100.0;
        println!("  idle after {:<8} one request a second: {share:.3} % write", who(line));
    }
}

/// What no disk can mend: the writing thread makes one session at a time, and 64 clients wait for 64 of them (Little's law).
fn bound(lines: &[Value]) {
    let micros =
        |who, member| figure(lines, "durable", who, None, member).map_or(f64::NAN, |nanos| nanos / 1e3);
    let least = 64.0 * micros("64 clients", "writer_ns");
    let (bar, alone) = (5.0 * micros("disk", "p99_ns"), micros("disk, 64 threads", "p99_ns"));
    println!("  The writing thread alone makes 64 clients wait {least:.0} µs on average.");
    println!("  The bar for their p99 is {bar:.0} µs; 64 threads with an fsync each: {alone:.0} µs.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_figure_fails_and_a_bar_has_a_side() {
        assert!(!tell(&[], None, Form::Json));
        let verdict = |side, value| Verdict { name: "x", unit: "x", side, bar: 2.0, value };
        assert!(verdict(Side::Most, Some(1.0)).holds() && !verdict(Side::Least, Some(1.0)).holds());
        assert!(!verdict(Side::Most, None).holds());
    }

    #[test]
    fn a_figure_is_found_by_how_many_sessions_are_alive() {
        let line = |count: u64, ratio: f64| json!({ "what": "request", "who": "check", "sessions": count, "ratio": ratio });
        let lines = [line(1_000, 1.0), line(100_000, 2.0)];
        assert_eq!(figure(&lines, "request", "check", Some(100_000), "ratio"), Some(2.0));
        assert_eq!(figure(&lines, "request", "check", Some(10), "ratio"), None);
    }
}
