//! What one request costs in CPU time of this thread, through an axum router called in process; a line of JSON for each
//! contestant. Arguments: how many sessions are alive, once for each table wanted.
//!
//! Contestants take turns within a round, so that what disturbs one disturbs its neighbours; the ratio to the bare handler
//! is taken within the round. Sessions are asked for in a random order, so memory is as cold as it is in life.

use axum::Router;
use countersign_bench_sessions::{House, People, Spread, apps};
use countersign_core::port::Directory;
use countersign_core::record::session::Audience;
use countersign_core::session::admit::Presence;
use cpu_time::ThreadTime;
use http::HeaderValue;
use serde_json::json;

const ROUNDS: usize = 31;
/// Requests of one contestant in one round.
const TURN: u32 = 4000;

struct Contestant {
    who: &'static str,
    app: Router,
    path: &'static str,
    cookies: std::rc::Rc<Vec<HeaderValue>>,
    times: Vec<f64>,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    for words in std::env::args().skip(1) {
        let count = words.parse().expect("how many sessions");
        local.block_on(&runtime, measure(count));
    }
}

async fn measure(count: u32) {
    let house = House::quick().await;
    let ours = std::rc::Rc::new(house.start(count).await);
    let people = People::new(count).await;
    let named = std::rc::Rc::new(people.cookies.clone());
    let peers = 100_000.min(count);
    let (tower, theirs) = apps::tower_sessions(peers).await;
    let theirs = std::rc::Rc::new(theirs);
    let contestant = |who, app: &Router, path, cookies: &std::rc::Rc<Vec<HeaderValue>>| Contestant {
        who,
        app: app.clone(),
        path,
        cookies: cookies.clone(),
        times: Vec::new(),
    };
    let mut all = [
        contestant("bare", &apps::bare(), "/", &ours),
        contestant("check", &apps::guarded(&house), "/", &ours),
        contestant("check by name", &apps::named(&people.home), "/", &named),
        contestant("unopened", &apps::unopened(&house), "/", &ours),
        contestant("idle layer", &apps::idle_layer(), "/", &ours),
        contestant("tower-sessions memory", &tower, "/", &theirs),
        contestant("tower-sessions unopened", &tower, "/unopened", &theirs),
    ];
    // The first request of each session reads the store.
    let mut wire = apps::Wire::default();
    let before = std::time::Instant::now();
    for cookie in ours.iter() {
        wire.ask(&mut all[1].app, "/", cookie).await;
    }
    let first = before.elapsed().as_secs_f64() * 1e9 / f64::from(count);
    let mut chance = 0x9E37_79B9_7F4A_7C15_u64;
    for round in 0..ROUNDS {
        for turn in 0..all.len() {
            let place = (turn + round) % all.len();
            let one = &mut all[place];
            let begun = ThreadTime::now();
            for _ in 0..TURN {
                chance ^= chance << 13;
                chance ^= chance >> 7;
                chance ^= chance << 17;
                let cookie = &one.cookies[(chance % one.cookies.len() as u64) as usize];
                wire.ask(&mut one.app, one.path, cookie).await;
            }
            one.times.push(begun.elapsed().as_secs_f64() * 1e9 / f64::from(TURN));
        }
    }
    // What memory cannot answer by itself would read the store.
    let audience = Audience::Client(house.client.clone());
    let asks = |cookie: &&HeaderValue| {
        house.engine.glance(cookie.to_str().ok(), &audience, Presence::Active).is_none()
    };
    let reads = ours.iter().filter(asks).count();
    let unknown = people.unknown();
    let live = house.store.counts(house.engine.now()).await.unwrap().live_sessions;
    let base = all[0].times.clone();
    for one in &all {
        let reads = if one.who == "check by name" { unknown } else { reads };
        let ratio = Spread::of(one.times.iter().zip(&base).map(|(time, base)| time / base).collect());
        let more = Spread::of(one.times.iter().zip(&base).map(|(time, base)| time - base).collect());
        let time = Spread::of(one.times.clone());
        let line = json!({
            "what": "request", "who": one.who, "sessions": one.cookies.len(), "live": live, "first": first, "reads": reads,
            "ns": time.middle, "ns_low": time.low, "ns_high": time.high,
            "ratio": ratio.middle, "ratio_low": ratio.low, "ratio_high": ratio.high, "more": more.middle,
        });
        println!("{line}");
    }
}
