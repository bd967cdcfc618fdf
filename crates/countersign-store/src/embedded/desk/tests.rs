//! Batches that share a transaction: one that stops takes nothing of its neighbours along.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use countersign_core::batch::Change;
use countersign_core::extent::{Actor, Ending, Extent, LogKind, Reason};
use countersign_core::time::Timestamp;
use tokio::sync::{Semaphore, oneshot};

use super::*;
use crate::embedded::writer::Reply;
use crate::embedded::{connection, memory};

#[derive(Debug, Default)]
struct Heard(Mutex<Vec<LogKind>>);

impl Follower for Heard {
    fn applied(&self, entries: &[LogEntry]) {
        self.0.lock().unwrap().extend(entries.iter().map(|entry| entry.kind.clone()));
    }
}

fn desk() -> Desk {
    let connection = connection::writing_memory(&memory::name()).unwrap();
    Desk::new(connection, Folding::through(None), Ledger::none(), Turns::default())
}

fn setting(name: &str) -> Change {
    Change::AddSetting { name: name.to_owned(), value: vec![1] }
}

/// What each batch hears when all of them wait before the first is looked at.
fn outcomes(desk: &mut Desk, batches: Vec<Batch>) -> Vec<Outcome> {
    let room = Arc::new(Semaphore::new(batches.len()));
    let (queue, waiting) = channel();
    let write = |batch| {
        let (to, answered) = oneshot::channel();
        let permit = Arc::clone(&room).try_acquire_owned().unwrap();
        let work = Work::Commit(batch, Reply::to(to));
        queue.send(Message::Write(Write { work, _permit: permit })).unwrap();
        answered
    };
    let answered: Vec<_> = batches.into_iter().map(write).collect();
    drop(queue);
    desk.serve(&waiting);
    answered.into_iter().map(|mut answer| answer.try_recv().unwrap().unwrap()).collect()
}

fn settings(desk: &Desk) -> String {
    let names = "SELECT group_concat(name ORDER BY name) FROM setting";
    desk.connection.query_row(names, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_batch_that_stops_after_it_wrote_takes_nothing_of_its_neighbours_along() {
    let mut desk = desk();
    let heard = Arc::new(Heard::default());
    desk.follower = Some(Arc::<Heard>::clone(&heard));
    let ending = Ending { at: Timestamp::from_seconds(1), reason: Reason::Erased, by: Actor::CommandLine };
    let end = Change::End { extent: Extent::Everything, ending };
    // The second group has savepoints.
    for (round, names) in [["a", "b", "c"], ["d", "e", "f"]].into_iter().enumerate() {
        let [first, second, third] = names;
        let batches = vec![
            Batch::of(setting(first)).with(end.clone()),
            Batch::of(setting(second)).with(end.clone()).with(setting(first)),
            Batch::of(setting(third)),
        ];
        let told = outcomes(&mut desk, batches);
        assert!(matches!(told[0], Outcome::Committed(..)) && matches!(told[2], Outcome::Committed(..)));
        assert!(matches!(told[1], Outcome::Conflict(Conflict::Taken)), "{told:?}");
        assert_eq!(*heard.0.lock().unwrap(), vec![LogKind::EverythingMark; round + 1], "heard once each");
        assert_eq!(desk.careful, CAREFUL - 1 - u32::try_from(round).unwrap());
    }
    assert_eq!(settings(&desk), "a,c,d,f");
}

#[test]
fn a_batch_that_stops_before_it_wrote_makes_no_group_be_done_twice() {
    let mut desk = desk();
    let told = outcomes(&mut desk, vec![Batch::of(setting("a")), Batch::of(setting("a")).with(setting("b"))]);
    assert!(matches!(told[..], [Outcome::Committed(..), Outcome::Conflict(Conflict::Taken)]), "{told:?}");
    assert_eq!((settings(&desk).as_str(), desk.careful), ("a", 0));
}
