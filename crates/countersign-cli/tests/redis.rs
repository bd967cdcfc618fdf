//! The real server with its guests in a Redis: they are there and nowhere else, and when it is gone nobody else notices.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "../../countersign-store/tests/support/redis.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest")]
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use support::Server;

/// The demo shop of a server that ends with the test.
struct Shop {
    child: Child,
    host: String,
}

impl Shop {
    fn open(folder: &tempfile::TempDir, guests: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["serve", "--dev", "--json", "--listen", "0", "--console-listen", "127.0.0.1:0"])
            .current_dir(folder.path())
            .env_clear()
            .env("LANG", "C.UTF-8")
            .env("COUNTERSIGN_GUESTS_URL", guests)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(!line.contains("redis://"), "an address may hold a password: {line}");
        let issuer = ready["issuer"].as_str().unwrap();
        Self { child, host: format!("session.{}", issuer.strip_prefix("http://").unwrap()) }
    }

    /// The status line and headers, and the body.
    fn ask(&self, method: &str, path: &str, cookie: &str, body: &str) -> (String, String) {
        let port = self.host.rsplit(':').next().unwrap();
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nSec-Fetch-Site: same-origin\r\nCookie: {cookie}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}",
            self.host
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

#[test]
fn guests_of_a_server_are_in_its_redis_and_strangers_do_not_miss_it() {
    let (mut redis, folder) = (Server::alone(), tempfile::tempdir().unwrap());
    let shop = Shop::open(&folder, &redis.address());
    assert_eq!(redis.says(&["DBSIZE"]), "0");
    let (added, _) = shop.ask("POST", "/cart/add", "", "good=tea");
    let set = added.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a guest begins");
    let guest = set.split(';').next().unwrap();
    assert_eq!(redis.says(&["DBSIZE"]), "1");
    let (front, page) = shop.ask("GET", "/", guest, "");
    assert!(front.starts_with("HTTP/1.1 200") && page.contains("/cart/remove"), "{front}");

    redis.kill();
    assert!(shop.ask("GET", "/", guest, "").0.starts_with("HTTP/1.1 503"));
    assert!(shop.ask("GET", "/", "", "").0.starts_with("HTTP/1.1 200"));
}
