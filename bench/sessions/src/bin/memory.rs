//! How much memory one live session takes in front of the store: what the allocator was asked for while sessions came in.
//! Arguments: how many sessions.

use std::alloc::System;
use std::sync::Arc;

use countersign_bench_sessions::House;
use countersign_core::port::Store;
use countersign_store::Front;
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for words in std::env::args().skip(1) {
        let count: u32 = words.parse().expect("how many sessions");
        let house = House::quick().await;
        // The cookies are not the front's.
        drop(house.start(count).await);
        let filter = countersign_core::port::SessionFilter::default();
        let newest = house.store.sessions(&filter, 1).await.unwrap()[0].serial.number();
        let front = Front::new(Arc::clone(&house.store) as Arc<dyn Store>, usize::MAX);
        // The store's own caches are filled first.
        for serial in newest - u64::from(count) + 1..=newest {
            house.store.session(countersign_core::id::Serial::new(serial).unwrap()).await.unwrap();
        }
        let region = Region::new(ALLOCATOR);
        for serial in newest - u64::from(count) + 1..=newest {
            front.fetch(countersign_core::id::Serial::new(serial).unwrap()).await.unwrap().unwrap();
        }
        let change = region.change();
        assert_eq!(front.len(), count as usize);
        let bytes = (change.bytes_allocated as f64 - change.bytes_deallocated as f64) / f64::from(count);
        println!("{}", json!({ "what": "memory", "who": "countersign", "sessions": count, "bytes": bytes }));
    }
}
