//! The real server on a PostgreSQL store: commands with and without it, what a data folder's commands say, a new epoch, and
//! that nobody is told the password.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "../../countersign-store/tests/support/postgres.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest")]
mod support;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use support::Server;

/// A folder to work in, and the address of a store.
struct Place {
    folder: tempfile::TempDir,
    url: String,
}

impl Place {
    async fn on(server: &Server) -> Self {
        let url = server.fresh().await.replace("countersign@", "countersign:hunter2@");
        Self { folder: tempfile::tempdir().unwrap(), url }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.env("LANG", "C.UTF-8").env("COUNTERSIGN_STORE_URL", &self.url);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {told}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn refused(&self, arguments: &[&str], exit: i32, code: &str) -> String {
        let output = self.run(arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(exit), "{told}");
        assert!(told.contains(code), "{told}");
        told
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn serve(&self, more: &[(&str, &str)]) -> (Served, Value) {
        let arguments = ["serve", "--dev", "--json", "--listen", "0", "--console-listen", "127.0.0.1:0"];
        let mut command = self.command(&arguments);
        let log = std::fs::File::create(self.log()).unwrap();
        command.envs(more.iter().copied()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (Served(child), serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")))
    }
}

/// A server that is told to stop when a test fails before its end.
struct Served(Child);

impl Served {
    fn stop(mut self) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert_eq!(self.0.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn emails(users: &Value) -> Vec<&str> {
    users["users"].as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_server_and_its_commands_work_on_postgresql_and_the_password_is_told_nowhere() {
    let server = Server::start().await;
    let place = Place::on(&server).await;
    let (child, ready) = place.serve(&[("RUST_LOG", "trace")]);
    assert_eq!(ready["store"], "PostgreSQL `fresh_0` on `127.0.0.1`");
    place.json(&["user", "add", "eve@marsh.example"]);
    let arguments = std::fs::read(Path::new("/proc").join(child.0.id().to_string()).join("cmdline")).unwrap();
    assert!(!String::from_utf8_lossy(&arguments).contains("hunter2"));

    // A second node of another folder has the same people, once it has the same key.
    let mut other = Place::on(&server).await;
    other.url.clone_from(&place.url);
    let key = ".countersign/dev-master.key";
    std::fs::create_dir(other.folder.path().join(".countersign")).unwrap();
    let why =
        other.refused(&["serve", "--dev", "--listen", "0", "--console-listen", "127.0.0.1:0"], 3, "CS-5004");
    assert!(why.contains("another master key"), "{why}");
    std::fs::copy(place.folder.path().join(key), other.folder.path().join(key)).unwrap();
    let (second, _) = other.serve(&[]);
    assert!(emails(&other.json(&["user", "list"])).contains(&"eve@marsh.example"));
    second.stop();

    child.stop();
    let log = std::fs::read_to_string(place.log()).unwrap();
    // The driver's own words would repeat what is written.
    assert!(!log.contains("executing statement") && !log.contains("hunter2"), "{log}");
    assert!(!place.folder.path().join(".countersign/countersign.db").exists());
    assert!(emails(&place.json(&["user", "list"])).contains(&"eve@marsh.example"));
    let checked = place.run(&["config", "check"]);
    assert!(!String::from_utf8_lossy(&checked.stdout).contains("hunter2"));
}

#[tokio::test]
async fn what_is_for_a_folder_says_what_is_for_postgresql() {
    let server = Server::start().await;
    let place = Place::on(&server).await;
    for (arguments, instead) in [
        (&["backup", "shop.db"][..], "pg_dump"),
        (&["restore", "shop.db"], "begin-epoch"),
        (&["store", "check"], "pg_amcheck"),
    ] {
        let told = place.refused(arguments, 2, "CS-6017");
        assert!(told.contains(instead) && !told.contains("hunter2"), "{told}");
    }
    let url = place.url.clone();
    let told = place.refused(&["user", "list", "--store", &url], 2, "CS-6010");
    assert!(told.contains("COUNTERSIGN_STORE_URL") && !told.contains("hunter2"), "{told}");
    std::fs::write(place.folder.path().join("countersign.toml"), format!("store = \"{url}\"\n")).unwrap();
    let mut command = place.command(&["user", "list"]);
    let output = command.env_remove("COUNTERSIGN_STORE_URL").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("CS-6010") && told.contains("countersign.toml:1") && !told.contains("hunter2"),
        "{told}"
    );
}

#[tokio::test]
async fn a_new_epoch_is_begun_on_request_and_stands_in_the_audit_log() {
    let server = Server::start().await;
    let place = Place::on(&server).await;
    let (child, _) = place.serve(&[]);
    place.refused(&["store", "begin-epoch"], 1, "CS-4103");
    let first = place.json(&["store", "begin-epoch", "--yes"])["epoch"].as_u64().unwrap();
    let second = place.json(&["store", "begin-epoch", "--yes"])["epoch"].as_u64().unwrap();
    assert!(second > first);
    let lines = place.json(&["audit"]);
    let began = lines["entries"].as_array().unwrap().iter().filter(|line| line["event"] == "epoch-began");
    assert_eq!(began.count(), 2, "{lines}");
    child.stop();
}

#[tokio::test]
async fn a_dump_that_is_restored_brings_nobody_back_who_was_erased_since() {
    let server = Server::start().await;
    let place = Place::on(&server).await;
    let eve = "eve@marsh.example";
    let (child, _) = place.serve(&[]);
    place.json(&["user", "add", eve]);
    let (dump, before) = (server.dump(&place.url, &[]), emails(&place.json(&["user", "list"])).len());
    place.json(&["user", "erase", eve, "--yes"]);
    child.stop();

    server.restore(&place.url, &dump).await;
    let began = place.json(&["store", "begin-epoch", "--yes"]);
    assert_eq!((&began["erased_again"], &began["data"]), (&1.into(), &".countersign".into()), "{began}");
    let after = server.dump(&place.url, &[]);
    assert!(!after.windows(eve.len()).any(|window| window == eve.as_bytes()));

    // A server erases again by itself, and one of another folder by a list that is brought along.
    server.restore(&place.url, &dump).await;
    let (child, _) = place.serve(&[]);
    let list = place.json(&["user", "list"]);
    assert!(!emails(&list).contains(&eve) && emails(&list).len() == before - 1, "{list}");
    child.stop();
    server.restore(&place.url, &dump).await;
    let mut other = Place::on(&server).await;
    other.url.clone_from(&place.url);
    let ledger = place.folder.path().join(".countersign/erased");
    let brought = ["store", "begin-epoch", "--yes", "--erased", ledger.to_str().unwrap()];
    other.refused(&brought, 3, "CS-6009");
    other.refused(&["store", "begin-epoch", "--yes", "--data", "elsewhere"], 3, "CS-6009");
    let without = other.json(&brought[..3]);
    assert_eq!((&without["erased_again"], &without["data"]), (&0.into(), &Value::Null), "{without}");
    std::fs::create_dir(other.folder.path().join("countersign-data")).unwrap();
    assert_eq!(other.json(&brought)["erased_again"], 1);
}

#[tokio::test]
async fn a_folder_that_is_served_moves_and_is_not_served_again() {
    let server = Server::start().await;
    let mut place = Place::on(&server).await;
    let url = std::mem::take(&mut place.url);
    let (child, _) = place.serve(&[]);
    place.json(&["user", "add", "eve@marsh.example"]);
    let told = place.refused(&["store", "migrate"], 2, "CS-6002");
    assert!(told.contains("--to"), "{told}");
    place.refused(&["store", "migrate", "--to", &url], 2, "CS-6010");

    place.url.clone_from(&url);
    let moved = place.json(&["store", "migrate"]);
    assert_eq!(moved["rows"]["person"], 3, "{moved}");
    // The server of the folder lets nobody in any more, and nobody starts another.
    place.url.clear();
    let told = place.refused(&["user", "add", "bob@marsh.example"], 3, "CS-5004");
    assert!(told.contains("moved to PostgreSQL"), "{told}");
    child.stop();
    let told =
        place.refused(&["serve", "--dev", "--listen", "0", "--console-listen", "127.0.0.1:0"], 3, "CS-5004");
    assert!(told.contains("moved to PostgreSQL"), "{told}");
    place.refused(&["user", "list"], 3, "CS-5004");

    place.url = url;
    let (child, ready) = place.serve(&[]);
    assert_eq!(ready["users"], serde_json::json!([]), "it has its people already");
    assert!(emails(&place.json(&["user", "list"])).contains(&"eve@marsh.example"));
    child.stop();
    place.refused(&["store", "migrate"], 3, "CS-5004");
}
