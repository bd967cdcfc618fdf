//! How an account comes to be: by a confirmed address, or as the first operator.
//!
//! The answer to a sign-up is the same whether the address has an account or not, after the same work: one hash, one commit,
//! one letter. Links work once, and looking at one does not use it.

use countersign_core::audit::Event;
use countersign_core::batch::{Batch, Change, Conflict};
use countersign_core::extent::Actor;
use countersign_core::id::{Position, Subject};
use countersign_core::record::onetime::Purpose;
use countersign_core::record::user::PasswordHash;
use countersign_core::record::{Email, OneTime, Role, SpendKey, User};
use countersign_core::secret::{MailCode, SetUpCode};
use countersign_core::signin::account::NewUser;
use countersign_core::signin::link;
use countersign_core::signin::password::Password;
use countersign_core::signin::throttle::Counter;
use countersign_core::{Fault, Refusal};

use crate::engine::{Engine, joined};
use crate::error::Result;
use crate::letters;
use crate::visitor::Visitor;

/// Exists once there has been an operator; then nobody is set up by a link any more.
const FIRST_OPERATOR: &str = "first-operator";

impl Engine {
    /// Asks for an account. The answer does not say whether the address has one; a letter does, to whoever reads the mailbox.
    ///
    /// # Errors
    /// [`Refusal::MailOff`], [`Refusal::Throttled`], [`Refusal::Invalid`] for what is no address, and why the password
    /// cannot be one: short, long, common or weak.
    pub async fn sign_up(&self, email: &str, password: Password, visitor: &Visitor) -> Result<()> {
        if !self.mail_available() {
            return Err(Refusal::MailOff.into());
        }
        let email = address(email)?;
        self.acceptable(&password, &email)?;
        let counters = vec![Counter::SignUp(visitor.network.clone()), Counter::Invitation(email.clone())];
        // Not given back: letters count whether or not they were asked for in earnest.
        let _ = self.knock(counters, visitor).await?;
        let born = self.view.position();
        let account = self.directory.user_by_email(&email).await?;
        let password = self.hasher.choose(password, self.context(&email), self.chance()?).await?;
        let code = MailCode::new(self.chance()?);
        let line = self.line(Actor::Stranger, Event::SignUpAsked).from(&visitor.network);
        let (issue, line, letter) = match account {
            // The same write: how long it takes must not tell.
            Some(user) => {
                let letter = letters::already(&self.settings.issuer, email);
                (link::decoy(&code, born, self.now()), line.about(&user.subject), letter)
            }
            None => {
                let letter = letters::confirm(&self.settings.issuer, email.clone(), &code);
                (link::confirm(&code, email, password, born, self.now()), line, letter)
            }
        };
        self.put(Batch::of(issue).audited(line.into())).await?;
        self.send(letter).await
    }

    /// Whose address the link would confirm. Does not use the link.
    ///
    /// # Errors
    /// [`Refusal::LinkOver`].
    pub async fn confirm_possible(&self, code: &str) -> Result<Email> {
        Ok(self.confirmation(code).await?.1)
    }

    /// Uses the link and opens the account, for whoever knows the password that was chosen at sign-up: somebody else may
    /// have signed up with this address, and must not be let into the account that its owner confirms.
    ///
    /// # Errors
    /// [`Refusal::LinkOver`]. [`Refusal::CurrentPassword`]: that is not the password; the link is not used.
    pub async fn confirm(&self, code: &str, typed: Password) -> Result<Subject> {
        let (key, email, password) = self.confirmation(code).await?;
        if !self.hasher.compare(typed, Some(&password), self.chance()?).await?.same {
            return Err(Refusal::CurrentPassword.into());
        }
        let user = self.new_user(email, Role::Person, password)?;
        let subject = user.subject.clone();
        let line = self.line(Actor::Subject(subject.clone()), Event::AccountOpened).about(&subject);
        let batch = self.spending(key).with(Change::AddUser(user)).audited(line.into());
        self.spend(batch).await?;
        Ok(subject)
    }

