//! Redis servers of the tests' own, alone or three as a cluster: own ports, own folders, gone with the test.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// One server. It keeps nothing on disk, so a restart begins empty.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    words: Vec<String>,
    folder: TempDir,
    child: Child,
}

impl Server {
    /// A server alone.
    pub(crate) fn alone() -> Self {
        Self::with(&[])
    }

    /// A server that speaks TLS at a second port, which is answered too, with `server.key` and `server.crt` of a folder.
    pub(crate) fn private(certificates: &Path) -> (Self, u16) {
        let (port, path) = (free_port(), |name: &str| certificates.join(name).display().to_string());
        let [key, own, root] = ["server.key", "server.crt", "authority.crt"].map(path);
        let text = port.to_string();
        let mut words = vec!["--tls-port", &text, "--tls-auth-clients", "no"];
        words.extend(["--tls-key-file", &key, "--tls-cert-file", &own, "--tls-ca-cert-file", &root]);
        (Self::with(&words), port)
    }

    fn with(words: &[&str]) -> Self {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let child = run(port, &folder, &words);
        let server = Self { port, words, folder, child };
        server.wait();
        server
    }

    /// Its address.
    pub(crate) fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again where it was, empty.
    pub(crate) fn start_again(&mut self) {
        self.child = run(self.port, &self.folder, &self.words);
        self.wait();
    }

    /// Stops the process where it stands.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.signal("-CONT");
    }

    /// What the command line client answers to `words`.
    pub(crate) fn says(&self, words: &[&str]) -> String {
        let port = self.port.to_string();
        let answer = Command::new("redis-cli").args(["-p", &port]).args(words).output().unwrap();
        String::from_utf8(answer.stdout).unwrap().trim().to_owned()
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    fn wait(&self) {
        until("a Redis server answers", || self.says(&["PING"]) == "PONG");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already; that is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Three servers that share the keys among them, without replicas.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) servers: Vec<Server>,
}

impl Cluster {
    /// A cluster that has agreed on itself. Where one server is gone, the others still answer for their own keys.
    pub(crate) fn of_three() -> Self {
        let one = || {
            let bus = free_port().to_string();
            Server::with(&[
                "--cluster-enabled",
                "yes",
                "--cluster-port",
                &bus,
                "--cluster-node-timeout",
                "1000",
                "--cluster-require-full-coverage",
                "no",
            ])
        };
        let servers = vec![one(), one(), one()];
        let hosts = servers.iter().map(|server| format!("127.0.0.1:{}", server.port));
        let made = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(hosts)
            .args(["--cluster-replicas", "0", "--cluster-yes"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
        let agreed = |server: &Server| server.says(&["CLUSTER", "INFO"]).contains("cluster_state:ok");
        until("three servers are a cluster", || servers.iter().all(agreed));
        Self { servers }
    }

    /// Its address.
    pub(crate) fn address(&self) -> String {
        let hosts: Vec<String> =
            self.servers.iter().map(|server| format!("127.0.0.1:{}", server.port)).collect();
        format!("redis-cluster://{}", hosts.join(","))
    }

    /// Which of the servers keeps `key`.
    pub(crate) fn keeper(&self, key: &str) -> usize {
        let keeps = |server: &Server| !server.says(&["EXISTS", key]).contains("MOVED");
        self.servers.iter().position(keeps).unwrap()
    }
}

fn run(port: u16, folder: &TempDir, words: &[String]) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(words)
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("`redis-server` is installed: apt-get install redis-server")
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Waits for what another process does; nothing tells us when.
fn until(what: &str, mut held: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !held() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}: not within 30 s");
        std::thread::sleep(Duration::from_millis(20));
    }
}
