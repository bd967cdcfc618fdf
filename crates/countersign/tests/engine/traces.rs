//! What is left of an erased person in the files of the store, looked for byte by byte.

use std::path::Path;
use std::sync::Arc;

use countersign::testing::Rig;
use countersign::{Home, SessionRules};
use countersign_core::batch::Expect;
use countersign_core::extent::Actor;
use countersign_core::record::Style;
use rusqlite::Connection;

use crate::common::{ADA, PASSWORD, Shop};
use crate::held::{Stands, held};

/// The sealed pieces of the slot of that name, and the sealed data key as it stands in the record.
fn sealed(folder: &Path, name: &str) -> (Vec<Vec<u8>>, Vec<u8>) {
    let connection = Connection::open(folder.join("countersign.db")).unwrap();
    let sql = "SELECT value FROM slot WHERE name = ?1 AND value IS NOT NULL UNION ALL
               SELECT value FROM (SELECT value FROM segment WHERE name = ?1 ORDER BY number)";
    let mut statement = connection.prepare(sql).unwrap();
    let pieces = statement.query_map([name], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let record: Vec<u8> = connection.query_row("SELECT record FROM person", [], |row| row.get(0)).unwrap();
    let record = String::from_utf8_lossy(&record).into_owned();
    let (_, key) = record.split_once("\"data_key\":[").unwrap();
    (pieces, key.split_once(']').unwrap().0.as_bytes().to_vec())
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
    let traces = held(shop.engine(), &shop.client, &shop.ada, async |name| sealed(folder, name)).await;
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

#[tokio::test]
async fn no_file_of_the_store_holds_what_an_application_called_somebody_whom_it_has_erased() {
    let rig = Rig::new().await.unwrap();
    let home = Home::of(Arc::clone(&rig.engine), SessionRules::default()).await.unwrap();
    let name = "member 4711, the keeper of the light";
    let (_, known) = home.sign_in(name, &Rig::visitor(), None).await.unwrap();
    let handle = known.entered.handle.to_string();
    let app = rig.engine.app("app").await.unwrap();
    rig.engine.put_slot(&app, &handle, "cart", Expect::Whatever, b"oil").await.unwrap();
    let folder = rig.folder().unwrap();
    let (sealed, key) = sealed(folder, "cart");
    let traces = [name.as_bytes(), &sealed[0], &key, b"Firefox, Linux"];
    for trace in traces {
        assert_ne!(holding(folder, trace), Vec::<String>::new(), "the search finds what is there");
    }
    home.erase(name).await.unwrap();
    for trace in traces {
        assert_eq!(holding(folder, trace), Vec::<String>::new());
    }
    // Who comes under the name again is somebody new.
    let (_, again) = home.sign_in(name, &Rig::visitor(), None).await.unwrap();
    let again = rig.engine.slot(&app, &again.entered.handle.to_string(), "cart").await.unwrap();
    assert_eq!(again, None);
}
