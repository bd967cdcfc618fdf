//! `cargo xtask bench serve`: what the server costs, beside a bare handler on the same HTTP stack.
//!
//! Measures with public tools only: wall clock to the first answer, `/proc` for memory and CPU time, wrk for the load.
//! Prints medians of interleaved rounds, with the spread; a noisy machine shows in the spread. Never a test.

pub(crate) mod jose;
pub(crate) mod sessions;

use std::cmp::Ordering;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;
const SECONDS: u32 = 4;

/// Why a measurement could not be made.
type Problem = String;

/// Builds both programs in release, measures, prints.
pub(crate) fn command(root: &Path) -> ExitCode {
    match measure(root) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn measure(root: &Path) -> Result<(), Problem> {
    run(Command::new("wrk").arg("--version"), "`wrk` is needed: apt-get install wrk")?;
    build(root, "Cargo.toml", &["-p", "countersign-cli"])?;
    build(root, "bench/Cargo.toml", &[])?;
    let binary = root.join("target/release/countersign");
    let bare = root.join("bench/target/release/bare");
    let data = root.join("target/bench-data");
    let _ = std::fs::remove_dir_all(&data);
    std::fs::create_dir_all(&data).map_err(|e| format!("cannot create `{}`: {e}", data.display()))?;

    let empty = start_time(&binary, &data)?;
    let mut warm = Vec::new();
    for _ in 0..ROUNDS {
        warm.push(start_time(&binary, &data)?);
    }
    println!("\n  start, empty folder       {:>9.1} ms to the first answer", empty.as_secs_f64() * 1e3);
    println!("  start, existing folder    {}", Spread::of(warm).millis());

    let server = Running::server(&binary, &data)?;
    std::thread::sleep(Duration::from_secs(3));
    println!("  idle memory               {:>9.1} MB resident", server.resident_mb()?);
    load(root, &bare, &server, &data, &binary)
}

/// CPU per request of each case, interleaved with the floor.
fn load(root: &Path, bare: &Path, server: &Running, data: &Path, binary: &Path) -> Result<(), Problem> {
    let floor = Running::plain(bare)?;
    let app = json(Command::new(binary).args(["--data"]).arg(data).args([
        "app",
        "add",
        "bench",
        "--style",
        "jwt",
        "--acts-alone",
        "--audience",
        "bench",
        "--json",
    ]))?;
    let secret = field(&app, "secret")?;
    let basic =
        format!("Authorization: Basic {}", base64_simd::STANDARD.encode_to_string(format!("bench:{secret}")));
    let form = root.join("target/bench-token.lua");
    std::fs::write(&form, "wrk.method=\"POST\"\nwrk.headers[\"Content-Type\"]=\"application/x-www-form-urlencoded\"\nwrk.body=\"grant_type=client_credentials\"\n")
        .map_err(|e| format!("cannot write `{}`: {e}", form.display()))?;
    let token = server.token(&basic)?;
    let cookie = format!("Cookie: {}", server.session(binary, data)?);
    let bearer = format!("Authorization: Bearer {token}");
    let cases: [(&str, &Running, String, Vec<String>); 5] = [
        ("bare /check", &floor, format!("{}/check", floor.url), vec![]),
        (
            "/check with a session",
            server,
            format!("{}/check?app=session", server.url),
            vec!["-H".into(), cookie],
        ),
        (
            "/check with a bearer",
            server,
            format!("{}/check?app=bench", server.url),
            vec!["-H".into(), bearer],
        ),
        (
            "bare /token",
            &floor,
            format!("{}/token", floor.url),
            vec!["-s".into(), form.display().to_string()],
        ),
        (
            "client-credentials token",
            server,
            format!("{}/token", server.url),
            vec!["-s".into(), form.display().to_string(), "-H".into(), basic],
        ),
    ];
    let mut spent: Vec<Vec<Duration>> = cases.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for ((_, program, url, extra), rounds) in cases.iter().zip(&mut spent) {
            let before = program.cpu()?;
            let requests = wrk(url, extra)?;
            rounds.push((program.cpu()? - before) / u32::try_from(requests.max(1)).unwrap_or(u32::MAX));
        }
    }
    println!("\n  CPU per request, {ROUNDS} interleaved rounds of {SECONDS} s\n");
    for ((name, ..), rounds) in cases.iter().zip(spent) {
        println!("  {name:<26}{}", Spread::of(rounds).micros());
    }
    Ok(())
}

