//! What a store holds of one person, as the bytes that are looked for once she is erased.

use countersign::testing::Rig;
use countersign::{Checked, Engine};
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

/// What is held of Ada after she has put a cart into a session at `shop`, twice. `sealed` reads the cart as it is kept and
/// her data key as it stands in her record.
pub(crate) async fn held(
    engine: &Engine,
    shop: &Client,
    ada: &Checked,
    sealed: impl AsyncFn() -> (Vec<u8>, Vec<u8>),
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
    let (first, key) = sealed().await;
    engine.put_slot(shop, &handle, "cart", Expect::Whatever, b"one rope").await.unwrap();
    let (second, _) = sealed().await;
    assert_ne!(first, second);
    let in_rows = |what, bytes: &[u8]| Trace { what, bytes: bytes.to_vec(), stands: Stands::InRows };
    let nowhere = |what, bytes: &[u8]| Trace { what, bytes: bytes.to_vec(), stands: Stands::Nowhere };
    vec![
        in_rows("the address", ADA.as_bytes()),
        in_rows("the hash of the address", &sha256(ADA.as_bytes())),
        nowhere("the cart", &cart[..28]),
        nowhere("the newer cart", b"one rope"),
        Trace { stands: Stands::InOldRows, ..in_rows("the first sealed cart", &first[4096..4160]) },
        in_rows("the second sealed cart", &second),
        in_rows("the data key", &key),
        in_rows("the login", session.login.to_string().as_bytes()),
        in_rows("where the data hung", session.slots.as_str().as_bytes()),
        in_rows("the device", b"Firefox, Linux"),
        in_rows("the network", b"203.0.113"),
        in_rows("the password's hash", b"$argon2id$"),
    ]
}
