//! The engine on PostgreSQL: what is left of an erased person in a dump of the whole database, also after an older one was
//! restored.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[path = "engine/common.rs"]
#[expect(dead_code, reason = "the tests on the embedded store use the rest")]
mod common;
#[path = "engine/held.rs"]
mod held;
#[path = "postgres/nodes.rs"]
mod nodes;
#[path = "../../countersign-store/tests/support/postgres.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest")]
mod support;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use countersign::testing::{BEGIN, FixedClock, Rig, SeededEntropy, settings};
use countersign::{Engine, MasterKey, Parts, Password};
use countersign_core::Attempt;
use countersign_core::extent::Actor;
use countersign_core::port::{Directory, Store};
use countersign_core::record::session::Audience;
use countersign_core::record::{Role, Style};
use countersign_store::{Postgres, Remembering};

use common::{ADA, PASSWORD, checked, new_app};
use held::{Stands, held};
use support::Server;

async fn engine(store: &Arc<Postgres>) -> Arc<Engine> {
    let parts = Parts {
        store: Arc::clone(store) as _,
        directory: Arc::clone(store) as _,
        guests: Arc::clone(store) as _,
        clock: Arc::new(FixedClock::at(BEGIN)),
        entropy: Arc::new(SeededEntropy::new(7)),
        post: None,
        master: MasterKey::from_bytes([42; 32]),
    };
    Engine::open(settings(), parts).await.unwrap()
}

/// The store at `url`, with a list of who was erased in `folder`, and an engine on it.
async fn opened(url: &str, folder: Option<&Path>) -> (Arc<Postgres>, Arc<Engine>) {
    let address = url.parse().unwrap();
    let store = match folder {
        Some(folder) => {
            let erased = Remembering { folder, also: None, by: Actor::System };
            Postgres::open_remembering(&address, &erased).await.unwrap().0
        }
        None => Postgres::open_at(&address).await.unwrap(),
    };
    let engine = engine(&store).await;
    (store, engine)
}

fn typed(text: &str) -> Password {
    Password::typed(text.to_owned())
}

/// Whether the dump holds `bytes`, as they are or as it writes bytes.
fn holds(dump: &[u8], bytes: &[u8]) -> bool {
    let hex = bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    [bytes, hex.as_bytes()]
        .into_iter()
        .any(|wanted| dump.windows(wanted.len()).any(|window| window == wanted))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_dump_holds_a_byte_of_an_erased_person_but_the_pseudonym_not_even_after_an_older_one_is_restored()
{
    let server = Server::start().await;
    let url = server.fresh().await;
    let folder = tempfile::tempdir().unwrap();
    let (store, engine) = opened(&url, Some(folder.path())).await;
    let user = engine.add_user(ADA, typed(PASSWORD), Role::Person, Actor::CommandLine).await.unwrap();
    let (shop, _) = engine.add_app(new_app("shop", Style::Session), Actor::CommandLine).await.unwrap();
    let sign_in = |password| {
        let visitor = Rig::visitor();
        let engine = Arc::clone(&engine);
        async move { engine.sign_in(ADA, typed(password), &visitor, Audience::Issuer, None).await }
    };
    drop(sign_in("not her password").await.unwrap_err());
    let signed = sign_in(PASSWORD).await.unwrap();
    let Attempt::Accepted(ada) = checked(&engine, signed.cookie.reveal()).await else {
        panic!("she is not known");
    };
    let traces = held(&engine, &shop, &ada, async |name| {
        let filter = countersign_core::port::SessionFilter::default();
        let mut pieces = Vec::new();
        for session in store.sessions(&filter, 9).await.unwrap() {
            let slot = store.slot(&session.slots, name, 0..u32::MAX).await.unwrap();
            pieces.extend(slot.into_iter().flat_map(|slot| slot.segments).map(|segment| segment.sealed));
        }
        let key = store.user(&user.subject).await.unwrap().unwrap().data_key;
        let key = serde_json::to_string(&key).unwrap();
        (pieces, key.trim_matches(['[', ']']).as_bytes().to_vec())
    })
    .await;
    let before = server.dump(&url, &[]);
    for trace in &traces {
        let stands = trace.stands == Stands::InRows;
        assert_eq!(holds(&before, &trace.bytes), stands, "before: {}", trace.what);
    }
    engine.erase(&user.subject, Actor::CommandLine).await.unwrap();
    let after = server.dump(&url, &[]);
    for trace in &traces {
        assert!(!holds(&after, &trace.bytes), "after: {}", trace.what);
    }
    // The opaque subject stands in the audit log, and nowhere else.
    let subject = user.subject.as_str().as_bytes();
    assert!(holds(&after, subject));
    assert!(!holds(&server.dump(&url, &["--exclude-table-data=countersign.audit"]), subject));
    engine.close().await;
    store.close().await;

    // The same dump, restored: she is back, and so is her session, where nothing remembers that she was erased.
    let cookie = signed.cookie.reveal();
    server.restore(&url, &before).await;
    let (forgetful, without) = opened(&url, None).await;
    assert!(matches!(checked(&without, cookie).await, Attempt::Accepted(_)), "the dump does not hold her");
    without.close().await;
    forgetful.close().await;
    let (store, engine) = opened(&url, Some(folder.path())).await;
    assert!(matches!(checked(&engine, cookie).await, Attempt::Refused(_)));
    assert!(engine.user(&user.subject).await.unwrap().is_none());
    let again = server.dump(&url, &[]);
    for trace in &traces {
        assert!(!holds(&again, &trace.bytes), "restored: {}", trace.what);
    }
    assert!(holds(&again, subject));
    assert!(!holds(&server.dump(&url, &["--exclude-table-data=countersign.audit"]), subject));
    engine.close().await;
    store.close().await;
}
