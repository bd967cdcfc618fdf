//! Logins, sessions and grants begin only where their preconditions hold.

use countersign_core::batch::{Batch, Change, Conflict};
use countersign_core::extent::Extent;
use countersign_core::record::Audience;

use super::Broken;
use super::fixtures::{Bench, at, grant, login, login_id, same, session, shop, user};

pub(super) async fn a_login_needs_its_user_in_its_generation(bench: &Bench) -> Result<(), Broken> {
    bench.refused(Conflict::Missing, Change::BeginLogin(login(1, 1)?)).await?;
    bench.done(Change::AddUser(user(1)?)).await?;
    let mut stale = login(1, 1)?;
    stale.generation = 1;
    bench.refused(Conflict::Moved, Change::BeginLogin(stale)).await?;
    bench.done(Change::BeginLogin(login(1, 1)?)).await?;
    same(bench.store.login(&login_id(1)?).await?, Some(login(1, 1)?), "the login")
}

pub(super) async fn a_login_id_is_used_once(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    bench.refused(Conflict::Taken, Change::BeginLogin(login(1, 1)?)).await
}

pub(super) async fn a_session_needs_a_living_login(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    bench.refused(Conflict::Missing, Change::StartSession(session(9, 8, 1)?)).await?;
    let mut late = session(9, 1, 1)?;
    late.begun = at(1000);
    bench.refused(Conflict::Over, Change::StartSession(late)).await?;
    bench.end(Extent::Login(login_id(1)?)).await?;
    bench.refused(Conflict::Over, Change::StartSession(session(9, 1, 1)?)).await
}

pub(super) async fn a_grant_needs_a_living_login(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    bench.refused(Conflict::Missing, Change::BeginGrant(grant(9, 8, 1)?)).await?;
    let mut late = grant(9, 1, 1)?;
    late.begun = at(1000);
    bench.refused(Conflict::Over, Change::BeginGrant(late)).await?;
    bench.end(Extent::Login(login_id(1)?)).await?;
    bench.refused(Conflict::Over, Change::BeginGrant(grant(9, 1, 1)?)).await?;
    let mut standing = grant(9, 1, 1)?;
    (standing.login, standing.subject) = (None, None);
    bench.done(Change::BeginGrant(standing)).await.map(drop)
}

pub(super) async fn a_serial_is_used_once_by_sessions_and_grants_together(
    bench: &Bench,
) -> Result<(), Broken> {
    bench.house().await?;
    bench.refused(Conflict::Taken, Change::StartSession(session(1, 1, 1)?)).await?;
    bench.refused(Conflict::Taken, Change::StartSession(session(2, 1, 1)?)).await?;
    bench.refused(Conflict::Taken, Change::BeginGrant(grant(1, 1, 1)?)).await?;
    bench.refused(Conflict::Taken, Change::BeginGrant(grant(2, 1, 1)?)).await
}

pub(super) async fn what_was_born_below_a_watermark_does_not_begin(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let mark = bench.end(Extent::Client(shop()?)).await?;
    bench.refused(Conflict::Over, Change::StartSession(session(8, 1, 1)?)).await?;
    bench.refused(Conflict::Over, Change::BeginGrant(grant(9, 1, 1)?)).await?;
    let mut elsewhere = session(8, 1, 1)?;
    elsewhere.audience = Audience::Issuer;
    bench.done(Change::StartSession(elsewhere)).await?;
    let (mut young, mut fresh) = (session(9, 2, 1)?, login(2, 1)?);
    (young.born, fresh.born) = (mark, mark);
    bench.done(Batch::of(Change::BeginLogin(fresh)).with(Change::StartSession(young))).await?;

    let all = bench.end(Extent::Everything).await?;
    let mut old = login(3, 1)?;
    old.born = mark;
    bench.refused(Conflict::Over, Change::BeginLogin(old)).await?;
    let mut on_old = session(10, 2, 1)?;
    on_old.born = all;
    bench.refused(Conflict::Over, Change::StartSession(on_old)).await?;
    let mut new = login(3, 1)?;
    new.born = all;
    bench.done(Change::BeginLogin(new)).await.map(drop)
}

pub(super) async fn a_login_can_be_required(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let require = |number, seconds| -> Result<Change, Broken> {
        Ok(Change::RequireLogin { login: login_id(number)?, at: at(seconds) })
    };
    bench.done(require(1, 999)?).await?;
    bench.refused(Conflict::Over, require(1, 1000)?).await?;
    bench.refused(Conflict::Missing, require(2, 5)?).await?;
    bench.end(Extent::Everything).await?;
    bench.refused(Conflict::Over, require(1, 5)?).await
}