/// The median of several measurements, and how far they lie apart.
struct Spread<T> {
    least: T,
    middle: T,
    most: T,
}

impl<T: Copy + Default + PartialOrd> Spread<T> {
    fn of(mut each: Vec<T>) -> Self {
        each.sort_unstable_by(|one, other| one.partial_cmp(other).unwrap_or(Ordering::Equal));
        let at = |place: usize| each.get(place).copied().unwrap_or_default();
        Self { least: at(0), middle: at(each.len() / 2), most: at(each.len().saturating_sub(1)) }
    }
}

impl Spread<Duration> {
    fn millis(&self) -> String {
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        format!("{:>9.1} ms median, {:.1} to {:.1}", ms(self.middle), ms(self.least), ms(self.most))
    }

    fn micros(&self) -> String {
        let us = |d: Duration| d.as_secs_f64() * 1e6;
        format!("{:>9.1} µs median, {:.1} to {:.1}", us(self.middle), us(self.least), us(self.most))
    }
}

/// A program under measurement; ended when dropped.
struct Running {
    child: Child,
    url: String,
}

impl Running {
    /// The server in development mode on free ports.
    fn server(binary: &Path, data: &Path) -> Result<Self, Problem> {
        let (child, line) = first_line(serve(binary, data))?;
        let facts: serde_json::Value =
            serde_json::from_str(&line).map_err(|e| format!("`{line}` is not JSON: {e}"))?;
        Ok(Self { child, url: field(&facts, "issuer")? })
    }

    /// A program that prints its address.
    fn plain(binary: &Path) -> Result<Self, Problem> {
        Self::of(Command::new(binary))
    }

    /// As [`Running::plain`], with arguments.
    fn of(command: Command) -> Result<Self, Problem> {
        let (child, line) = first_line(command)?;
        Ok(Self { child, url: line })
    }

    /// CPU time spent so far by all threads, in user and kernel (`proc_pid_stat(5)`, fields 14 and 15).
    fn cpu(&self) -> Result<Duration, Problem> {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(&path).map_err(|e| format!("cannot read `{path}`: {e}"))?;
        let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let ticks: u64 = after_name.split(' ').skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Resident memory in megabytes.
    fn resident_mb(&self) -> Result<f64, Problem> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(&path).map_err(|e| format!("cannot read `{path}`: {e}"))?;
        let kb = status
            .lines()
            .find_map(|l| l.strip_prefix("VmRSS:"))
            .and_then(|l| l.trim().trim_end_matches(" kB").parse::<f64>().ok());
        kb.map(|kb| kb / 1024.0).ok_or_else(|| format!("no VmRSS in `{path}`"))
    }

    /// The cookie of somebody who is signed in at the demo shop with sessions: the way of a browser, by curl.
    fn session(&self, binary: &Path, data: &Path) -> Result<String, Problem> {
        let jar = data.join("cookies.txt");
        let (email, password) = ("bench@marsh.example", "nine small boats at anchor");
        let mut add = Command::new(binary);
        add.arg("--data").arg(data).args(["user", "add", email]).env("COUNTERSIGN_PASSWORD", password);
        run(&mut add, "cannot add a person")?;
        let curl = |words: &[&str]| {
            let mut command = Command::new("curl");
            command.args(["-s", "-o", "/dev/null", "-b"]).arg(&jar).arg("-c").arg(&jar).args(words);
            run(&mut command, "`curl` is needed")
        };
        let origin = format!("Origin: {}", self.url);
        let (email, password) = (format!("email={email}"), format!("password={password}"));
        let signin = format!("{}/signin", self.url);
        curl(&["-H", &origin, "--data-urlencode", &email, "--data-urlencode", &password, &signin])?;
        let shop = self.url.replace("localhost", "session.localhost");
        curl(&["-L", &format!("{shop}/_cs/start?return_to=/")])?;
        let cookies = std::fs::read_to_string(&jar).map_err(|e| format!("cannot read the cookies: {e}"))?;
        let value = cookies.lines().find_map(|line| line.split_once("\tcs_dev\t").map(|(_, value)| value));
        value.map(|value| format!("cs_dev={value}")).ok_or_else(|| format!("nobody signed in:\n{cookies}"))
    }

