//! A PostgreSQL server of the tests' own, in a folder and on a port of its own, that can be killed, paused and cut off.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Semaphore, watch};
use tokio_postgres::{Client, NoTls};

/// A server; it is stopped and its folder removed when this is dropped.
pub(crate) struct Server {
    folder: TempDir,
    programs: PathBuf,
    pub(crate) port: u16,
    child: Mutex<Child>,
    databases: AtomicU32,
}

impl Server {
    /// Makes a new server and waits until it answers.
    pub(crate) async fn start() -> Self {
        let programs = programs();
        let folder = folder();
        make(&programs, &folder.path().join("data"));
        Self::on(folder, programs).await
    }

    /// A streaming standby of the server that `way` leads to.
    pub(crate) async fn standby(way: &Proxy) -> Self {
        let programs = programs();
        let folder = folder();
        let mut copy = as_servant(&programs.join("pg_basebackup"));
        copy.args(["--write-recovery-conf", "--no-sync", "--checkpoint=fast", "--username=countersign"]);
        copy.args(["--host=127.0.0.1", "--port", &way.port.to_string(), "--pgdata"])
            .arg(folder.path().join("data"));
        done(&mut copy);
        Self::on(folder, programs).await
    }

    async fn on(folder: TempDir, programs: PathBuf) -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let child = launch(&programs, folder.path(), port);
        let server = Self { folder, programs, port, child: Mutex::new(child), databases: AtomicU32::new(0) };
        server.answering().await;
        server
    }

    /// Waits until the standby `other` has all that is written here.
    pub(crate) async fn reaches(&self, other: &Self) {
        let client = self.client("postgres").await.unwrap();
        let here: String = client.query_one("SELECT pg_current_wal_lsn()::text", &[]).await.unwrap().get(0);
        let reached = format!("SELECT WHERE pg_last_wal_replay_lsn() >= '{here}'::pg_lsn");
        while other.count("postgres", &reached).await == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Lets a standby take over; it takes writes when this has answered.
    pub(crate) async fn promote(&self) {
        self.sql("postgres", "SELECT pg_promote()").await;
    }

    /// The address of a database that nothing has been written to.
    pub(crate) async fn fresh(&self) -> String {
        let name = format!("fresh_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}")).await;
        format!("postgres://countersign@127.0.0.1:{}/{name}", self.port)
    }

    /// Runs statements in the database at `url`, or of that name.
    pub(crate) async fn sql(&self, url: &str, sql: &str) {
        let client = self.client(url.rsplit('/').next().unwrap()).await.unwrap();
        client.batch_execute(sql).await.unwrap();
    }

    /// What `pg_dump` writes of the database at `url`.
    pub(crate) fn dump(&self, url: &str, words: &[&str]) -> Vec<u8> {
        let mut command = Command::new(self.programs.join("pg_dump"));
        command.args(words).arg("--host").arg(self.folder.path());
        command.args(["--port", &self.port.to_string(), "--username=countersign"]);
        done(command.arg(url.rsplit('/').next().unwrap())).into_bytes()
    }

    /// Puts what was dumped as SQL in the place of the store at `url`.
    pub(crate) async fn restore(&self, url: &str, dump: &[u8]) {
        self.sql(url, "DROP SCHEMA countersign CASCADE").await;
        let file = self.folder.path().join("dump.sql");
        std::fs::write(&file, dump).unwrap();
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--file"]).arg(file);
        command.arg("--host").arg(self.folder.path()).args(["--port", &self.port.to_string()]);
        done(command.args(["--username=countersign", url.rsplit('/').next().unwrap()]));
    }

    /// How many rows `select` finds in the database at `url`.
    pub(crate) async fn count(&self, url: &str, select: &str) -> usize {
        let client = self.client(url.rsplit('/').next().unwrap()).await.unwrap();
        client.query(select, &[]).await.unwrap().len()
    }

    /// Lets it speak TLS with `server.key` and `server.crt` of `folder`.
    pub(crate) async fn speaks_tls(&self, folder: &Path) {
        for name in ["server.crt", "server.key"] {
            let to = self.folder.path().join("data").join(name);
            std::fs::copy(folder.join(name), &to).unwrap();
            if let Some(user) = servant() {
                done(Command::new("chown").arg(user).arg(&to));
            }
        }
        self.sql("postgres", "ALTER SYSTEM SET ssl = on").await;
        self.sql("postgres", "SELECT pg_reload_conf()").await;
        while self.count("postgres", "SELECT FROM pg_settings WHERE name = 'ssl' AND setting = 'on'").await
            == 0
        {
            tokio::task::yield_now().await;
        }
    }

    async fn client(&self, database: &str) -> Result<Client, tokio_postgres::Error> {
        let socket = self.folder.path().display();
        let config = format!("host={socket} port={} user=countersign dbname={database}", self.port);
        let (client, connection) = tokio_postgres::connect(&config, NoTls).await?;
        drop(tokio::spawn(connection));
        Ok(client)
    }

    /// Waits until the server answers.
    pub(crate) async fn answering(&self) {
        for _ in 0..1200 {
            if self.client("postgres").await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("PostgreSQL does not start: {log}");
    }

    /// Kills every process of the server, as a crash does.
    pub(crate) fn kill(&self) {
        self.signal("KILL");
        self.child.lock().unwrap().wait().unwrap();
    }

    /// Starts it again after [`Server::kill`] and waits until it answers.
    pub(crate) async fn restart(&self) {
        *self.child.lock().unwrap() = launch(&self.programs, self.folder.path(), self.port);
        self.answering().await;
    }

    /// Stops every process of the server without ending it.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on after [`Server::pause`].
    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    /// The parent first, so that it starts no other.
    fn signal(&self, signal: &str) {
        let parent = self.child.lock().unwrap().id();
        send(signal, &[parent]);
        let children = children(parent);
        if !children.is_empty() {
            send(signal, &children);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal("KILL");
        drop(self.child.lock().unwrap().wait());
    }
}

/// Where the files of a new server are kept; only tests are given a place by cargo, and the benchmarks start servers, too.
const KEPT_IN: &str = match option_env!("CARGO_TARGET_TMPDIR") {
    Some(place) => place,
    None => concat!(env!("CARGO_MANIFEST_DIR"), "/target"),
};

/// Makes the files of a new server. They are kept beside the tests, since to copy them costs a tenth of making them: all
/// servers of a build have one system identifier.
fn make(programs: &Path, data: &Path) {
    let version = done(Command::new(programs.join("postgres")).arg("--version"));
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let kept = Path::new(KEPT_IN).join(version.trim().chars().map(plain).collect::<String>());
    if kept.is_dir() {
        done(Command::new("cp").arg("-Rp").arg(&kept).arg(data));
        if let Some(user) = servant() {
            done(Command::new("chown").arg("-R").arg(user).arg(data));
        }
        return;
    }
    let words = ["--auth=trust", "--username=countersign", "--no-sync", "--encoding=UTF8", "--locale=C"];
    done(as_servant(&programs.join("initdb")).args(words).arg("--pgdata").arg(data));
    // Under its name once it is whole. Another test may have been faster.
    let own = kept.with_extension(data.parent().unwrap().file_name().unwrap());
    done(Command::new("cp").arg("-Rp").arg(data).arg(&own));
    if std::fs::rename(&own, &kept).is_err() {
        std::fs::remove_dir_all(&own).unwrap();
    }
}

/// A folder of the user that the server runs as.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    if let Some(user) = servant() {
        done(Command::new("chown").arg(user).arg(folder.path()));
    }
    folder
}

