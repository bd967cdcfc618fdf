//! Endings: an extent is expanded to serials inside the transaction, each with its tombstone and its log entry.
//! An application and everything are watermarks: no row is touched.

use countersign_core::audit::AuditEntry;
use countersign_core::batch::Conflict;
use countersign_core::extent::{Ending, Extent, LogKind};
use countersign_core::id::{ClientId, LoginId, Subject};
use countersign_core::record::{Audience, Grant, Login, Session, User};
use countersign_core::time::Timestamp;
use rusqlite::{Params, params};

use super::Applied;
use super::log::FOR_GOOD;
use crate::codec::encode;
use crate::embedded::convert::{Stop, audience, int, place, time};
use crate::embedded::read::LIVE_SESSION;

impl Applied<'_> {
    pub(super) fn end(&mut self, extent: &Extent, ending: &Ending) -> Result<(), Stop> {
        match extent {
            Extent::Session(serial) => {
                let this = [int(serial.number())];
                self.end_sessions("SELECT record FROM session WHERE serial = ?1 AND ended = 0", this, ending)
            }
            Extent::Grant(serial) => {
                let this = [int(serial.number())];
                self.end_grants("SELECT record FROM permit WHERE serial = ?1 AND ended = 0", this, ending)
            }
            Extent::Login(login) => self.end_login(login, ending),
            Extent::Subject { subject, except } => self.end_subject(subject, except.as_ref(), ending),
            Extent::Allowance { subject, client } => self.end_allowance(subject, client, ending),
            Extent::Client(client) => self.mark(client.as_str(), LogKind::ClientMark(client.clone())),
            Extent::Everything => self.mark("", LogKind::EverythingMark),
        }
    }

    /// Leaves at most `most - 1` living sessions of a subject with an audience. One transaction at a time decides, so no two
    /// sign-ins share the last place.
    pub(super) fn make_room(
        &mut self,
        (subject, wanted): (&Subject, &Audience),
        most: u32,
        at: Timestamp,
        crowded: Option<&Ending>,
    ) -> Result<(), Stop> {
        let sql = format!("{AT} AND {LIVE_SESSION}");
        let mut alive =
            self.records::<Session>(&sql, params![subject.as_str(), audience(wanted), time(at)])?;
        let stay = usize::try_from(most.saturating_sub(1)).unwrap_or(usize::MAX);
        let Some(over) = alive.len().checked_sub(stay).filter(|over| *over > 0) else { return Ok(()) };
        let ending = crowded.ok_or(Conflict::Full)?;
        alive.sort_by_key(|session| (session.begun, session.serial));
        for mut session in alive.into_iter().take(over) {
            self.log(LogKind::Ended(session.serial), session.expires)?;
            self.audit(&AuditEntry::of_ended(&session, ending))?;
            session.ended = Some(ending.clone());
            self.keep_session(&session)?;
        }
        Ok(())
    }

    fn end_login(&mut self, login: &LoginId, ending: &Ending) -> Result<(), Stop> {
        let this = [login.as_str()];
        self.end_sessions("SELECT record FROM session WHERE login = ?1 AND ended = 0", this, ending)?;
        self.end_grants("SELECT record FROM permit WHERE login = ?1 AND ended = 0", this, ending)?;
        self.end_logins("SELECT record FROM login WHERE id = ?1 AND ended = 0", this, ending)
    }

    fn end_subject(
        &mut self,
        subject: &Subject,
        except: Option<&LoginId>,
        ending: &Ending,
    ) -> Result<(), Stop> {
        let person: Option<User> =
            self.record("SELECT record FROM person WHERE subject = ?1", [subject.as_str()])?;
        if let Some(mut user) = person {
            user.generation = user.generation.saturating_add(1);
            self.keep_person(&user)?;
        }
        self.end_all_of(subject, except, ending)
    }

    /// Ends every login, session and grant of `subject` but those of the login `except`.
    pub(super) fn end_all_of(
        &mut self,
        subject: &Subject,
        except: Option<&LoginId>,
        ending: &Ending,
    ) -> Result<(), Stop> {
        let these = params![subject.as_str(), except.map(LoginId::as_str)];
        self.end_sessions(
            "SELECT record FROM session WHERE subject = ?1 AND ended = 0 AND login IS NOT ?2 ORDER BY serial",
            these,
            ending,
        )?;
        self.end_grants(
            "SELECT record FROM permit WHERE subject = ?1 AND ended = 0 AND login IS NOT ?2 ORDER BY serial",
            these,
            ending,
        )?;
        self.end_logins(
            "SELECT record FROM login WHERE subject = ?1 AND ended = 0 AND id IS NOT ?2",
            these,
            ending,
        )
    }

    fn end_allowance(&mut self, subject: &Subject, client: &ClientId, ending: &Ending) -> Result<(), Stop> {
        let these = [subject.as_str(), client.as_str()];
        self.end_sessions(&format!("{AT} AND ended = 0 ORDER BY serial"), these, ending)?;
        self.end_grants(&format!("{FOR} AND ended = 0 ORDER BY serial"), these, ending)?;
        // A code or ticket that is still under way would bring back what was withdrawn: its login lives on.
        self.run("DELETE FROM one_time WHERE subject = ?1 AND client = ?2 AND spent = 0", these)?;
        Ok(())
    }

    fn end_sessions(&mut self, sql: &str, params: impl Params, ending: &Ending) -> Result<(), Stop> {
        for mut session in self.records::<Session>(sql, params)? {
            self.log(LogKind::Ended(session.serial), session.expires)?;
            session.ended = Some(ending.clone());
            self.keep_session(&session)?;
        }
        Ok(())
    }

    fn end_grants(&mut self, sql: &str, params: impl Params, ending: &Ending) -> Result<(), Stop> {
        for mut grant in self.records::<Grant>(sql, params)? {
            self.log(LogKind::Ended(grant.serial), grant.expires)?;
            grant.ended = Some(ending.clone());
            self.keep_grant(&grant)?;
        }
        Ok(())
    }

    fn end_logins(&self, sql: &str, params: impl Params, ending: &Ending) -> Result<(), Stop> {
        for mut login in self.records::<Login>(sql, params)? {
            login.ended = Some(ending.clone());
            self.run(
                "UPDATE login SET ended = 1, record = ?2 WHERE id = ?1",
                params![login.id.as_str(), encode(&login)?],
            )?;
        }
        Ok(())
    }

    pub(super) fn mark(&mut self, covers: &str, kind: LogKind) -> Result<(), Stop> {
        let position = self.log(kind, FOR_GOOD)?;
        self.run(
            "INSERT INTO watermark (covers, position) VALUES (?1, ?2)
             ON CONFLICT (covers) DO UPDATE SET position = max(position, ?2)",
            params![covers, place(position)],
        )?;
        Ok(())
    }
}

// A person has few sessions and grants, an application may have all of them: `+` keeps its index out of the choice.
const AT: &str = "SELECT record FROM session WHERE subject = ? AND +audience = ?";
const FOR: &str = "SELECT record FROM permit WHERE subject = ? AND +client = ?";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::{connection, memory};

    #[test]
    fn what_a_person_has_at_an_application_is_found_by_the_person() {
        let connection = connection::writing_memory(&memory::name()).unwrap();
        let ending = "AND ended = 0 ORDER BY serial";
        let room = format!("{AT} AND {LIVE_SESSION}");
        let cases = [
            (room, "session_subject"),
            (format!("{AT} {ending}"), "session_subject"),
            (format!("{FOR} {ending}"), "permit_subject"),
        ];
        for (sql, index) in cases {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let values = rusqlite::params_from_iter(std::iter::repeat_n("1", sql.matches('?').count()));
            let plan = plan.query_row(values, |row| row.get::<_, String>(3)).unwrap();
            assert!(plan.contains(index), "{sql}: {plan}");
        }
    }
}
