//! Each example runs and says what it promises; each fits on a screen.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests do")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use countersign_jose::jwt::{self, AccessClaims};
use countersign_jose::{Algorithm, JwkSet, SigningKey};

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

/// A program that prints where it listens, until it is dropped.
struct Served {
    child: Child,
    address: String,
    said: BufReader<ChildStdout>,
}

impl Served {
    fn start(program: &str, words: &[&str]) -> Self {
        Self::run(Command::new(program).args(words))
    }

    fn run(program: &mut Command) -> Self {
        let mut child = program.stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut served = Self { child, address: String::new(), said };
        let line = served.line();
        served.address = line.trim_start_matches("http://").split('/').next().unwrap().to_owned();
        served
    }

    /// The next line that it prints.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn me(&self, headers: &str) -> String {
        self.ask("GET /me", headers)
    }

    fn ask(&self, what: &str, headers: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let host = &self.address;
        let request = format!("{what} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_guarded_route_refuses_strangers() {
    let mut shop = Served::start(env!("CARGO_BIN_EXE_03_guard"), &[]);
    let token = shop.line();
    let answer = shop.me("");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(answer.contains("www-authenticate: Bearer\r\n"), "{answer}");
    let answer = shop.me(&format!("Authorization: Bearer {token}\r\n"));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("hello, robot"), "{answer}");
    assert!(shop.me(&format!("Authorization: Bearer {token}A\r\n")).starts_with("HTTP/1.1 401 "));
}

#[test]
fn a_person_is_gone_from_every_device_at_once() {
    let said = output(env!("CARGO_BIN_EXE_08_end_everything"));
    let lines: Vec<&str> = said.lines().collect();
    let (there, gone) = ("phone: true, laptop: true", "phone: false, laptop: false");
    assert_eq!(lines, [there, gone, "after a new sign-in: true"]);
}

/// Publishes metadata and keys, one request after the other; gives its address.
fn issuer(key: &SigningKey) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let metadata = format!(r#"{{"issuer":"{url}","jwks_uri":"{url}/jwks.json"}}"#);
    let keys = serde_json::to_string(&JwkSet::new([key.verifying_key().to_jwk()])).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            lines.take_while(|line| !line.as_ref().unwrap().is_empty()).count();
            let body = if first.contains("/jwks.json") { &keys } else { &metadata };
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all((head + body).as_bytes()).unwrap();
        }
    });
    url
}

#[test]
fn an_application_elsewhere_knows_who_the_issuer_says() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let iss = issuer(&key);
    let shop = Served::start(env!("CARGO_BIN_EXE_05_trust"), &[&iss]);
    let iat = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = AccessClaims {
        iss,
        sub: "ada".into(),
        aud: "shop-api".into(),
        client_id: "shop-web".into(),
        iat,
        exp: iat + 60,
        jti: "t1".into(),
        ..AccessClaims::default()
    };
    let answer = shop.me(&format!("Authorization: Bearer {}\r\n", jwt::sign(&key, &claims).unwrap()));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("hello, ada"), "{answer}");
    assert!(shop.me("").starts_with("HTTP/1.1 401 "));
}

/// The header that sends back the cookie of an answer.
fn cookie(answer: &str) -> String {
    let set = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    format!("Cookie: {}\r\n", set.split(';').next().unwrap())
}

#[test]
fn a_shop_keeps_its_own_sessions() {
    let place = std::env::temp_dir().join(format!("countersign-example-06-{}", std::process::id()));
    let shop = Served::start(env!("CARGO_BIN_EXE_06_sessions"), &[place.to_str().unwrap()]);
    assert!(shop.ask("GET /", "").ends_with("[]"));
    let own = format!("Content-Length: 0\r\nOrigin: http://{}\r\n", shop.address);
    let guest = cookie(&shop.ask("POST /add/jam", &own));
    let cookie = cookie(&shop.ask("POST /signin", &format!("{own}{guest}")));
    assert!(shop.ask("POST /add/tea", &cookie).starts_with("HTTP/1.1 403 "), "another site changes nothing");
    assert!(shop.ask("POST /add/tea", &(own + &cookie)).starts_with("HTTP/1.1 200 "));
    assert!(shop.ask("GET /", &cookie).ends_with("[\"jam\",\"tea\"]"));
    drop(shop);
    let _ = std::fs::remove_dir_all(place);
}

#[test]
fn fourteen_lines_know_who_is_there() {
    let place = std::env::temp_dir().join(format!("countersign-example-07-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_07_fourteen_lines"));
    program.current_dir(&place);
    let shop = Served::run(&mut program);
    assert!(shop.ask("GET /", "").ends_with("hello, stranger"));
    let own = format!("Content-Length: 0\r\nOrigin: http://{}\r\n", shop.address);
    let cookie = cookie(&shop.ask("POST /signin", &own));
    assert!(shop.ask("GET /", &cookie).ends_with("hello, ada"));
    drop(shop);
    let _ = std::fs::remove_dir_all(place);
    let text = include_str!("../src/bin/07_fourteen_lines.rs");
    let (_, below) = text.split_once("\n#[tokio::main]").unwrap();
    assert_eq!(below.lines().filter(|line| !line.is_empty()).count(), 13, "and `#[tokio::main]`");
}

#[test]
fn a_token_goes_on_through_a_rotation() {
    assert_eq!(output(env!("CARGO_BIN_EXE_04_issuer")), "AccessToken(..)\npublished: 2\nada has gold\n");
}

#[test]
fn an_example_fits_on_a_screen() {
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin")).unwrap() {
        let path = entry.unwrap().path();
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 45, "{} has {lines} lines", path.display());
    }
}
