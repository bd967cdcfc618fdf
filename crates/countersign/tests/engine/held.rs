//! What a store holds of one person, as the bytes that are looked for once she is erased.

use countersign::testing::Rig;
use countersign::{Checked, Engine, Slot};
use countersign_core::batch::Expect;
use countersign_core::record::Client;
use countersign_jose::primitive::sha256;

use crate::common::{ADA, parameter};

/// Some bytes, and where they stand before she is erased.
pub(crate) struct Trace {
    pub(crate) what: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) stands: Stands,
}

/// Where bytes are to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    /// In a row.
    InRows,
    /// Only in what rows have been.
    InOldRows,
    /// Nowhere: it is kept sealed.
    Nowhere,
}

/// A number that is counted up, and a long value.
const VISITS: Slot<i64> = Slot::new("visits");
const FILM: &str = "film";
/// A segment of it is the second one.
const SEGMENT: usize = 64 * 1024;

/// What is held of Ada after she has put a cart and a film into a session at `shop`, twice, and has been counted. `sealed` reads
/// the pieces of the slot of that name as they are kept, and her data key as it stands in her record.
pub(crate) async fn held(
    engine: &Engine,
    shop: &Client,
    ada: &Checked,
    sealed: impl AsyncFn(&'static str) -> (Vec<Vec<u8>>, Vec<u8>),
) -> Vec<Trace> {
    let nonce = engine.start_nonce().unwrap();
    let start = engine.start_address(shop, &nonce, "/").unwrap();
    let to = engine.ticket(ada, "shop", parameter(&start, "nonce").unwrap(), "/").await.unwrap();
    let ticket = parameter(&to, "ticket").unwrap();
    let redeemed = engine.redeem_ticket(shop, ticket, nonce.reveal(), &Rig::visitor(), None).await;
    let session = redeemed.unwrap().session;
    let handle = engine.handle(session.serial).to_string();
    let cart = b"three fathoms of tarred rope".repeat(400);
    engine.put_slot(shop, &handle, "cart", Expect::Whatever, &cart).await.unwrap();
    // A second version: what the first one was sealed to is in a log of the store, if it has one.
    let (first, key) = sealed("cart").await;
    engine.put_slot(shop, &handle, "cart", Expect::Whatever, b"one rope").await.unwrap();
    let (second, _) = sealed("cart").await;
    assert_ne!(first, second);
    let mut film = b"a heron lifts off the marsh at dawn ".repeat(5_000);
    engine.put_slot(shop, &handle, FILM, Expect::Whatever, &film).await.unwrap();
    let (rushes, _) = sealed(FILM).await;
    film[SEGMENT..SEGMENT + 9].copy_from_slice(b"the owl, ");
    engine.put_slot(shop, &handle, FILM, Expect::Whatever, &film).await.unwrap();
    let (cut, _) = sealed(FILM).await;
    assert_eq!((cut.len(), &cut[0], &cut[2]), (3, &rushes[0], &rushes[2]));
    engine.data(shop, &handle).add(VISITS, 1, "request 1").await.unwrap();
    // What it does, to which slot, with what, and what its caller calls it.
    let operation = sha256(&[&b"add/visits/"[..], &sha256(b"1"), b"request 1"].concat());
    // Of a long piece, a part that lies in one page of a file.
    let part = |piece: &Vec<u8>| piece[4096..4160].to_vec();
    let in_rows = |what, bytes: &[u8]| Trace { what, bytes: bytes.to_vec(), stands: Stands::InRows };
    let nowhere = |what, bytes: &[u8]| Trace { what, bytes: bytes.to_vec(), stands: Stands::Nowhere };
    vec![
        in_rows("the address", ADA.as_bytes()),
        in_rows("the hash of the address", &sha256(ADA.as_bytes())),
        nowhere("the cart", &cart[..28]),
        nowhere("the newer cart", b"one rope"),
        Trace { stands: Stands::InOldRows, ..in_rows("the first sealed cart", &part(&first[0])) },
        in_rows("the second sealed cart", &second[0]),
        nowhere("the film", b"a heron lifts off the marsh"),
        nowhere("the newer film", b"the owl, "),
        in_rows("its first segment", &part(&cut[0])),
        Trace { stands: Stands::InOldRows, ..in_rows("its second segment at first", &part(&rushes[1])) },
        in_rows("its second segment", &part(&cut[1])),
        in_rows("its last segment", &part(&cut[2])),
        in_rows("the operation", &operation[..16]),
        in_rows("the data key", &key),
        in_rows("the login", session.login.to_string().as_bytes()),
        in_rows("where the data hung", session.slots.as_str().as_bytes()),
        in_rows("the device", b"Firefox, Linux"),
        in_rows("the network", b"203.0.113"),
        in_rows("the password's hash", b"$argon2id$"),
    ]
}
