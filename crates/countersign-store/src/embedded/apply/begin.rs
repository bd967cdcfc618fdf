//! Logins, sessions and grants: how they begin and go on. A child begins only under a living parent, so nothing that was
//! ended between reading and writing comes alive again.

use countersign_core::batch::Conflict;
use countersign_core::id::{LoginId, Serial, Version};
use countersign_core::policy::Stay;
use countersign_core::record::login::Method;
use countersign_core::record::{Family, Grant, Login, Session, User};
use countersign_core::time::Timestamp;
use rusqlite::params;

use super::Applied;
use crate::codec::encode;
use crate::column::{client_of, running, until};
use crate::embedded::convert::{Stop, audience, int, place, time};

impl Applied<'_> {
    pub(super) fn begin_login(&self, login: &Login) -> Result<(), Stop> {
        if self.exists("SELECT 1 FROM login WHERE id = ?1", [login.id.as_str()])? {
            return Err(Conflict::Taken.into());
        }
        let user: User = self.person(&login.subject)?;
        if user.generation != login.generation {
            return Err(Conflict::Moved.into());
        }
        self.above_marks(login.born, None)?;
        self.run(
            "INSERT INTO login (id, subject, expires, ended, record) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                login.id.as_str(),
                login.subject.as_str(),
                time(login.expires),
                login.ended.is_some(),
                encode(login)?
            ],
        )?;
        Ok(())
    }

    pub(super) fn start_session(&self, session: &Session) -> Result<(), Stop> {
        self.unused(session.serial)?;
        self.living_login(&session.login, session.begun)?;
        self.above_marks(session.born, client_of(session))?;
        self.run(
            "INSERT INTO session (serial, login, subject, audience, slots, born, until, expires, ended, record)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                int(session.serial.number()),
                session.login.as_str(),
                session.subject.as_str(),
                audience(&session.audience),
                session.slots.as_str(),
                place(session.born),
                time(until(session)),
                time(session.expires),
                session.ended.is_some(),
                encode(session)?
            ],
        )?;
        Ok(())
    }

    /// The login is authenticated again; what hangs on it stays.
    pub(super) fn prove_login(
        &self,
        (id, generation): (&LoginId, u64),
        at: Timestamp,
        methods: &[Method],
        (stay, expires): (Stay, Timestamp),
    ) -> Result<(), Stop> {
        let mut login = self.living_login(id, at)?;
        if self.person(&login.subject)?.generation != generation {
            return Err(Conflict::Moved.into());
        }
        if at < login.at {
            return Ok(());
        }
        (login.at, login.methods, login.generation) = (at, methods.to_vec(), generation);
        (login.stay, login.expires) = (stay, expires);
        self.run(
            "UPDATE login SET expires = ?2, record = ?3 WHERE id = ?1",
            params![login.id.as_str(), time(login.expires), encode(&login)?],
        )?;
        Ok(())
    }

    pub(super) fn touch_session(&self, serial: Serial, seen: Timestamp) -> Result<(), Stop> {
        let mut session = self.running_session(serial, seen)?;
        if seen > session.seen {
            session.seen = seen;
            self.keep_session(&session)?;
        }
        Ok(())
    }

    /// The session, which must be alive at `at` and above its watermarks.
    pub(super) fn running_session(&self, serial: Serial, at: Timestamp) -> Result<Session, Stop> {
        let session: Session = self
            .record("SELECT record FROM session WHERE serial = ?1", [int(serial.number())])?
            .ok_or(Conflict::Missing)?;
        running(&session, at)?;
        self.above_marks(session.born, client_of(&session))?;
        Ok(session)
    }

    /// Writes a session that is there already. INVARIANT: an update never inserts.
    pub(super) fn keep_session(&self, session: &Session) -> Result<(), Stop> {
        self.run(
            "UPDATE session SET until = ?2, ended = ?3, record = ?4 WHERE serial = ?1",
            params![
                int(session.serial.number()),
                time(until(session)),
                session.ended.is_some(),
                encode(session)?
            ],
        )?;
        Ok(())
    }

    pub(super) fn begin_grant(&self, grant: &Grant) -> Result<(), Stop> {
        self.unused(grant.serial)?;
        if let Some(login) = &grant.login {
            self.living_login(login, grant.begun)?;
        }
        self.above_marks(grant.born, Some(&grant.client))?;
        self.run(
            "INSERT INTO permit (serial, login, subject, client, born, expires, ended, record)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                int(grant.serial.number()),
                grant.login.as_ref().map(|login| login.as_str()),
                grant.subject.as_ref().map(|subject| subject.as_str()),
                grant.client.as_str(),
                place(grant.born),
                time(grant.expires),
                grant.ended.is_some(),
                encode(grant)?
            ],
        )?;
        Ok(())
    }

    pub(super) fn move_family(
        &self,
        (serial, expect): (Serial, Version),
        at: Timestamp,
        family: &Family,
    ) -> Result<(), Stop> {
        let mut grant: Grant = self
            .record("SELECT record FROM permit WHERE serial = ?1", [int(serial.number())])?
            .ok_or(Conflict::Missing)?;
        if grant.ended.is_some() || at >= grant.expires {
            return Err(Conflict::Over.into());
        }
        self.above_marks(grant.born, Some(&grant.client))?;
        if grant.version != expect {
            return Err(Conflict::Moved.into());
        }
        grant.family = Some(family.clone());
        grant.version = grant.version.next();
        self.keep_grant(&grant)
    }

    /// Writes a grant that is there already. INVARIANT: an update never inserts.
    pub(super) fn keep_grant(&self, grant: &Grant) -> Result<(), Stop> {
        self.run(
            "UPDATE permit SET ended = ?2, record = ?3 WHERE serial = ?1",
            params![int(grant.serial.number()), grant.ended.is_some(), encode(grant)?],
        )?;
        Ok(())
    }

    /// Whether nobody has `serial`, and nobody has had it: an erased one still stands in the log.
    fn unused(&self, serial: Serial) -> Result<(), Stop> {
        let taken = self.exists(
            "SELECT 1 FROM session WHERE serial = ?1 UNION ALL SELECT 1 FROM permit WHERE serial = ?1
             UNION ALL SELECT 1 FROM log WHERE serial = ?1",
            [int(serial.number())],
        )?;
        if taken { Err(Conflict::Taken.into()) } else { Ok(()) }
    }
}
