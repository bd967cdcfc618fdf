//! What the tests need besides Rust: a browser, proxies, strace (which lets a disk fail), Node and Python packages. Installs
//! them where it may, else names exactly what is missing and how to get it.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::run::Step;

/// The oldest Node (major, minor) that every client library of the tests runs on.
const NODE: (u32, u32) = (20, 0);

/// A program, the names it goes by, and the Debian package that brings it.
struct Program {
    names: &'static [&'static str],
    package: &'static str,
}

const PROGRAMS: &[Program] = &[
    Program { names: &["c++"], package: "g++" },
    Program { names: &["pkg-config"], package: "pkg-config" },
    Program { names: &["caddy"], package: "caddy" },
    Program { names: &["chromium", "chromium-browser", "google-chrome"], package: "chromium" },
    Program { names: &["nginx"], package: "nginx-light" },
    Program { names: &["node", "nodejs"], package: "nodejs" },
    Program { names: &["npm"], package: "npm" },
    Program { names: &["strace"], package: "strace" },
    Program { names: &["python3"], package: "python3-venv" },
    Program { names: &["openssl"], package: "openssl" },
    Program { names: &["postgres"], package: "postgresql" },
    Program { names: &["redis-server"], package: "redis-server" },
    Program { names: &["redis-cli"], package: "redis-tools" },
    Program { names: &["valgrind"], package: "valgrind" },
];

/// What was found or installed.
#[derive(Debug)]
pub(super) struct Tools {
    pub(super) nextest: bool,
    pub(super) node_tests: Vec<PathBuf>,
    node: PathBuf,
    environment: Vec<(String, OsString)>,
}

impl Tools {
    /// One line for the step list.
    pub(super) fn summary(&self) -> String {
        let runner = if self.nextest { "nextest" } else { "cargo test" };
        format!("Chromium, proxies, databases, Node, Python and {runner}")
    }

    /// The step that takes the pictures.
    pub(super) fn look(&self, root: &Path) -> Step {
        let mut step = Step::new(&self.node, &[]);
        step.words.push(root.join("tests/look.mjs").into_os_string());
        step.environment.clone_from(&self.environment);
        step
    }

    /// The step that runs every `*.test.mjs`.
    pub(super) fn node(&self) -> Step {
        let mut step = Step::new(&self.node, &["--test", "--test-reporter=tap", "--test-concurrency=1"]);
        step.words.extend(self.node_tests.iter().map(|path| path.clone().into_os_string()));
        step.environment.clone_from(&self.environment);
        step
    }
}

/// Finds or installs everything, or says what is missing.
pub(super) fn install(root: &Path) -> Result<Tools, String> {
    let absent = absent();
    if !absent.is_empty() {
        apt(&absent);
    }
    let mut missing = String::new();
    for package in self::absent() {
        let _ = writeln!(missing, "  `{package}` is missing. Install it: apt-get install {package}");
    }
    if !missing.is_empty() {
        return Err(missing);
    }
    let found = |names: &[&str]| names.iter().find_map(|name| which(name)).unwrap_or_default();
    let node = found(&["node", "nodejs"]);
    new_enough(&node)?;
    let python = python(root)?;
    let tests = root.join("tests");
    npm(&tests)?;
    let mut node_tests = Vec::new();
    collect(&tests, &mut node_tests)?;
    node_tests.sort();
    let environment = vec![
        ("COUNTERSIGN_BIN".to_owned(), target(root).join("debug/countersign").into_os_string()),
        ("JOSE_PEER".to_owned(), target(root).join("debug/examples/interop").into_os_string()),
        ("JOSEKIT_PEER".to_owned(), josekit(root).join("debug/countersign-josekit-peer").into_os_string()),
        ("CHROMIUM".to_owned(), found(&["chromium", "chromium-browser", "google-chrome"]).into_os_string()),
        ("NGINX".to_owned(), found(&["nginx"]).into_os_string()),
        ("CADDY".to_owned(), found(&["caddy"]).into_os_string()),
        ("PYTHON".to_owned(), python.into_os_string()),
    ];
    let nextest = which("cargo-nextest").is_some();
    Ok(Tools { nextest, node_tests, node, environment })
}

/// The folder that cargo builds into.
pub(crate) fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// The folder that the peer made of josekit is built into.
pub(super) fn josekit(root: &Path) -> PathBuf {
    target(root).join("josekit")
}

