//! What every store must do, as checks that anyone can run on theirs: atomicity, preconditions, endings, races, serials,
//! listing, the directory, retention. A check needs a fresh store and a tokio runtime.
//!
//! A store that fails one of them loses writes or brings back what was ended.

mod atomicity;
mod begin;
mod data;
mod directory;
mod endings;
mod finality;
mod fixtures;
pub mod guests;
mod listing;
mod preconditions;
mod races;
mod retention;
mod room;
mod serials;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use countersign_core::Fault;
use countersign_core::port::{Directory, Store};

use fixtures::Bench;

/// A fresh store under test. Both ports must stand on the same data.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The directory.
    pub directory: Arc<dyn Directory>,
}

/// What a store did that it must not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(String);

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Self {
        Self(fault.to_string())
    }
}

/// What comes of a check.
pub type Checked = Pin<Box<dyn Future<Output = Result<(), Broken>> + Send>>;

/// One check; it wants a store that nothing has been written to.
pub type Check = fn(Candidate) -> Checked;

macro_rules! named {
    ($($topic:ident :: $name:ident,)*) => {
        vec![$((
            concat!(stringify!($topic), "::", stringify!($name)),
            (|candidate| Box::pin(async move { $topic::$name(&Bench::of(candidate)).await })) as Check,
        )),*]
    };
}

/// All checks by name.
#[must_use]
pub fn checks() -> Vec<(&'static str, Check)> {
    named![
        atomicity::a_failing_change_undoes_the_whole_batch,
        atomicity::an_undone_ending_leaves_no_log_entry,
        atomicity::a_batch_sees_its_own_changes,
        begin::a_login_needs_its_user_in_its_generation,
        begin::a_login_id_is_used_once,
        begin::a_session_needs_a_living_login,
        begin::a_grant_needs_a_living_login,
        begin::a_serial_is_used_once_by_sessions_and_grants_together,
        begin::what_was_born_below_a_watermark_does_not_begin,
        begin::a_login_can_be_required,
        preconditions::touching_moves_forward_only,
        preconditions::nothing_that_is_over_is_written_to,
        preconditions::a_family_moves_from_the_version_that_was_read,
        preconditions::a_single_use_thing_is_used_once,
        preconditions::a_single_use_thing_lies_above_its_watermarks,
        preconditions::slots_are_compared_and_swapped,
        preconditions::a_slot_is_written_through_its_own_session,
        data::several_slots_are_written_together_or_not_at_all,
        data::a_version_never_comes_twice,
        data::a_long_value_is_written_and_read_by_segment,
        data::the_data_of_a_session_stays_in_its_room,
        data::an_operation_counts_once,
        endings::a_login_takes_its_sessions_and_grants_along,
        endings::a_subject_keeps_the_login_that_asks,
        endings::an_allowance_takes_sessions_grants_and_codes_under_way,
        endings::the_log_is_contiguous_and_chained,
        endings::ending_twice_says_it_once,
        endings::nothing_ended_is_written_to,
        endings::a_watermark_ends_for_writers_as_well,
        endings::a_follower_hears_everything_once_and_in_order,
        endings::a_view_that_follows_stays_whole,
        endings::a_dropped_key_stands_in_the_log,
        endings::a_new_epoch_ends_everything_and_never_comes_twice,
        finality::of_a_thousand_endings_no_slow_writer_undoes_one,
        races::of_sixty_four_presentations_one_wins,
        races::neither_a_sign_in_nor_a_password_change_overtakes_a_revoke_all,
        races::writers_of_different_slots_never_lose,
        races::writers_of_one_slot_take_turns,
        races::a_follower_hears_an_ending_before_its_answer,
        room::the_oldest_make_room_for_a_new_session,
        room::without_room_a_session_is_refused_and_nothing_happens,
        room::only_what_is_alive_takes_room,
        room::of_sixty_four_sign_ins_no_more_than_three_live,
        room::of_sixty_four_sign_ins_three_are_let_in,
        room::a_login_is_proven_again_and_keeps_what_hangs_on_it,
        serials::leases_never_overlap,
        serials::leases_of_guests_never_overlap,
        serials::a_lease_of_guests_takes_nothing_from_sessions,
        listing::sessions_are_listed_by_filter_newest_first,
        listing::pages_neither_skip_nor_repeat,
        listing::grants_and_logins_are_listed,
        listing::slots_are_named_with_version_and_size,
        directory::an_address_belongs_to_one_person,
        directory::people_are_found_and_paged,
        directory::a_password_changes_in_its_generation,
        directory::applications_are_replaced_by_version,
        directory::consent_is_remembered_and_forgotten,
        directory::keys_and_settings_are_kept,
        directory::only_what_was_read_is_sealed_anew,
        directory::the_audit_log_is_filtered_and_paged,
        directory::counts_leave_out_what_is_over,
        retention::sweeping_drops_what_is_over_and_nothing_else,
        retention::sweeping_is_bounded_and_keeps_the_chain,
        retention::sweeping_drops_whole_sessions_until_their_data_is_much,
        retention::erasing_leaves_the_opaque_subject_only,
    ]
}

/// Races the endings of `endings` sessions with slow writers, as one of the [`checks`] does with a thousand.
///
/// # Errors
/// [`Broken`]: one of them came back, or was written to after its ending had been answered.
pub async fn race_endings(candidate: Candidate, endings: u64) -> Result<(), Broken> {
    finality::race(&Bench::of(candidate), endings).await
}

/// Runs every check, each on a store of its own from `make`, and answers the names of those that fail with what they saw.
pub async fn run<F>(mut make: impl FnMut() -> F) -> Vec<(&'static str, Broken)>
where
    F: Future<Output = Candidate>,
{
    let mut failed = Vec::new();
    for (name, check) in checks() {
        if let Err(broken) = check(make().await).await {
            failed.push((name, broken));
        }
    }
    failed
}
