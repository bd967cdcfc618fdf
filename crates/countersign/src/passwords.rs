//! Choosing, changing and resetting a password.
//!
//! A reset ends everything of the account; a change asks for the current password and ends the other logins when asked to.
//! NIST SP 800-63B-4 section 3.1.1: length, a blocklist, no composition rules; zxcvbn judges the rest.

use countersign_core::Refusal;
use countersign_core::audit::Event;
use countersign_core::batch::{Batch, Change};
use countersign_core::extent::{Actor, Ending, Extent, Reason};
use countersign_core::id::Subject;
use countersign_core::record::onetime::Purpose;
use countersign_core::record::{Email, SpendKey, User};
use countersign_core::secret::MailCode;
use countersign_core::signin::link;
use countersign_core::signin::password::Password;
use countersign_core::signin::throttle::Counter;

use crate::check::Checked;
use crate::engine::{Engine, joined};
use crate::error::Result;
use crate::letters;
use crate::visitor::Visitor;

impl Engine {
    /// Asks for a letter that lets someone choose a new password. The answer does not say whether there is an account.
    ///
    /// # Errors
    /// [`Refusal::MailOff`], [`Refusal::Throttled`], [`Refusal::Invalid`] for what is no address.
    pub async fn ask_reset(&self, email: &str, visitor: &Visitor) -> Result<()> {
        if !self.mail_available() {
            return Err(Refusal::MailOff.into());
        }
        let email = crate::signup::address(email)?;
        let counters = vec![Counter::Reset(visitor.network.clone()), Counter::Letter(email.clone())];
        // Not given back: letters count whether or not they were asked for in earnest.
        let _ = self.knock(counters, visitor).await?;
        let born = self.view.position();
        let code = MailCode::new(self.chance()?);
        let line = self.line(Actor::Stranger, Event::ResetAsked).from(&visitor.network);
        let (issue, line, letter) = match self.directory.user_by_email(&email).await? {
            Some(user) => {
                let letter = letters::reset(&self.settings.issuer, email, &code);
                (link::reset(&code, &user, born, self.now()), line.about(&user.subject), letter)
            }
            // The same write: how long it takes must not tell.
            None => {
                (link::decoy(&code, born, self.now()), line, letters::nobody(&self.settings.issuer, email))
            }
        };
        self.put(Batch::of(issue).audited(line.into())).await?;
        self.send(letter).await
    }

    /// Whether the link would let someone choose a new password. Does not use it.
    ///
    /// # Errors
    /// [`Refusal::LinkOver`].
    pub async fn reset_possible(&self, code: &str) -> Result<()> {
        self.resettable(code).await?;
        Ok(())
    }

    /// Uses the link: the new password holds, and everything of the account has ended.
    ///
    /// # Errors
    /// [`Refusal::LinkOver`], and why the password cannot be one; then the link is still good.
    pub async fn reset(&self, code: &str, new: Password, visitor: &Visitor) -> Result<()> {
        let (key, user) = self.resettable(code).await?;
        self.acceptable(&new, &user.email)?;
        let password = self.hasher.choose(new, self.context(&user.email), self.chance()?).await?;
        let by = Actor::Subject(user.subject.clone());
        let set = Change::SetPassword { subject: user.subject.clone(), expect: user.generation, password };
        let line = self.line(by.clone(), Event::PasswordReset).about(&user.subject).from(&visitor.network);
        let extent = Extent::Subject { subject: user.subject.clone(), except: None };
        let ended = self.ending(extent, Some(&user.subject), Reason::PasswordReset, by);
        let batch = joined([self.spending(key).with(set), ended]).audited(line.into());
        self.spend(batch).await?;
        Ok(())
    }

