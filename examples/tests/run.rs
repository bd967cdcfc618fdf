//! Each example runs and says what it promises; each fits on a screen.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests do")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

fn output(program: &str) -> String {
    let output = Command::new(program).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_token_is_for_one_audience() {
    let said = output(env!("CARGO_BIN_EXE_01_jwt"));
    assert!(said.starts_with("the shop knows ada\nthe bank says: "), "{said}");
    assert!(!said.contains("welcome"), "{said}");
}

#[test]
fn a_sign_in_ends() {
    assert_eq!(
        output(env!("CARGO_BIN_EXE_02_engine")),
        "signed in: true\nafter the end: Refused(SessionEnded)\n"
    );
}

#[test]
fn a_guarded_route_refuses_strangers() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_03_guard")).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().trim_start_matches("http://").trim_end_matches("/me").to_owned();
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    stream
        .write_all(format!("GET /me HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(answer.contains("www-authenticate: Bearer\r\n"), "{answer}");
}

#[test]
fn an_example_fits_on_a_screen() {
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin")).unwrap() {
        let path = entry.unwrap().path();
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 45, "{} has {lines} lines", path.display());
    }
}
