//! A process that is killed while it writes, and what it has said until then.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a process has said: a word, and what it is about.
pub(crate) type Lines = Vec<(String, String)>;

/// It is killed with `kill -9` at the latest when this is dropped.
pub(crate) struct Process {
    child: Child,
    spoken: Receiver<()>,
    reader: Option<JoinHandle<Lines>>,
}

impl Process {
    /// Starts it.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let out = child.stdout.take().unwrap();
        let (speaks, spoken) = channel();
        let each = move || said(out).inspect(|_| speaks.send(()).unwrap_or_default()).collect();
        Self { child, spoken, reader: Some(std::thread::spawn(each)) }
    }

    /// Waits until it has said something since this was last asked.
    pub(crate) fn speaks(&self) {
        while self.spoken.try_recv().is_ok() {}
        self.spoken.recv_timeout(Duration::from_secs(60)).expect("it writes");
    }

    /// Kills it; what it has said.
    pub(crate) fn kill(mut self) -> Lines {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended where it was killed before.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// One line; only when it is written the next step begins.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{line}").unwrap();
    out.flush().unwrap();
}

/// What is said, line by line: a word, and what it is about.
pub(crate) fn said(out: ChildStdout) -> impl Iterator<Item = (String, String)> {
    let lines = BufReader::new(out).lines().map_while(Result::ok);
    lines.filter_map(move |line| {
        let (word, rest) = line.split_once(' ')?;
        WORDS.contains(&word).then(|| (word.to_owned(), rest.to_owned()))
    })
}

/// What may be said; the numbers follow, or the reason.
const WORDS: [&str; 15] = [
    "leased", "began", "writing", "wrote", "touched", "invited", "hosting", "hosted", "ending", "ended",
    "erasing", "erased", "failed", "lastly", "unopened",
];