fn send(signal: &str, to: &[u32]) {
    let words: Vec<String> = to.iter().map(u32::to_string).collect();
    // A child that has ended in between is no error.
    drop(Command::new("sh").arg("-c").arg(format!("kill -{signal} {} 2>&1", words.join(" "))).output());
}

/// The processes whose parent is `parent`.
fn children(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let number: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name in brackets may hold anything; state and parent come behind it.
            let parent_of: u32 = stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()?;
            (parent_of == parent).then_some(number)
        })
        .collect()
}

fn launch(programs: &Path, folder: &Path, port: u16) -> Child {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log")).unwrap();
    let mut command = as_servant(&programs.join("postgres"));
    command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder).args(["-p", &port.to_string()]);
    // No test here cuts the power, so nothing need reach the disk.
    for setting in ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=90", "shared_buffers=32MB"] {
        command.args(["-c", setting]);
    }
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}

/// Where the programs of the newest installed server are.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut installed: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    installed.sort();
    let folders = std::env::split_paths(&path).chain(installed.into_iter().rev());
    folders
        .into_iter()
        .find(|folder| ["postgres", "initdb", "pg_basebackup"].iter().all(|name| folder.join(name).is_file()))
        .expect("PostgreSQL is not installed: apt-get install postgresql")
}

/// PostgreSQL refuses to run as root, so root hands it to another user.
fn servant() -> Option<&'static str> {
    let root = done(Command::new("id").arg("-u")).trim() == "0";
    let known = |user: &&str| Command::new("id").arg(user).output().is_ok_and(|out| out.status.success());
    if root { ["postgres", "nobody"].into_iter().find(known) } else { None }
}