    /// A client-credentials token.
    fn token(&self, basic: &str) -> Result<String, Problem> {
        let url = format!("{}/token", self.url);
        let answer = json(Command::new("curl").args([
            "-s",
            "-H",
            basic,
            "-d",
            "grant_type=client_credentials",
            &url,
        ]))?;
        field(&answer, "access_token")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// `serve --dev` on free ports, its facts as one line of JSON.
fn serve(binary: &Path, data: &Path) -> Command {
    let mut command = Command::new(binary);
    command
        .args([
            "serve",
            "--dev",
            "--json",
            "--listen",
            "127.0.0.1:0",
            "--console-listen",
            "127.0.0.1:0",
            "--data",
        ])
        .arg(data);
    command
}

/// From the start of the process to its first answer over HTTP.
fn start_time(binary: &Path, data: &Path) -> Result<Duration, Problem> {
    let begun = Instant::now();
    let server = Running::server(binary, data)?;
    let address = server.url.trim_start_matches("http://").replace("localhost", "127.0.0.1");
    let mut stream =
        std::net::TcpStream::connect(&address).map_err(|e| format!("cannot reach `{address}`: {e}"))?;
    let host = server.url.trim_start_matches("http://");
    std::io::Write::write_all(
        &mut stream,
        format!("GET /jwks.json HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes(),
    )
    .map_err(|e| format!("cannot write to `{address}`: {e}"))?;
    let mut first = String::new();
    BufReader::new(stream).read_line(&mut first).map_err(|e| format!("no answer from `{address}`: {e}"))?;
    let took = begun.elapsed();
    if first.starts_with("HTTP/1.1 200") {
        Ok(took)
    } else {
        Err(format!("`{}` answered `{}`", server.url, first.trim()))
    }
}

/// Loads `url` for some seconds and says how many requests were answered, all of them well.
fn wrk(url: &str, extra: &[String]) -> Result<u64, Problem> {
    let seconds = format!("{SECONDS}s");
    let url = url.replace("localhost", "127.0.0.1");
    let host = format!(
        "Host: {}",
        url.trim_start_matches("http://")
            .split('/')
            .next()
            .unwrap_or_default()
            .replace("127.0.0.1", "localhost")
    );
    let text = run(
        Command::new("wrk").args(["-t1", "-c16", "-d", &seconds, "-H", &host]).args(extra).arg(&url),
        "wrk",
    )?;
    if let Some(bad) = text.lines().find(|l| l.contains("Non-2xx") || l.contains("Socket errors")) {
        return Err(format!("`{url}`: {}", bad.trim()));
    }
    let count =
        text.lines().find_map(|l| l.trim().split_once(" requests in ").and_then(|(n, _)| n.parse().ok()));
    count.ok_or_else(|| format!("wrk said no number of requests:\n{text}"))
}

fn build(root: &Path, manifest: &str, extra: &[&str]) -> Result<(), Problem> {
    let status = Command::new("cargo")
        .args(["build", "--release", "--manifest-path", manifest])
        .args(extra)
        .current_dir(root)
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        other => Err(format!("cannot build `{manifest}`: {other:?}")),
    }
}

fn first_line(mut command: Command) -> Result<(Child, String), Problem> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("cannot start {command:?}: {e}"))?;
    let out = child.stdout.take().ok_or("no output")?;
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).map_err(|e| format!("cannot read from {command:?}: {e}"))?;
    Ok((child, line.trim().to_owned()))
}

fn run(command: &mut Command, what: &str) -> Result<String, Problem> {
    let output = command.output().map_err(|e| format!("{what}: {e}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The lines of JSON that a benchmark says; one that fails or says nothing has measured nothing.
fn said(command: &mut Command) -> Result<Vec<serde_json::Value>, Problem> {
    let output =
        command.stderr(Stdio::inherit()).output().map_err(|e| format!("cannot run {command:?}: {e}"))?;
    if !output.status.success() {
        return Err(format!("{command:?} failed: {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let parse = |line: &str| serde_json::from_str(line).map_err(|e| format!("`{line}` is not JSON: {e}"));
    let lines: Vec<serde_json::Value> = text.lines().map(parse).collect::<Result<_, _>>()?;
    if lines.is_empty() { Err(format!("{command:?} said nothing")) } else { Ok(lines) }
}

fn json(command: &mut Command) -> Result<serde_json::Value, Problem> {
    let text = run(command, "cannot run")?;
    serde_json::from_str(&text).map_err(|e| format!("`{text}` is not JSON: {e}"))
}

fn field(value: &serde_json::Value, name: &str) -> Result<String, Problem> {
    value
        .get(name)
        .and_then(|v| v.as_str())
        .map(str::to_owned)
        .ok_or_else(|| format!("no `{name}` in `{value}`"))
}
