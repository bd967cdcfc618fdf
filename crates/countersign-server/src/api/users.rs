//! `users`: listing, adding, ending, setting a password, exporting, erasing.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use countersign::{Engine, Password};
use countersign_core::extent::{Extent, Reason};
use countersign_core::id::Subject;
use countersign_core::record::{Role, User};
use serde::{Deserialize, Serialize};

use super::answer::{Given, Problem, created, given};
use super::body::{Acting, Asked, Bare, Body64, Part};
use super::names::Names;
use super::sessions::{ended, limit, lingering};
use super::shape::{EndedShape, GrantShape, SessionShape, UserShape};
use crate::web::parts;

/// Which users.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    search: Option<String>,
    before: Option<Subject>,
    limit: Option<u32>,
}

/// `{"users": […], "next": "usr_…" or null}`.
#[derive(Serialize)]
pub(crate) struct List {
    users: Vec<UserShape>,
    next: Option<String>,
}

pub(crate) async fn list(State(engine): State<Arc<Engine>>, Asked(which): Asked<Which>) -> Given<List> {
    let limit = limit(which.limit)?;
    let users = engine.users(which.search.as_deref(), which.before.as_ref(), limit).await?;
    let full = u32::try_from(users.len()).is_ok_and(|count| count >= limit);
    let next = users.last().filter(|_| full).map(|user| user.subject.to_string());
    given(List { users: users.iter().map(UserShape::from).collect(), next })
}

/// A new user.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    email: String,
    password: String,
    #[serde(default = "person_role")]
    role: Role,
}

const fn person_role() -> Role {
    Role::Person
}

pub(crate) async fn add(
    State(engine): State<Arc<Engine>>,
    Acting(by): Acting,
    Body64(new): Body64<NewUser>,
) -> Given<UserShape> {
    let user = engine.add_user(&new.email, Password::typed(new.password), new.role, by).await?;
    created(UserShape::from(&user))
}

/// A person with everything that is signed in for them.
#[derive(Serialize)]
pub(crate) struct Whole {
    user: UserShape,
    sessions: Vec<SessionShape>,
    grants: Vec<GrantShape>,
}

pub(crate) async fn show(State(engine): State<Arc<Engine>>, Part(who): Part) -> Given<Whole> {
    let user = person(&engine, &who).await?;
    let sessions = engine.sessions_of(&user.subject).await?;
    let grants = engine.grants_of(&user.subject).await?;
    let names = Names::of_sessions(&engine, &sessions).await?;
    given(Whole {
        user: UserShape::from(&user),
        sessions: sessions.iter().map(|view| SessionShape::of(view, &names)).collect(),
        grants: grants.iter().map(|view| GrantShape::of(view, &names)).collect(),
    })
}

pub(crate) async fn end(
    State(engine): State<Arc<Engine>>,
    Part(who): Part,
    Acting(by): Acting,
    _: Bare,
) -> Given<EndedShape> {
    let subject = person(&engine, &who).await?.subject;
    engine.end(Extent::Subject { subject, except: None }, Reason::EndedByOperator, by).await?;
    let plain = lingering(&engine).await?;
    given(ended(&engine, plain))
}

/// A new password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    password: String,
}

pub(crate) async fn set_password(
    State(engine): State<Arc<Engine>>,
    Part(who): Part,
    Acting(by): Acting,
    Body64(new): Body64<NewPassword>,
) -> Given<EndedShape> {
    let subject = person(&engine, &who).await?.subject;
    engine.set_password(&subject, Password::typed(new.password), by).await?;
    let plain = lingering(&engine).await?;
    given(ended(&engine, plain))
}

/// `{"erased": true, "subject": "usr_…"}`.
#[derive(Serialize)]
pub(crate) struct Erased {
    erased: bool,
    subject: String,
}

pub(crate) async fn erase(
    State(engine): State<Arc<Engine>>,
    Part(who): Part,
    Acting(by): Acting,
    _: Bare,
) -> Given<Erased> {
    let subject = person(&engine, &who).await?.subject;
    engine.erase(&subject, by).await?;
    given(Erased { erased: true, subject: subject.to_string() })
}

pub(crate) async fn export(
    State(engine): State<Arc<Engine>>,
    Part(who): Part,
    Acting(by): Acting,
) -> Result<Response, Problem> {
    let subject = person(&engine, &who).await?.subject;
    Ok(parts::answer(engine.export_in_parts(&subject, by).await?))
}

/// The person that `who` names: a subject or an e-mail.
pub(crate) async fn person(engine: &Engine, who: &str) -> Result<User, Problem> {
    let found = match who.parse::<Subject>() {
        Ok(subject) => engine.user(&subject).await?,
        Err(_) => engine.user_by_email(who).await?,
    };
    found.ok_or_else(|| Problem::missing("person"))
}
