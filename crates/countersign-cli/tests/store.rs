//! `backup`, `restore` and `store check` beside the real server, and what comes of a restored store.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).current_dir(folder).env_clear().env("LANG", "C.UTF-8").stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = run(folder, &[arguments, &["--json"]].concat());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(folder: &Path, arguments: &[&str], exit: i32, code: &str) {
    let output = run(folder, arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(exit), "{told}");
    assert!(told.contains(code), "{told}");
}

fn serve(folder: &Path) -> Child {
    let arguments = ["serve", "--dev", "--json", "--listen", "0", "--console-listen", "127.0.0.1:0"];
    let mut child = command(folder, &arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with('{'), "{line}");
    child
}

fn stop(mut child: Child) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_backup_of_a_running_server_is_restored_without_whom_was_erased_since() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let server = serve(folder);
    json(folder, &["user", "add", "eve@marsh.example"]);
    let made = json(folder, &["backup", "one.db"]);
    assert!(made["bytes"].as_u64().unwrap() > 0);
    refused(folder, &["backup", "one.db"], 3, "CS-5004");
    assert_eq!(json(folder, &["store", "check"])["sound"], true);
    json(folder, &["user", "erase", "eve@marsh.example", "--yes"]);
    refused(folder, &["restore", "one.db", "--replace"], 3, "CS-5003");
    stop(server);

    refused(folder, &["restore", "one.db"], 3, "CS-5004");
    let restored = json(folder, &["restore", "one.db", "--replace"]);
    assert_eq!(restored["erased_again"], 1);
    assert!(restored["epoch"].as_u64().unwrap() > made["epoch"].as_u64().unwrap());
    let server = serve(folder);
    let users = json(folder, &["user", "list"]);
    let emails: Vec<&str> =
        users["users"].as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap()).collect();
    assert!(emails.contains(&"ada@marsh.example") && !emails.contains(&"eve@marsh.example"), "{emails:?}");
    let lines = json(folder, &["audit"]);
    assert!(lines["entries"].as_array().unwrap().iter().any(|line| line["event"] == "restored"), "{lines}");
    stop(server);
}

#[test]
fn a_store_that_is_not_sound_is_told_with_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    stop(serve(folder));
    let sound = run(folder, &["store", "check"]);
    assert_eq!(sound.status.code(), Some(0));
    let text = String::from_utf8(sound.stdout).unwrap();
    assert!(text.contains("the store is sound") && text.contains("person"), "{text}");
    let database = folder.join(".countersign/countersign.db");
    let mut bytes = std::fs::read(&database).unwrap();
    let middle = bytes.len() / 8192 * 4096;
    bytes[middle..middle + 4096].fill(0xA5);
    std::fs::write(&database, bytes).unwrap();
    let unsound = run(folder, &["store", "check"]);
    assert_ne!(unsound.status.code(), Some(0));
    let told = String::from_utf8_lossy(&unsound.stderr).into_owned();
    assert!(told.contains("CS-6016") || told.contains("CS-5001"), "{told}");
    assert!(run(folder, &["backup", "bad.db"]).status.code() == Some(3) && !folder.join("bad.db").exists());
}