/// The Debian packages whose program is nowhere to be found.
fn absent() -> Vec<&'static str> {
    let gone = PROGRAMS.iter().filter(|program| !program.names.iter().any(|name| which(name).is_some()));
    let mut packages: Vec<&str> = gone.map(|program| program.package).collect();
    if which("python3").is_some_and(|python| !succeeds(&python, &["-c", "import ensurepip, venv"])) {
        packages.push("python3-venv");
    }
    // josekit, one of the libraries that tokens are exchanged with and measured beside, links OpenSSL.
    if which("pkg-config").is_none_or(|finder| !succeeds(&finder, &["--exists", "openssl"])) {
        packages.push("libssl-dev");
    }
    packages
}

/// Installs what it can; the caller looks again, so a failure here is not the last word.
fn apt(packages: &[&str]) {
    let Some(apt) = which("apt-get") else { return };
    let words: Vec<&str> =
        ["install", "--yes", "--no-install-recommends"].into_iter().chain(packages.iter().copied()).collect();
    if !succeeds(&apt, &words) && succeeds(&apt, &["update"]) {
        succeeds(&apt, &words);
    }
}

fn new_enough(node: &Path) -> Result<(), String> {
    let version = output(node, &["--version"]);
    if numbers(&version) >= NODE {
        return Ok(());
    }
    let (major, minor) = NODE;
    let found = version.trim();
    Err(format!("  Node is `{found}`, the tests need {major}.{minor} or newer. Get it: https://nodejs.org\n"))
}

/// Major and minor of `v20.19.1`.
fn numbers(version: &str) -> (u32, u32) {
    let mut parts = version.trim().trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

/// The Python of a virtual environment that holds what `tests/interop/requirements.txt` pins.
fn python(root: &Path) -> Result<PathBuf, String> {
    let requirements = root.join("tests/interop/requirements.txt");
    let folder = target(root).join("test-venv");
    let python = folder.join("bin/python");
    once(&requirements, &folder.join("installed.txt"), || {
        let system = which("python3").unwrap_or_default();
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        let words: Vec<OsString> =
            pip.iter().map(OsString::from).chain([requirements.clone().into()]).collect();
        Command::new(system).args(["-m", "venv", "--clear"]).arg(&folder).status().is_ok_and(|s| s.success())
            && Command::new(&python).args(words).status().is_ok_and(|s| s.success())
    })?;
    Ok(python)
}

/// The Node packages that `tests/package-lock.json` pins.
fn npm(tests: &Path) -> Result<(), String> {
    once(&tests.join("package-lock.json"), &tests.join("node_modules/installed.txt"), || {
        Command::new(which("npm").unwrap_or_default())
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
            .current_dir(tests)
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    })
}

/// Installs a list unless `stamp` says that exactly this list is installed.
fn once(list: &Path, stamp: &Path, install: impl FnOnce() -> bool) -> Result<(), String> {
    let wanted = std::fs::read(list).map_err(|e| format!("  cannot read `{}`: {e}\n", list.display()))?;
    if std::fs::read(stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    if !install() {
        return Err(format!(
            "  could not install `{}`; its registry must be reachable once\n",
            list.display()
        ));
    }
    std::fs::write(stamp, wanted).map_err(|e| format!("  cannot write `{}`: {e}\n", stamp.display()))
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries =
        std::fs::read_dir(folder).map_err(|e| format!("  cannot read `{}`: {e}\n", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "node_modules" {
            collect(&path, found)?;
        } else if path.to_string_lossy().ends_with(".test.mjs") {
            found.push(path);
        }
    }
    Ok(())
}

/// Where a program is; services such as nginx live in `sbin`, which a user's path may not name, and each version of PostgreSQL
/// in a folder of its own.
fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let folders = std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .chain(versions.map(|version| version.path().join("bin")));
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn succeeds(program: &Path, words: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(words).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn output(program: &Path, words: &[&str]) -> String {
    let out = Command::new(program).args(words).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_installed_once_and_again_when_it_changes() {
        let folder = std::env::temp_dir().join(format!("xtask-once-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (list, stamp) = (folder.join("list"), folder.join("stamp"));
        std::fs::write(&list, "a 1").unwrap();
        assert!(once(&list, &stamp, || false).unwrap_err().contains("could not install"));
        assert_eq!(once(&list, &stamp, || true), Ok(()));
        assert_eq!(once(&list, &stamp, || false), Ok(()));
        std::fs::write(&list, "a 2").unwrap();
        assert!(once(&list, &stamp, || false).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn versions_of_node_compare_by_number() {
        assert!(numbers("v20.20.2\n") >= NODE && numbers("v100.0.0") >= NODE);
        assert!(numbers("v18.20.4") < NODE && numbers("") < NODE);
    }

    #[test]
    fn a_program_is_found_by_its_name_and_an_absent_one_is_not() {
        assert!(which("sh").is_some());
        assert_eq!(which("no-such-program"), None);
    }
}
