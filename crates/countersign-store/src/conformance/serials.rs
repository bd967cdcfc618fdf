//! Serials: nobody gets one twice, and guests' are a space of their own.

use std::sync::Arc;

use super::Broken;
use super::fixtures::{Bench, same, want};

pub(super) async fn leases_never_overlap(bench: &Bench) -> Result<(), Broken> {
    apart(bench, Space::Revocable).await
}

pub(super) async fn leases_of_guests_never_overlap(bench: &Bench) -> Result<(), Broken> {
    apart(bench, Space::Guests).await
}

pub(super) async fn a_lease_of_guests_takes_nothing_from_sessions(bench: &Bench) -> Result<(), Broken> {
    let one = bench.store.lease_serials(1).await?;
    let guests = bench.store.lease_guest_serials(1000).await?;
    let two = bench.store.lease_serials(1).await?;
    want(two.start < one.end.saturating_add(1000), "a lease of guests used up serials of sessions")?;
    let more = bench.store.lease_guest_serials(1).await?;
    want(more.start >= guests.end, "a guest's serial was given twice")
}

#[derive(Clone, Copy)]
enum Space {
    Revocable,
    Guests,
}

async fn apart(bench: &Bench, space: Space) -> Result<(), Broken> {
    let running: Vec<_> = (1..=32)
        .map(|count| {
            let store = Arc::clone(&bench.store);
            tokio::spawn(async move {
                match space {
                    Space::Revocable => store.lease_serials(count).await,
                    Space::Guests => store.lease_guest_serials(count).await,
                }
            })
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
