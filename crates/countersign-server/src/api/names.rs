//! What people call the subjects and applications in an answer, read once for each answer.

use std::collections::HashMap;

use countersign::{Engine, Result, SessionView};
use countersign_core::audit::{AuditEntry, Event};
use countersign_core::extent::{Actor, Extent};
use countersign_core::id::{ClientId, Subject};
use countersign_core::record::{Client, Session};

/// Names of subjects and applications.
#[derive(Debug, Default)]
pub(crate) struct Names {
    people: HashMap<Subject, String>,
    apps: HashMap<ClientId, Client>,
}

impl Names {
    /// The names of all applications, and of nobody yet.
    pub(crate) async fn of_apps(engine: &Engine) -> Result<Self> {
        let apps = engine.apps().await?.into_iter().map(|app| (app.id.clone(), app)).collect();
        Ok(Self { people: HashMap::new(), apps })
    }

    /// The names that these sessions need.
    pub(crate) async fn of_sessions(engine: &Engine, views: &[SessionView]) -> Result<Self> {
        let mut names = Self::of_apps(engine).await?;
        for view in views {
            names.learn_session(engine, &view.session).await?;
        }
        Ok(names)
    }

    /// The names that these lines of the audit log need.
    pub(crate) async fn of_lines(engine: &Engine, lines: &[(u64, AuditEntry)]) -> Result<Self> {
        let mut names = Self::of_apps(engine).await?;
        for (_, line) in lines {
            names.learn_line(engine, line).await?;
        }
        Ok(names)
    }

    /// Learns the names that one session needs.
    pub(crate) async fn learn_session(&mut self, engine: &Engine, session: &Session) -> Result<()> {
        self.learn(engine, &session.subject).await?;
        match &session.ended {
            Some(ending) => self.learn_actor(engine, &ending.by).await,
            None => Ok(()),
        }
    }

    /// Learns the names that one line of the audit log needs.
    pub(crate) async fn learn_line(&mut self, engine: &Engine, line: &AuditEntry) -> Result<()> {
        self.learn_actor(engine, &line.by).await?;
        if let Some(subject) = &line.subject {
            self.learn(engine, subject).await?;
        }
        if let Event::Ended {
            extent: Extent::Subject { subject, .. } | Extent::Allowance { subject, .. },
            ..
        } = &line.event
        {
            self.learn(engine, subject).await?;
        }
        Ok(())
    }

    /// Learns what a person is called, unless it is known. Someone erased has no name.
    pub(crate) async fn learn(&mut self, engine: &Engine, subject: &Subject) -> Result<()> {
        if !self.people.contains_key(subject)
            && let Some(user) = engine.user(subject).await?
        {
            self.people.insert(subject.clone(), user.email.to_string());
        }
        Ok(())
    }

    /// What a person is called, if that is known.
    pub(crate) fn person(&self, subject: &Subject) -> Option<&str> {
        self.people.get(subject).map(String::as_str)
    }

    /// What a person is called, or their subject once they are erased.
    pub(crate) fn person_or_id(&self, subject: &Subject) -> String {
        self.person(subject).map_or_else(|| subject.to_string(), str::to_owned)
    }

    /// An application.
    pub(crate) fn app(&self, id: &ClientId) -> Option<&Client> {
        self.apps.get(id)
    }

    /// What an application is called, or its id.
    pub(crate) fn app_or_id(&self, id: &ClientId) -> String {
        self.app(id).map_or_else(|| id.to_string(), |app| app.name.clone())
    }

    /// All applications, by id.
    pub(crate) fn apps(&self) -> Vec<&Client> {
        let mut apps: Vec<_> = self.apps.values().collect();
        apps.sort_by(|one, other| one.id.cmp(&other.id));
        apps
    }

    /// Learns the name of whoever did something.
    async fn learn_actor(&mut self, engine: &Engine, actor: &Actor) -> Result<()> {
        match actor {
            Actor::Subject(subject) | Actor::Operator(subject) => self.learn(engine, subject).await,
            Actor::CommandLine | Actor::Client(_) | Actor::Stranger | Actor::System => Ok(()),
        }
    }
}

impl countersign_core::audit::Names for Names {
    fn person(&self, subject: &Subject) -> Option<String> {
        self.people.get(subject).cloned()
    }

    fn application(&self, client: &ClientId) -> Option<String> {
        self.app(client).map(|app| app.name.clone())
    }
}
