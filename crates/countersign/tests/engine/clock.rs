//! A clock that somebody sets back while nobody serves.

use std::time::Duration;

use countersign::testing::Rig;
use countersign::{Attempt, Fault};
use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::id::Epoch;
use countersign_core::policy::PERSON_SESSION;
use countersign_core::port::Store;
use countersign_store::{Durability, Embedded};

use crate::common::{ADA, PASSWORD, checked};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn what_has_expired_stays_so_when_the_clock_was_set_back_before_a_restart() {
    let rig = Rig::new().await.unwrap();
    rig.person(ADA, PASSWORD).await.unwrap();
    let signed = rig.sign_in(ADA, PASSWORD).await.unwrap();
    rig.clock.advance(PERSON_SESSION.idle);
    rig.engine.tick().await.unwrap();
    rig.clock.turn_back(2 * MINUTE);
    let rig = rig.restart().await.unwrap();
    let again = checked(&rig.engine, signed.cookie.reveal()).await;
    assert!(matches!(again, Attempt::Refused(_)), "{again:?}");
}

#[tokio::test]
async fn a_clock_that_is_far_behind_the_store_is_refused_until_it_is_right_or_a_new_epoch_begins() {
    let rig = Rig::new().await.unwrap();
    rig.clock.advance(60 * MINUTE);
    rig.engine.tick().await.unwrap();
    let folder = rig.close().await.unwrap();
    // A copy is opened at the time at which all of this began.
    let why = Rig::copy_of(&folder).await.unwrap_err();
    assert!(matches!(&why, Fault::Unfit(why) if why.contains("the clock is 3600 s behind")), "{why}");
    let store = Embedded::open(folder.as_ref(), Durability::Full).unwrap();
    let epoch = store.log_state().await.unwrap().epoch;
    let begin = Batch::of(Change::BeginEpoch(Epoch::new(epoch.number() + 1)));
    assert!(matches!(store.commit(begin).await.unwrap(), Outcome::Committed(..)));
    store.close();
    let rig = Rig::copy_of(&folder).await.unwrap();
    // Its mark is that of the new epoch from now on.
    rig.engine.tick().await.unwrap();
    rig.clock.turn_back(60 * MINUTE);
    assert!(matches!(rig.restart().await, Err(Fault::Unfit(_))));
}

#[tokio::test]
async fn a_clock_that_goes_back_in_small_steps_takes_no_mark_along() {
    let rig = Rig::new().await.unwrap();
    rig.clock.advance(60 * MINUTE);
    rig.engine.tick().await.unwrap();
    // So little is another node's clock, or a time service.
    rig.clock.turn_back(4 * MINUTE);
    rig.engine.tick().await.unwrap();
    rig.clock.turn_back(4 * MINUTE);
    let why = rig.restart().await.unwrap_err();
    assert!(matches!(&why, Fault::Unfit(why) if why.contains("the clock is 480 s behind")), "{why}");
}
