//! `apps`: listing, registering, a new secret, ending everything of one. A secret is in the answer that makes it, and
//! nowhere else.

use std::sync::Arc;

use axum::extract::State;
use countersign::{Engine, Most, NewApp, Preset, SessionRules};
use countersign_core::extent::{Extent, Reason};
use countersign_core::record::Style;
use serde::{Deserialize, Serialize};

use super::answer::{Given, created, given};
use super::body::{Acting, Bare, Body64, Part};
use super::sessions::ended;
use super::shape::{AppShape, EndedShape, Lingering};

/// The body of `POST apps`: `id` and `style` are needed, all else has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAppBody {
    /// The `client_id`: 1 to 64 of `a-z 0-9 - _ .`.
    pub id: String,
    /// What people read; the id when there is none.
    pub name: Option<String>,
    /// How it knows its user: `session`, `jwt` or `hybrid`.
    pub style: Style,
    /// Where codes may go; compared byte for byte.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Where a browser may go after sign-out; compared byte for byte.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// Its own origin, such as `https://shop.example`; the style `session` needs one.
    pub origin: Option<String>,
    /// The `aud` of its access tokens; the id when there is none.
    pub audience: Option<String>,
    /// What it may ask for, space separated.
    pub scope: Option<String>,
    /// Whether it cannot keep a secret (it runs in a browser or on a phone).
    #[serde(default)]
    pub public: bool,
    /// Whether it is ours, so that people are not asked for consent.
    #[serde(default)]
    pub first_party: bool,
    /// Whether it may act for itself (RFC 6749 4.4).
    #[serde(default)]
    pub acts_alone: bool,
    /// How long the sessions of its users live, by the name of a standard; the issuer's when there is none.
    pub preset: Option<Preset>,
    /// How many sessions one person may have at once, and what becomes of one more: `end-oldest` or `deny`.
    pub most_sessions: Option<Most>,
}

impl From<NewAppBody> for NewApp {
    fn from(body: NewAppBody) -> Self {
        Self {
            id: body.id,
            name: body.name,
            style: body.style,
            redirect_uris: body.redirect_uris,
            post_logout_redirect_uris: body.post_logout_redirect_uris,
            origin: body.origin,
            audience: body.audience,
            scope: body.scope,
            public: body.public,
            first_party: body.first_party,
            acts_alone: body.acts_alone,
            sessions: SessionRules { preset: body.preset, most: body.most_sessions },
        }
    }
}

/// `{"apps": […]}`.
#[derive(Serialize)]
pub(crate) struct List {
    apps: Vec<AppShape>,
}

pub(crate) async fn list(State(engine): State<Arc<Engine>>) -> Given<List> {
    given(List { apps: engine.apps().await?.iter().map(AppShape::from).collect() })
}

/// `{"app": …, "secret": "cs_ak_…" or null}`: the only time that the secret is told.
#[derive(Serialize)]
pub(crate) struct WithSecret {
    app: AppShape,
    secret: Option<String>,
}

pub(crate) async fn add(
    State(engine): State<Arc<Engine>>,
    Acting(by): Acting,
    Body64(new): Body64<NewAppBody>,
) -> Given<WithSecret> {
    let (app, secret) = engine.add_app(new.into(), by).await?;
    created(WithSecret { app: AppShape::from(&app), secret: secret.map(|secret| secret.reveal().to_owned()) })
}

pub(crate) async fn show(State(engine): State<Arc<Engine>>, Part(id): Part) -> Given<AppShape> {
    given(AppShape::from(&engine.app(&id).await?))
}

pub(crate) async fn rotate_secret(
    State(engine): State<Arc<Engine>>,
    Part(id): Part,
    Acting(by): Acting,
    _: Bare,
) -> Given<WithSecret> {
    let secret = engine.rotate_app_secret(&id, by).await?;
    let app = engine.app(&id).await?;
    given(WithSecret { app: AppShape::from(&app), secret: Some(secret.reveal().to_owned()) })
}

pub(crate) async fn end(
    State(engine): State<Arc<Engine>>,
    Part(id): Part,
    Acting(by): Acting,
    _: Bare,
) -> Given<EndedShape> {
    let app = engine.app(&id).await?;
    engine.end(Extent::Client(app.id.clone()), Reason::EndedByOperator, by).await?;
    given(ended(&engine, Lingering::of(&app).into_iter().collect()))
}
