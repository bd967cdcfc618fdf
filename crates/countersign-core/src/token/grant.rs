//! Beginning a grant, and whether one is alive.

use crate::batch::Change;
use crate::error::Refusal;
use crate::id::{Position, Serial};
use crate::record::{Client, Family, Grant, Login, Scope};
use crate::revoke::View;
use crate::time::Timestamp;

/// What a new grant is made of besides its login and client.
#[derive(Debug)]
pub struct NewGrant {
    /// Its number, leased from the store.
    pub serial: Serial,
    /// What it allows.
    pub scope: Scope,
    /// 32 unpredictable bytes for the refresh family; none for a grant without one.
    pub salt: Option<[u8; 32]>,
}

impl Grant {
    /// A grant to `client` on `login`. It ends with the login at the latest. Commit [`Grant::begin`].
    ///
    /// # Errors
    /// [`Refusal::GrantEnded`]: the login has ended or reached its limit.
    pub fn on_login(login: &Login, client: &Client, new: NewGrant, now: Timestamp) -> Result<Self, Refusal> {
        if !login.is_alive(now) {
            return Err(Refusal::GrantEnded);
        }
        Ok(Self {
            serial: new.serial,
            client: client.id.clone(),
            subject: Some(login.subject.clone()),
            login: Some(login.id.clone()),
            scope: new.scope,
            born: login.born,
            auth_time: Some(login.at),
            begun: now,
            expires: login.expires.or_sooner(now + client.refresh_lifetime),
            family: new.salt.map(|salt| Family::begin(salt, now)),
            version: crate::id::Version::FIRST,
            ended: None,
        })
    }

    /// The standing grant of an application that acts for itself (RFC 6749 section 4.4): no person, no refresh family, and
    /// no end but an ending. `born` is the log position read before the client.
    #[must_use]
    pub fn standing(client: &Client, serial: Serial, born: Position, now: Timestamp) -> Self {
        Self {
            serial,
            client: client.id.clone(),
            subject: None,
            login: None,
            scope: client.scope.clone(),
            born,
            auth_time: None,
            begun: now,
            expires: Timestamp::from_millis(u64::try_from(i64::MAX).unwrap_or(u64::MAX)),
            family: None,
            version: crate::id::Version::FIRST,
            ended: None,
        }
    }

    /// The change that begins this grant.
    #[must_use]
    pub fn begin(&self) -> Change {
        Change::BeginGrant(self.clone())
    }

    /// Whether the grant is alive at `now`.
    ///
    /// # Errors
    /// [`Refusal::GrantEnded`]: it has ended, expired, or lies below a watermark.
    pub fn alive(&self, view: &View, now: Timestamp) -> Result<(), Refusal> {
        if self.ended.is_some() || now >= self.expires {
            return Err(Refusal::GrantEnded);
        }
        view.check(self.serial, Some(&self.client), self.born)
    }
}
