//! Applications: registered by an operator, known by id, secret or origin.

use countersign_core::audit::Event;
use countersign_core::batch::{Batch, Conflict};
use countersign_core::extent::Actor;
use countersign_core::id::{BadName, ClientId};
use countersign_core::oauth::client::Registration;
use countersign_core::oauth::client_auth::Credentials;
use countersign_core::policy::SessionRules;
use countersign_core::record::{Client, Scope, SecretHash, Style};
use countersign_core::secret::ClientSecret;
use countersign_core::{Fault, Refusal};

use crate::engine::Engine;
use crate::error::{Result, unexpected};

/// What an application may ask for when nothing is said.
pub(crate) const SCOPE: &str = "openid email offline_access";

/// What an operator says about a new application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApp {
    /// Its `client_id`.
    pub id: String,
    /// What people read; the id when left out.
    pub name: Option<String>,
    /// How it knows its user.
    pub style: Style,
    /// Where codes may go.
    pub redirect_uris: Vec<String>,
    /// Where a browser may go after sign-out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Its own origin, such as `https://shop.example`.
    pub origin: Option<String>,
    /// The `aud` of its access tokens; its id when left out.
    pub audience: Option<String>,
    /// What it may ask for, separated by spaces; `openid email offline_access` when left out.
    pub scope: Option<String>,
    /// Whether it can keep no secret (a browser or phone application).
    pub public: bool,
    /// Ours: people are not asked.
    pub first_party: bool,
    /// Whether it may act for itself (RFC 6749 section 4.4).
    pub acts_alone: bool,
    /// How long the sessions of its users live, and how many one may have.
    pub sessions: SessionRules,
}

impl NewApp {
    /// An application of this id and style of which nothing else was said: it may ask for what the fields name as left out,
    /// and codes may go nowhere yet.
    ///
    /// ```
    /// use countersign::NewApp;
    /// use countersign_core::record::Style;
    /// let shop = NewApp { redirect_uris: vec!["https://shop.example/callback".into()], ..NewApp::new("shop", Style::Jwt) };
    /// assert!(!shop.public && !shop.first_party && !shop.acts_alone);
    /// ```
    #[must_use]
    pub fn new(id: impl Into<String>, style: Style) -> Self {
        Self {
            id: id.into(),
            name: None,
            style,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            origin: None,
            audience: None,
            scope: None,
            public: false,
            first_party: false,
            acts_alone: false,
            sessions: SessionRules::default(),
        }
    }
}

impl Engine {
    /// Registers an application. Its secret is told this once.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with what is wrong, [`Refusal::Taken`].
    pub async fn add_app(&self, app: NewApp, by: Actor) -> Result<(Client, Option<ClientSecret>)> {
        let secret = if app.public { None } else { Some(ClientSecret::new(self.chance()?)) };
        let client = self.registered(app, secret.as_ref().map(ClientSecret::hash))?;
        let line = self.line(by, Event::AppRegistered).with(&client.id);
        match self.commit(Batch::of(client.add()).audited(line.into())).await? {
            Ok(_) => Ok((client, secret)),
            Err(Conflict::Taken) => Err(Refusal::Taken { what: "application id" }.into()),
            Err(conflict) => Err(unexpected(conflict)),
        }
    }

    /// Replaces what was said about an application: names, addresses, scope. Its secret, its tokens and its sessions go on;
    /// whether it is public cannot change.
    ///
    /// # Errors
    /// [`Refusal::Missing`], [`Refusal::Invalid`] with what is wrong, [`Refusal::Moved`].
    pub async fn change_app(&self, app: NewApp, by: Actor) -> Result<Client> {
        let before = self.app(&app.id).await?;
        if app.public != before.secret.is_none() {
            let what = format!("the application `{}` cannot become public or stop being so", before.id);
            return Err(Refusal::Invalid { what }.into());
        }
        let after = self.registered(app, before.secret.clone())?;
        let line = self.line(by, Event::AppChanged).with(&before.id);
        self.put(Batch::of(before.changed(after)).audited(line.into())).await?;
        self.app(before.id.as_str()).await
    }

    /// The record of an application as it is described.
    fn registered(&self, app: NewApp, secret: Option<SecretHash>) -> Result<Client> {
        let invalid = |bad: BadName| Refusal::Invalid { what: bad.to_string() };
        let id: ClientId = app.id.parse().map_err(invalid)?;
        let scope: Scope = app.scope.as_deref().unwrap_or(SCOPE).parse().map_err(invalid)?;
        let registration = Registration {
            name: app.name.unwrap_or_else(|| app.id.clone()),
            style: app.style,
            secret,
            redirect_uris: app.redirect_uris,
            post_logout_redirect_uris: app.post_logout_redirect_uris,
            origin: app.origin,
            audience: app.audience,
            scope,
            first_party: app.first_party,
            acts_alone: app.acts_alone,
            access_lifetime: None,
            sessions: app.sessions,
            id,
        };
        Ok(registration.client(self.settings.dev, self.now())?)
    }

    /// All applications, by id.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn apps(&self) -> Result<Vec<Client>> {
        Ok(self.directory.clients().await?)
    }

    /// The application of that id.
    ///
    /// # Errors
    /// [`Refusal::Missing`].
    pub async fn app(&self, id: &str) -> Result<Client> {
        self.find_app(id).await?.ok_or_else(|| Refusal::Missing { what: "application" }.into())
    }

    /// Gives an application another secret, told this once. The old one is good no longer; tokens and sessions go on.
    ///
    /// # Errors
    /// [`Refusal::Missing`], [`Refusal::Invalid`] for a public application, [`Refusal::Moved`].
    pub async fn rotate_app_secret(&self, id: &str, by: Actor) -> Result<ClientSecret> {
        let client = self.app(id).await?;
        if client.secret.is_none() {
            let what = format!("the application `{}` is public and has no secret", client.id);
            return Err(Refusal::Invalid { what }.into());
        }
        let secret = ClientSecret::new(self.chance()?);
        let line = self.line(by, Event::AppSecretRotated).with(&client.id);
        self.put(Batch::of(client.with_secret(secret.hash())).audited(line.into())).await?;
        Ok(secret)
    }

    /// The session-style application whose origin has this `Host`, such as `shop.example` or `session.localhost:8321`.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn app_by_origin(&self, host: &str) -> Result<Option<Client>> {
        let clients = self.directory.clients().await?;
        let at = |client: &Client| {
            let origin = client.origin.as_deref().filter(|_| client.style == Style::Session);
            origin
                .and_then(|origin| origin.split_once("://"))
                .is_some_and(|(_, own)| own.eq_ignore_ascii_case(host))
        };
        Ok(clients.into_iter().find(at))
    }

    /// The application that these credentials prove. A public one proves nothing but is named.
    ///
    /// # Errors
    /// `invalid_client`, the same words whether the application or its secret is wrong.
    pub async fn authenticate_app(&self, auth: Credentials) -> Result<Client> {
        let client = self.directory.client(auth.id()).await?;
        auth.check(client.as_ref()).map_err(Refusal::OAuth)?;
        Ok(client.ok_or(Refusal::ClientUnknown)?)
    }

    /// The application of that id, if there is one.
    pub(crate) async fn find_app(&self, id: &str) -> Result<Option<Client>, Fault> {
        match id.parse::<ClientId>() {
            Ok(id) => self.directory.client(&id).await,
            Err(_) => Ok(None),
        }
    }
}
