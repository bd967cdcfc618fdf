//! The project's own commands. Says which there are and what they exit with; each lives in a file of its own.

mod bench;
mod fuzz;
mod soak;
mod test;
mod tidy;
mod ui;

use bench::jose::instructions::{self, Counts};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
  cargo xtask <command>

  tidy    the house rules: layers, licences, sizes, names, codes, threats, links
  test    sets up what the tests need and runs every test
  soak    the long tests, named soak_…
  fuzz [target …] [--runs N]
          what strangers can send, ten million times per target unless told otherwise
  look    pictures of the running program, into docs/images and target/look
  bench serve   start, memory and CPU of the server, beside a bare handler
  bench jose [--json]
          what tokens cost, beside the bare primitive and other libraries
  bench jose --instructions [--keep]
          the instructions of our hot paths, beside those that are kept
  bench sessions [--json] [--ten-million]
          what sessions cost, beside a bare handler, others and the disk;
          on demand also with 10^7 of them: 8 GB of memory, 20 GB of disk
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let root = root();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => tidy::command(&root),
        ["test"] => test::command(&root),
        ["soak"] => soak::command(&root),
        ["fuzz", words @ ..] => fuzz::command(&root, words),
        ["look"] => test::look(&root),
        ["bench", "serve"] => bench::command(&root),
        ["bench", "jose"] => bench::jose::command(&root, bench::jose::Form::Table),
        ["bench", "jose", "--json"] => bench::jose::command(&root, bench::jose::Form::Json),
        ["bench", "jose", "--instructions"] => instructions::command(&root, Counts::Compare),
        ["bench", "jose", "--instructions", "--keep"] => instructions::command(&root, Counts::Keep),
        ["bench", "sessions", words @ ..] if bench::sessions::known(words) => {
            bench::sessions::command(&root, words)
        }
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        [first, ..] => {
            eprintln!("unknown command `{first}`\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// The workspace's folder: the one above this crate's.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
