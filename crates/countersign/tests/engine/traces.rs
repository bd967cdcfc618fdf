//! What is left of an erased person in the files of the store, looked for byte by byte.

use std::path::Path;

use countersign::testing::Rig;
use countersign_core::batch::Expect;
use countersign_core::extent::Actor;
use countersign_core::record::Style;
use countersign_jose::primitive::sha256;
use rusqlite::Connection;

use crate::common::{ADA, PASSWORD, Shop, parameter};

/// What the store held of Ada, as bytes, each with its name.
async fn held(shop: &Shop) -> Vec<(&'static str, Vec<u8>)> {
    let nonce = shop.engine().start_nonce().unwrap();
    let start = shop.engine().start_address(&shop.client, &nonce, "/").unwrap();
    let to = shop.engine().ticket(&shop.ada, "shop", parameter(&start, "nonce").unwrap(), "/").await.unwrap();
    let ticket = parameter(&to, "ticket").unwrap();
    let redeemed =
        shop.engine().redeem_ticket(&shop.client, ticket, nonce.reveal(), &Rig::visitor(), None).await;
    let session = redeemed.unwrap().session;
    let handle = shop.engine().handle(session.serial).to_string();
    let cart = b"three fathoms of tarred rope".repeat(400);
    shop.engine().put_slot(&shop.client, &handle, "cart", Expect::Whatever, &cart).await.unwrap();
    // A second version: what the first one was sealed to is in the write-ahead log.
    let (first, key) = sealed(shop.rig.folder().unwrap());
    shop.engine().put_slot(&shop.client, &handle, "cart", Expect::Whatever, b"one rope").await.unwrap();
    let (second, _) = sealed(shop.rig.folder().unwrap());
    assert_ne!(first, second);
    vec![
        ("the address", ADA.as_bytes().to_vec()),
        ("the hash of the address", sha256(ADA.as_bytes()).to_vec()),
        ("the cart", cart[..28].to_vec()),
        ("the newer cart", b"one rope".to_vec()),
        ("the first sealed cart", first[4096..4160].to_vec()),
        ("the second sealed cart", second),
        ("the data key", key),
        ("the login", session.login.to_string().into_bytes()),
        ("where the data hung", session.slots.as_str().as_bytes().to_vec()),
        ("the device", b"Firefox, Linux".to_vec()),
        ("the network", b"203.0.113".to_vec()),
        ("the password's hash", b"$argon2id$".to_vec()),
    ]
}

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
    let traces = held(&shop).await;
    let subject = shop.ada.session.subject.clone();
    for (what, bytes) in &traces {
        let plain = what.ends_with("cart") && !what.contains("sealed");
        assert_eq!(holding(shop.rig.folder().unwrap(), bytes).is_empty(), plain, "before: {what}");
    }
    shop.engine().erase(&subject, Actor::CommandLine).await.unwrap();
    // The server runs on: nothing waits for a restart.
    for (what, bytes) in &traces {
        assert_eq!(holding(shop.rig.folder().unwrap(), bytes), Vec::<String>::new(), "after: {what}");
    }
    let folder = shop.rig.close().await.unwrap();
    for (what, bytes) in &traces {
        assert_eq!(holding(folder.as_ref(), bytes), Vec::<String>::new(), "closed: {what}");
    }
    // The opaque subject stands in the audit log, and nowhere else.
    assert_eq!(holding(folder.as_ref(), subject.as_str().as_bytes()), ["countersign.db"]);
    let connection = Connection::open(folder.as_ref().join("countersign.db")).unwrap();
    connection.execute_batch("DELETE FROM audit; VACUUM; PRAGMA journal_mode = DELETE;").unwrap();
    drop(connection);
    assert_eq!(holding(folder.as_ref(), subject.as_str().as_bytes()), Vec::<String>::new());
}
