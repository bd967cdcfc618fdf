//! Serials: nobody gets one twice.

use std::sync::Arc;

use super::Broken;
use super::fixtures::{Bench, same, want};

pub(super) async fn leases_never_overlap(bench: &Bench) -> Result<(), Broken> {
    let running: Vec<_> = (1..=32)
        .map(|count| {
            let store = Arc::clone(&bench.store);
            tokio::spawn(async move { store.lease_serials(count).await })
        })
        .collect();
    let mut leases = Vec::new();
    for (count, task) in (1..=32_u64).zip(running) {
        let lease = task.await.map_err(|error| Broken(error.to_string()))??;
        same(lease.end.saturating_sub(lease.start), count, "the size of the lease")?;
        leases.push(lease);
    }
    leases.sort_unstable_by_key(|lease| lease.start);
    let apart = leases.iter().zip(leases.iter().skip(1)).all(|(one, next)| one.end <= next.start);
    want(apart, "two leases share a serial")
}
