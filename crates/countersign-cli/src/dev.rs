//! What only development has: two demo people with made-up passwords.

use std::sync::Arc;

use countersign::{Engine, Error, Password};
use countersign_core::extent::Actor;
use countersign_core::record::Role;

use crate::given::Secret;
use crate::problem::{Problem, Result};
use crate::words;

/// The demo people.
pub(crate) const PEOPLE: [&str; 2] = ["ada@marsh.example", "bo@marsh.example"];

/// Makes the demo people who are not there yet; their passwords are told now or never.
pub(crate) async fn people(engine: &Arc<Engine>) -> Result<Vec<(&'static str, Secret)>> {
    let [ada, bo] = PEOPLE;
    // Both hashes at once: they are most of what a first start waits for.
    let (ada, bo) = tokio::join!(person(engine, ada), person(engine, bo));
    Ok([ada?, bo?].into_iter().flatten().collect())
}

async fn person(engine: &Arc<Engine>, email: &'static str) -> Result<Option<(&'static str, Secret)>> {
    if engine.user_by_email(email).await.map_err(told)?.is_some() {
        return Ok(None);
    }
    let password = words::password(2)?;
    let typed = Password::typed(password.reveal().to_owned());
    engine.add_user(email, typed, Role::Person, Actor::System).await.map_err(told)?;
    Ok(Some((email, password)))
}

/// An error of the engine as a problem.
pub(crate) fn told(error: Error) -> Problem {
    match error {
        Error::Refusal(refusal) => refusal.into(),
        Error::Fault(fault) => fault.into(),
    }
}
