//! What the idle limit costs and how exact it is, on a clock that is moved: how many requests write when each session makes
//! one a second, and between which gaps a session is let in or called idle.

use std::sync::Arc;
use std::time::Duration;

use countersign::Attempt;
use countersign::testing::{BEGIN, FixedClock};
use countersign_bench_sessions::House;
use countersign_core::Refusal;
use countersign_core::policy::{OPERATOR_SESSION, PERSON_SESSION, SessionLimits};
use countersign_core::port::Clock;
use countersign_core::record::session::Audience;
use countersign_core::session::admit::Presence;
use countersign_store::Durability;
use serde_json::json;

/// Sessions that each make a request every second.
const SESSIONS: u32 = 50;
/// For how many seconds.
const SECONDS: u32 = 3 * 3600;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let presets = [
        ("14 days", PERSON_SESSION),
        ("30 min", OPERATOR_SESSION),
        ("15 min", SessionLimits { idle: Duration::from_secs(900), ..OPERATOR_SESSION }),
    ];
    for (idle, limits) in presets {
        writes(idle, limits).await;
    }
    gaps(SessionLimits { absolute: Duration::from_secs(29 * 86_400), ..OPERATOR_SESSION }).await;
}

async fn writes(idle: &str, limits: SessionLimits) {
    let clock = Arc::new(FixedClock::at(BEGIN));
    let house = House::new(Durability::Relaxed, Arc::clone(&clock) as Arc<dyn Clock>).await;
    let audience = Audience::Client(house.client.clone());
    let cookies = house.start_under(SESSIONS, limits).await;
    let (mut requests, mut stores) = (0_u32, 0_u32);
    for second in 0..SECONDS {
        for cookie in &cookies {
            let cookie = Some(cookie.to_str().unwrap());
            if house.engine.glance(cookie, &audience, Presence::Active).is_none() {
                // The first reads; every other one writes.
                stores += u32::from(second > 0);
                assert!(matches!(
                    house.engine.enter(cookie, &audience, Presence::Active).await.unwrap(),
                    Attempt::Accepted(_)
                ));
            }
            requests += 1;
        }
        clock.advance(Duration::from_secs(1));
    }
    let share = f64::from(stores) / f64::from(requests);
    println!("{}", json!({ "what": "writes", "who": idle, "requests": requests, "share": share }));
}

/// Sessions that are asked for after gaps around the limit, until they are called idle.
async fn gaps(limits: SessionLimits) {
    let mut clock = Arc::new(FixedClock::at(BEGIN));
    let mut house = House::new(Durability::Relaxed, Arc::clone(&clock) as Arc<dyn Clock>).await;
    let audience = Audience::Client(house.client.clone());
    let window = limits.idle.as_secs_f64();
    let (mut latest, mut earliest) = (0.0_f64, f64::MAX);
    let mut chance = 0x9E37_79B9_7F4A_7C15_u64;
    for session in 1..=1000 {
        // All of them hang on one login, which does not last for so many gaps.
        if session % 50 == 0 {
            clock = Arc::new(FixedClock::at(BEGIN));
            house = House::new(Durability::Relaxed, Arc::clone(&clock) as Arc<dyn Clock>).await;
        }
        let cookie = house.start_under(1, limits).await.remove(0);
        loop {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            // Half of the gaps are short, so that a touch is not always due.
            let gap = window
                * if chance & 1 == 0 { 0.06 } else { 1.1 }
                * ((chance >> 11) as f64 / (1_u64 << 53) as f64);
            clock.advance(Duration::from_millis((gap * 1000.0) as u64));
            match house
                .engine
                .enter(Some(cookie.to_str().unwrap()), &audience, Presence::Active)
                .await
                .unwrap()
            {
                Attempt::Accepted(_) => latest = latest.max(gap),
                Attempt::Refused(Refusal::SessionIdle) => {
                    earliest = earliest.min(gap);
                    break;
                }
                // Its login is over, or itself.
                _ => break,
            }
        }
    }
    println!(
        "{}",
        json!({ "what": "gaps", "who": "countersign", "latest": latest / window, "earliest": earliest / window })
    );
}