fn as_servant(program: &Path) -> Command {
    let Some(user) = servant() else { return Command::new(program) };
    let group = done(Command::new("id").args(["-g", user]));
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", group.trim(), "--clear-groups"]).arg(program);
    command
}

fn done(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let name = command.get_program().to_owned();
    assert!(output.status.success(), "{}: {output:?}", OsStr::new(&name).display());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a way does with what is sent along it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Carries it.
    Open,
    /// Carries it, and stops wherever half a mebibyte has gone without an answer, until [`Proxy::go_on`].
    Stopping,
    /// Holds it back without a word.
    Silent,
    /// Breaks off, and lets nobody in.
    Cut,
}

/// A way to a server that can be cut off.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    way: watch::Sender<Way>,
    connections: Arc<AtomicU32>,
    /// Nothing is carried on the connections before this one, and nobody is told.
    forgotten: watch::Sender<u32>,
    told: Arc<Told>,
}

/// What a way tells of what it carries.
struct Told {
    /// The most bytes that have gone without an answer, either way.
    longest: AtomicUsize,
    stopped: Semaphore,
    go_on: Semaphore,
}

/// One direction of a connection: how much it has carried since the other one carried anything.
struct Lane<'a> {
    own: &'a AtomicUsize,
    other: &'a AtomicUsize,
    told: &'a Told,
}

impl Lane<'_> {
    /// Counts what is about to be carried, and stops behind half a mebibyte of it where the way does.
    async fn count(&self, bytes: usize, way: Way) {
        self.other.store(0, Ordering::SeqCst);
        let before = self.own.fetch_add(bytes, Ordering::SeqCst);
        self.told.longest.fetch_max(before + bytes, Ordering::SeqCst);
        if way == Way::Stopping && before < HALF && before + bytes >= HALF {
            self.told.stopped.add_permits(1);
            self.told.go_on.acquire().await.unwrap().forget();
        }
    }
}

const HALF: usize = 512 * 1024;

impl Proxy {
    /// Opens a way to `port`.
    pub(crate) async fn to(port: u16) -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (way, state) = watch::channel(Way::Open);
        let (forgotten, lost) = watch::channel(0);
        let connections = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&connections);
        let (stopped, go_on) = (Semaphore::new(0), Semaphore::new(0));
        let told = Arc::new(Told { longest: AtomicUsize::new(0), stopped, go_on });
        let tell = Arc::clone(&told);
        drop(tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let state = state.clone();
                let (number, lost) = (count.fetch_add(1, Ordering::SeqCst), lost.clone());
                let told = Arc::clone(&tell);
                drop(tokio::spawn(async move {
                    if *state.borrow() == Way::Cut {
                        return;
                    }
                    let Ok(far) = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
                        return;
                    };
                    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                    let forgotten = || *lost.borrow() > number;
                    let (there, back) = (AtomicUsize::new(0), AtomicUsize::new(0));
                    let lane = Lane { own: &there, other: &back, told: &told };
                    let other = Lane { own: &back, other: &there, told: &told };
                    tokio::select! {
                        () = carry(near_in, far_out, lane, state.clone(), forgotten) => {}
                        () = carry(far_in, near_out, other, state, forgotten) => {}
                    }
                }));
            }
        }));
        Self { port: own, way, connections, forgotten, told }
    }

    /// The address of the database that `direct` leads to, along this way.
    pub(crate) fn along(&self, direct: &str) -> String {
        let (server, name) = direct.rsplit_once('/').unwrap();
        format!("{}:{}/{name}", server.rsplit_once(':').unwrap().0, self.port)
    }

    /// The connections that there are carry nothing from now on, as when a firewall forgets them; new ones do.
    pub(crate) fn forget(&self) {
        self.forgotten.send_replace(self.connections.load(Ordering::SeqCst));
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// Waits until it has stopped, as [`Way::Stopping`] does.
    pub(crate) async fn stopped(&self) {
        self.told.stopped.acquire().await.unwrap().forget();
    }

    /// Lets what has stopped go on.
    pub(crate) fn go_on(&self) {
        self.told.go_on.add_permits(1);
    }

    /// The most bytes that have gone without an answer, either way.
    pub(crate) fn longest(&self) -> usize {
        self.told.longest.load(Ordering::SeqCst)
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    lane: Lane<'_>,
    mut way: watch::Receiver<Way>,
    forgotten: impl Fn() -> bool,
) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read.unwrap_or(0),
            cut = way.wait_for(|way| *way == Way::Cut) => { drop(cut); return }
        };
        if forgotten() {
            // Neither end is told.
            std::future::pending::<()>().await;
        }
        let Ok(now) = way.wait_for(|way| *way != Way::Silent).await.map(|way| *way) else { return };
        lane.count(read, now).await;
        if read == 0 || now == Way::Cut || to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
