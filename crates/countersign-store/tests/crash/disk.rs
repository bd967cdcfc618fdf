//! A disk that is full or fails: strace lets the system calls of the victim's threads fail, as a kernel would.
//!
//! A commit that could not be written is never acknowledged. After a full disk the store goes on when there is room again;
//! after a failed write or sync nobody can say what the file holds (a second fsync may lie), so it stops until it is opened
//! again, and then holds what was acknowledged.

use std::path::Path;
use std::process::{Command, Stdio};

use countersign_store::{Durability, check};

use super::judge::Given;
use super::process::said;
use super::victim::{look, prepare, suffering};

/// What the victim says when the calls named by `fault` fail, on a store that was sound before; and the store is looked at.
fn suffer(fault: &str) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(prepare(folder.path(), Durability::Full)).close();
    let lines = under_strace(folder.path(), fault);
    if lines.iter().any(|(word, _)| word == "unopened") {
        assert_eq!(check(folder.path()).unwrap().wrong, Vec::<String>::new());
    }
    runtime.block_on(look(folder.path(), &lines, Given::default()));
    lines
}

fn under_strace(folder: &Path, fault: &str) -> Vec<(String, String)> {
    let mut strace = Command::new("strace");
    let trace = fault.split(':').next().unwrap();
    strace.args(["-f", "-qqq", "-o", "/dev/null", "-e", &format!("trace={trace}")]);
    strace.args(["-e", &format!("inject={fault}")]);
    if trace == "pread64" {
        // Programs are read from disk, too.
        strace.arg("-P").arg(folder.join("countersign.db"));
    }
    strace.arg("--");
    let mut victim = suffering(strace, folder, Some(40))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("strace is installed: apt-get install strace");
    let lines: Vec<_> = said(victim.stdout.take().unwrap()).collect();
    victim.wait().unwrap();
    assert!(!lines.is_empty(), "strace could not trace the victim: is ptrace allowed here?");
    lines
}

fn count(lines: &[(String, String)], word: &str) -> usize {
    lines.iter().filter(|(said, _)| said == word).count()
}

fn last(lines: &[(String, String)]) -> &str {
    lines.iter().rev().find(|(word, _)| word == "lastly").map_or("", |(_, rest)| rest)
}

#[test]
fn a_full_disk_acknowledges_nothing_and_once_there_is_room_it_goes_on() {
    let lines = suffer("pwrite64:error=ENOSPC:when=60..90");
    let failed: Vec<_> = lines.iter().filter(|(word, _)| word == "failed").collect();
    assert!(failed.iter().any(|(_, why)| why.contains("the disk is full")), "{failed:?}");
    assert!(count(&lines, "began") > 20, "it wrote before or after");
    assert_eq!(last(&lines), "wrote", "it goes on");
}

#[test]
fn a_disk_that_stays_full_acknowledges_nothing_more() {
    let lines = suffer("pwrite64:error=ENOSPC:when=60+");
    assert!(count(&lines, "failed") > 50, "{lines:?}");
    assert!(last(&lines).contains("the disk is full"), "{}", last(&lines));
}

#[test]
fn after_a_failed_write_nothing_more_is_written_until_it_is_opened_again() {
    let lines = suffer("pwrite64:error=EIO:when=60");
    assert!(count(&lines, "failed") > 50, "{lines:?}");
    assert!(last(&lines).contains("until it is opened again"), "{}", last(&lines));
}

#[test]
fn after_a_failed_sync_nothing_more_is_written_until_it_is_opened_again() {
    let lines = suffer("fsync,fdatasync:error=EIO:when=20");
    assert!(count(&lines, "began") > 0, "it wrote before");
    assert!(count(&lines, "failed") > 50, "{lines:?}");
    assert!(last(&lines).contains("until it is opened again"), "{}", last(&lines));
}

#[test]
fn a_disk_that_does_not_sync_at_all_acknowledges_nothing() {
    let lines = suffer("fsync,fdatasync:error=EIO:when=1+");
    assert_eq!(count(&lines, "began"), 0, "{lines:?}");
    assert!(count(&lines, "unopened") == 1 || count(&lines, "failed") > 0, "{lines:?}");
}

#[test]
fn a_disk_that_cannot_be_read_refuses_to_start_with_the_reason() {
    let lines = suffer("pread64:error=EIO:when=1+");
    let why = lines.iter().find(|(word, _)| word == "unopened").map(|(_, why)| why.as_str());
    assert!(why.is_some_and(|why| why.contains("disk I/O error")), "{lines:?}");
}