    /// A link that sets up the first operator, usable once for 30 minutes; none once there has been one.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn set_up_link(&self) -> Result<Option<SetUpCode>> {
        if self.directory.setting(FIRST_OPERATOR).await?.is_some() {
            return Ok(None);
        }
        let born = self.view.position();
        let code = SetUpCode::new(self.chance()?);
        self.put(Batch::of(link::set_up(&code, born, self.now()))).await?;
        Ok(Some(code))
    }

    /// Whether the set-up link would work. Does not use it.
    ///
    /// # Errors
    /// [`Refusal::LinkOver`].
    pub async fn set_up_possible(&self, code: &str) -> Result<()> {
        self.set_up_key(code).await?;
        Ok(())
    }

    /// Uses the set-up link: the first operator, who can sign in to the console then.
    ///
    /// # Errors
    /// [`Refusal::LinkOver`], [`Refusal::Invalid`] for what is no address, [`Refusal::Taken`] when it has an account, and
    /// why the password cannot be one.
    pub async fn set_up(&self, code: &str, email: &str, password: Password) -> Result<User> {
        let key = self.set_up_key(code).await?;
        let email = address(email)?;
        self.acceptable(&password, &email)?;
        if self.directory.user_by_email(&email).await?.is_some() {
            return Err(Refusal::Taken { what: "e-mail" }.into());
        }
        let password = self.hasher.choose(password, self.context(&email), self.chance()?).await?;
        let user = self.new_user(email, Role::Operator, password)?;
        let line = self.line(Actor::Stranger, Event::SetUp).about(&user.subject);
        let batch = self
            .spending(key)
            .with(Change::AddSetting { name: FIRST_OPERATOR.to_owned(), value: vec![1] })
            .with(Change::AddUser(user.clone()))
            .audited(line.into());
        self.spend(batch).await?;
        Ok(user)
    }

    /// Opens an account without a letter: the command line, the console, demo users.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for what is no address, [`Refusal::Taken`], and why the password cannot be one.
    pub async fn add_user(&self, email: &str, password: Password, role: Role, by: Actor) -> Result<User> {
        let email = address(email)?;
        self.acceptable(&password, &email)?;
        let password = self.hasher.choose(password, self.context(&email), self.chance()?).await?;
        let user = self.new_user(email, role, password)?;
        let line = self.line(by, Event::AccountOpened).about(&user.subject);
        let opened = Batch::of(Change::AddUser(user.clone())).audited(line.into());
        let first = role == Role::Operator && self.directory.setting(FIRST_OPERATOR).await?.is_none();
        let batch = if first {
            let mark = Change::AddSetting { name: FIRST_OPERATOR.to_owned(), value: vec![1] };
            joined([Batch::of(mark), opened])
        } else {
            opened
        };
        match self.commit(batch).await? {
            Ok(_) => Ok(user),
            Err(_) => Err(Refusal::Taken { what: "e-mail" }.into()),
        }
    }

    /// What opens an account.
    fn new_user(&self, email: Email, role: Role, password: PasswordHash) -> Result<User, Fault> {
        let now = self.now();
        let subject = Subject::new(now, &self.chance()?);
        let data_key = self.new_data_key(&subject)?;
        Ok(User::open(NewUser { subject, email, role, password, data_key }, now))
    }

    async fn confirmation(&self, code: &str) -> Result<(SpendKey, Email, PasswordHash)> {
        let key = MailCode::parse(code).ok_or(Refusal::LinkOver)?.key();
        match self.good(&key).await?.purpose {
            Purpose::Confirm { email, password } => Ok((key, email, password)),
            _ => Err(Refusal::LinkOver.into()),
        }
    }

    async fn set_up_key(&self, code: &str) -> Result<SpendKey> {
        let key = SetUpCode::parse(code).ok_or(Refusal::LinkOver)?.key();
        match self.good(&key).await?.purpose {
            Purpose::SetUp if self.directory.setting(FIRST_OPERATOR).await?.is_none() => Ok(key),
            _ => Err(Refusal::LinkOver.into()),
        }
    }

    /// The link of `key`, if it can still be used.
    pub(crate) async fn good(&self, key: &SpendKey) -> Result<OneTime> {
        let found = self.store.one_time(key).await?.ok_or(Refusal::LinkOver)?;
        found.usable(&self.view, self.now())?;
        Ok(found)
    }

    /// The beginning of a batch that uses the link of `key`.
    pub(crate) fn spending(&self, key: SpendKey) -> Batch {
        Batch::of(Change::Spend { key, at: self.now(), gave: None })
    }

    /// Commits a batch that uses a link; whoever comes second learns that the link is over.
    pub(crate) async fn spend(&self, batch: Batch) -> Result<Position> {
        match self.commit(batch).await? {
            Ok(position) => Ok(position),
            Err(Conflict::Moved) => Err(Refusal::Moved.into()),
            Err(_) => Err(Refusal::LinkOver.into()),
        }
    }
}

/// The address that `text` is.
pub(crate) fn address(text: &str) -> Result<Email, Refusal> {
    text.parse().map_err(|bad: countersign_core::id::BadName| Refusal::Invalid { what: bad.to_string() })
}
