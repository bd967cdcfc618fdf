//! What is left of an erased person in the files of the store, looked for byte by byte.

use std::path::Path;

use countersign_core::extent::Actor;
use countersign_core::record::Style;
use rusqlite::Connection;

use crate::common::{ADA, PASSWORD, Shop};
use crate::held::{Stands, held};

/// The sealed value of the one slot, and the sealed data key as it stands in the record.
fn sealed(folder: &Path) -> (Vec<u8>, Vec<u8>) {
    let connection = Connection::open(folder.join("countersign.db")).unwrap();
    let value = connection.query_row("SELECT value FROM slot", [], |row| row.get(0)).unwrap();
    let record: Vec<u8> = connection.query_row("SELECT record FROM person", [], |row| row.get(0)).unwrap();
    let record = String::from_utf8_lossy(&record).into_owned();
    let (_, key) = record.split_once("\"data_key\":[").unwrap();
    (value, key.split_once(']').unwrap().0.as_bytes().to_vec())
}

/// The names of the files in `folder` that hold `bytes`.
fn holding(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let holds = |path: &Path| {
        let all = std::fs::read(path).unwrap();
        all.windows(bytes.len()).any(|window| window == bytes)
    };
    files
        .filter(|entry| holds(&entry.path()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[tokio::test]
async fn no_file_of_the_store_holds_a_byte_of_an_erased_person_but_the_pseudonym_in_the_audit_log() {
    let shop = Shop::of(Style::Session).await;
    shop.rig.sign_in(ADA, "not her password").await.unwrap_err();
    drop(shop.rig.sign_in(ADA, PASSWORD).await.unwrap());
    let folder = shop.rig.folder().unwrap();
    let traces = held(shop.engine(), &shop.client, &shop.ada, async || sealed(folder)).await;
    let subject = shop.ada.session.subject.clone();
    for trace in &traces {
        let absent = holding(folder, &trace.bytes).is_empty();
        // What rows have been is in the write-ahead log.
        assert_eq!(absent, trace.stands == Stands::Nowhere, "before: {}", trace.what);
    }
    shop.engine().erase(&subject, Actor::CommandLine).await.unwrap();
    // The server runs on: nothing waits for a restart.
    for trace in &traces {
        assert_eq!(holding(folder, &trace.bytes), Vec::<String>::new(), "after: {}", trace.what);
    }
    let folder = shop.rig.close().await.unwrap();
    for trace in &traces {
        assert_eq!(holding(folder.as_ref(), &trace.bytes), Vec::<String>::new(), "closed: {}", trace.what);
    }
    // The opaque subject stands in the audit log, and nowhere else.
    assert_eq!(holding(folder.as_ref(), subject.as_str().as_bytes()), ["countersign.db"]);
    let connection = Connection::open(folder.as_ref().join("countersign.db")).unwrap();
    connection.execute_batch("DELETE FROM audit; VACUUM; PRAGMA journal_mode = DELETE;").unwrap();
    drop(connection);
    assert_eq!(holding(folder.as_ref(), subject.as_str().as_bytes()), Vec::<String>::new());
}