    /// Changes the password of whoever is signed in; with `end_others`, every other login of theirs ends.
    ///
    /// # Errors
    /// [`Refusal::CurrentPassword`], [`Refusal::Throttled`], why the new one cannot be one, [`Refusal::Moved`] when it was
    /// changed meanwhile, [`Refusal::SessionEnded`] when the session has ended meanwhile.
    pub async fn change_password(
        &self,
        who: &Checked,
        current: Password,
        new: Password,
        end_others: bool,
        visitor: &Visitor,
    ) -> Result<()> {
        let user = self.proven_again(who, current, visitor).await?;
        self.acceptable(&new, &user.email)?;
        let password = self.hasher.choose(new, self.context(&user.email), self.chance()?).await?;
        let by = Actor::Subject(user.subject.clone());
        let login = who.session.login.clone();
        let set = Change::SetPassword { subject: user.subject.clone(), expect: user.generation, password };
        let line = self.line(by.clone(), Event::PasswordChanged).about(&user.subject).from(&visitor.network);
        let mut batch = Batch::of(Change::RequireLogin { login: login.clone(), at: self.now() })
            .with(set)
            .audited(line.into());
        if end_others {
            let extent = Extent::Subject { subject: user.subject.clone(), except: Some(login) };
            let ending = Ending { at: self.now(), reason: Reason::PasswordChanged, by };
            batch = batch.with(Change::End { extent, ending });
        }
        self.put(batch).await?;
        self.still_allows(who)?;
        if self.mail_available() {
            self.tell_changed(user.email).await;
        }
        Ok(())
    }

    /// Sets a password for someone else: the command line and the console. Everything of the account ends.
    ///
    /// # Errors
    /// [`Refusal::Missing`], and why the password cannot be one.
    pub async fn set_password(&self, subject: &Subject, new: Password, by: Actor) -> Result<()> {
        let user = self.directory.user(subject).await?.ok_or(Refusal::Missing { what: "person" })?;
        self.acceptable(&new, &user.email)?;
        let password = self.hasher.choose(new, self.context(&user.email), self.chance()?).await?;
        let set = Change::SetPassword { subject: subject.clone(), expect: user.generation, password };
        let line = self.line(by.clone(), Event::PasswordChanged).about(subject);
        let extent = Extent::Subject { subject: subject.clone(), except: None };
        let ended = self.ending(extent, Some(subject), Reason::PasswordChanged, by);
        self.put(joined([Batch::of(set), ended]).audited(line.into())).await?;
        Ok(())
    }

    /// The user behind `who`, once they have typed their password again.
    pub(crate) async fn proven_again(
        &self,
        who: &Checked,
        current: Password,
        visitor: &Visitor,
    ) -> Result<User> {
        let user = self.directory.user(&who.session.subject).await?.ok_or(Refusal::SessionEnded)?;
        let knock = self.knock(vec![Counter::CurrentPassword(user.subject.clone())], visitor).await?;
        if !current.is_tryable() {
            return Err(Refusal::CurrentPassword.into());
        }
        let compared = self.hasher.compare(current, Some(&user.password), self.chance()?).await?;
        if !compared.same {
            return Err(Refusal::CurrentPassword.into());
        }
        self.gate.refund(knock);
        Ok(user)
    }

    /// Whether `password` may become the password of `email`'s account, as far as lists and lengths go.
    pub(crate) fn acceptable(&self, password: &Password, email: &Email) -> Result<(), Refusal> {
        password.acceptable(email, &["Countersign", self.host()])
    }

    /// Words that somebody guessing this person's password would try first.
    pub(crate) fn context(&self, email: &Email) -> Vec<String> {
        let split = |text: &str| -> Vec<String> {
            text.split(|c: char| !c.is_alphanumeric())
                .filter(|word| word.len() > 2)
                .map(str::to_owned)
                .collect()
        };
        let (local, domain) = email.as_str().rsplit_once('@').unwrap_or((email.as_str(), ""));
        let mut words =
            vec![email.as_str().to_owned(), local.to_owned(), domain.to_owned(), "countersign".to_owned()];
        words.extend(split(local));
        words.extend(split(domain));
        words.extend(split(self.host()));
        words
    }

    /// The issuer's host, with its port when it has one.
    pub(crate) fn host(&self) -> &str {
        self.settings.issuer.split_once("://").map_or("", |(_, host)| host)
    }

    async fn resettable(&self, code: &str) -> Result<(SpendKey, User)> {
        let key = MailCode::parse(code).ok_or(Refusal::LinkOver)?.key();
        let Purpose::Reset { subject, generation } = self.good(&key).await?.purpose else {
            return Err(Refusal::LinkOver.into());
        };
        let user = self.directory.user(&subject).await?.filter(|user| user.generation == generation);
        Ok((key, user.ok_or(Refusal::LinkOver)?))
    }

    async fn tell_changed(&self, email: Email) {
        // The change holds whether or not the letter goes out.
        if let Err(why) = self.send(letters::changed(&self.settings.issuer, email)).await {
            tracing::warn!(code = why.code(), "a letter about a changed password was not sent");
        }
    }
}
