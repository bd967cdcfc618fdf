//! The real server in an empty folder: what it says when it is ready, the commands through its socket, its end, and the
//! same commands without it.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A server that is told to stop when a test fails before its end.
struct Served {
    child: Child,
    ready: Value,
}

impl Served {
    fn start(folder: &Path) -> Self {
        let arguments = ["serve", "--dev", "--json", "--listen", "0", "--console-listen", "127.0.0.1:0"];
        let mut child = command(folder, &arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { child, ready }
    }

    fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    /// What the server answers to a form of an application: a JSON document.
    fn post(&self, path: &str, form: &str) -> Value {
        let host = self.text("issuer").strip_prefix("http://").unwrap();
        let port = host.rsplit(':').next().unwrap();
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        let length = form.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{form}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }

    /// Sends SIGTERM and gives the exit code.
    fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _gone = self.child.kill();
            let _gone = self.child.wait();
        }
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).current_dir(folder).env_clear().env("LANG", "C.UTF-8").stdin(Stdio::null());
    command
}

fn countersign(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = countersign(folder, &[arguments, &["--json"]].concat());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    serde_json::from_slice(&output.stdout).unwrap()
}

const ADD: [&str; 7] =
    ["app", "add", "shop", "--style", "hybrid", "--redirect", "https://shop.example/callback"];

#[test]
fn commands_speak_to_the_owner_and_work_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let served = Served::start(folder);
    assert!(served.text("open").starts_with("http://localhost:"));
    assert!(served.text("setup").contains("/admin/setup?code="));
    assert_eq!(served.ready["users"].as_array().unwrap().len(), 2);

    let added = json(folder, &ADD);
    assert_eq!(added["app"]["id"], "shop");
    assert!(added["secret"].as_str().unwrap().starts_with("cs_ak_"));
    let again = countersign(folder, &ADD);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("CS-4102"));

    let users = json(folder, &["user", "list"]);
    let emails: Vec<&str> =
        users["users"].as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap()).collect();
    assert!(emails.contains(&"ada@marsh.example") && emails.contains(&"bo@marsh.example"), "{emails:?}");
    assert_eq!(json(folder, &["session", "list"])["sessions"], serde_json::json!([]));
    assert_eq!(json(folder, &["session", "revoke", "--user", "ada@marsh.example"])["ended"], true);
    assert!(!json(folder, &["audit", "--limit", "5"])["entries"].as_array().unwrap().is_empty());

    let ada = ["user", "export", "ada@marsh.example"];
    let exported = json(folder, &ada);
    assert_eq!(exported["account"]["email"], ada[2]);
    let read = String::from_utf8(countersign(folder, &ada).stdout).unwrap();
    let again: Value = serde_json::from_str(&read).unwrap();
    assert_eq!(again["account"], exported["account"]);
    assert!(
        read.starts_with("{\n  \"issuer\": \"") && read.ends_with("\n}\n"),
        "laid out to be read: {read}"
    );
    assert_eq!(
        read.lines().filter(|line| line.starts_with("  \"")).count(),
        again.as_object().unwrap().len()
    );
    let nobody = countersign(folder, &["user", "export", "nobody@marsh.example"]);
    assert_eq!((nobody.status.code(), nobody.stdout.as_slice()), (Some(1), b"".as_slice()));
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let unwritten = command(folder, &ada).stdout(full).output().unwrap();
    assert_eq!(unwritten.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&unwritten.stderr).contains("CS-6018"));

    assert_eq!(served.stop(), Some(0));
    assert!(!folder.join(".countersign/admin.sock").exists());
    assert_eq!(json(folder, &ada)["account"], exported["account"]);
    let apps = json(folder, &["app", "list"]);
    assert!(apps["apps"].as_array().unwrap().iter().any(|app| app["id"] == "shop"), "{apps}");
    let kept = json(folder, &["user", "add", "eve@marsh.example", "--operator"]);
    assert_eq!(kept["user"]["role"], "operator");

    let served = Served::start(folder);
    assert_eq!(served.ready["users"], serde_json::json!([]), "passwords are told once");
    assert_eq!(served.ready["setup"], Value::Null, "there is an operator now");
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn a_token_of_the_running_server_is_verified_with_the_keys_it_publishes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let served = Served::start(folder);
    let issuer = served.text("issuer").to_owned();
    let add = ["app", "add", "robot", "--style", "jwt", "--redirect", "https://robot.example/callback"];
    let added =
        json(folder, &[&add[..], &["--audience", "orders", "--scope", "orders", "--acts-alone"]].concat());
    let form = format!(
        "grant_type=client_credentials&scope=orders&client_id=robot&client_secret={}",
        added["secret"].as_str().unwrap()
    );
    let tokens = served.post("/token", &form);
    std::fs::write(folder.join("token.txt"), tokens["access_token"].as_str().unwrap()).unwrap();
    let verify = |audience: &str| {
        countersign(folder, &["token", "verify", "@token.txt", "--issuer", &issuer, "--audience", audience])
    };
    let checked = verify("orders");
    let told = String::from_utf8_lossy(&checked.stderr);
    assert_eq!(checked.status.code(), Some(0), "{told}");
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(said.contains("signature, kind, issuer, audience, times"), "{said}");
    let foreign = verify("bank");
    assert_eq!(foreign.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&foreign.stderr).contains("CS-1014"));
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn a_token_of_a_stranger_is_refused_by_the_keys_of_the_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let served = Served::start(folder);
    let issuer = served.text("issuer").to_owned();
    assert!(countersign(folder, &["key", "new", "--out", "key.pem"]).status.success());
    let mint =
        ["token", "mint", "--key", "key.pem", "--issuer", &issuer, "--audience", "a", "--subject", "b"];
    std::fs::write(folder.join("token.txt"), countersign(folder, &mint).stdout).unwrap();
    let checked =
        countersign(folder, &["token", "verify", "@token.txt", "--issuer", &issuer, "--audience", "a"]);
    // The server's keys were fetched, and none of them is the stranger's.
    assert_eq!(checked.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&checked.stderr).contains("CS-1008"));
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn a_second_owner_is_refused_and_a_silent_one_is_unreachable() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let served = Served::start(folder);
    let second = countersign(folder, &["serve", "--dev", "--listen", "0", "--console-listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&second.stderr).contains("CS-5003"));
    assert_eq!(
        json(folder, &["user", "list"])["users"].as_array().unwrap().len(),
        2,
        "the owner still answers"
    );
    std::fs::remove_file(folder.join(".countersign/admin.sock")).unwrap();
    let silent = countersign(folder, &["app", "list"]);
    assert_eq!(silent.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&silent.stderr).contains("CS-6008"));
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn what_a_newcomer_sees_fits_eighty_columns() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let served = Served::start(folder);
    let commands: [&[&str]; 8] = [
        &ADD,
        &["app", "list"],
        &["app", "show", "shop"],
        &["user", "list"],
        &["user", "show", "ada@marsh.example"],
        &["session", "list"],
        &["key", "list"],
        &["audit"],
    ];
    for arguments in commands {
        let output = countersign(folder, arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{arguments:?}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{arguments:?}:\n{text}");
    }
    assert_eq!(served.stop(), Some(0));
}
