//! Endings: an extent is expanded to serials inside the transaction, each with its tombstone and its log entry, a kind at a
//! time. An application and everything are watermarks: no row is touched.

use countersign_core::audit::AuditEntry;
use countersign_core::batch::Conflict;
use countersign_core::extent::{Ending, Extent, LogKind};
use countersign_core::id::{ClientId, LoginId, Subject};
use countersign_core::record::{Audience, Grant, Login, Session, User};
use countersign_core::time::Timestamp;

use super::Applied;
use super::log::FOR_GOOD;
use crate::codec::encode;
use crate::column::{audience, int, place, time};
use crate::postgres::convert::Stop;
use crate::postgres::link::Values;
use crate::postgres::read::{LIVE_SESSION, Wanted};

impl Applied<'_> {
    pub(super) async fn end(&mut self, extent: &Extent, ending: &Ending) -> Result<(), Stop> {
        match extent {
            Extent::Session(serial) => {
                let sql = "SELECT record FROM session WHERE serial = $1 AND NOT ended";
                self.end_sessions(sql, &[&int(serial.number())], ending).await
            }
            Extent::Grant(serial) => {
                let sql = "SELECT record FROM permit WHERE serial = $1 AND NOT ended";
                self.end_grants(sql, &[&int(serial.number())], ending).await
            }
            Extent::Login(login) => self.end_login(login, ending).await,
            Extent::Subject { subject, except } => self.end_subject(subject, except.as_ref(), ending).await,
            Extent::Allowance { subject, client } => self.end_allowance(subject, client, ending).await,
            Extent::Client(client) => {
                self.mark_over(client.as_str(), LogKind::ClientMark(client.clone())).await
            }
            Extent::Everything => self.mark_over("", LogKind::EverythingMark).await,
        }
    }

    /// Leaves at most `most - 1` living sessions of a subject with an audience. One transaction at a time decides, so no two
    /// sign-ins share the last place.
    pub(super) async fn make_room(
        &mut self,
        (subject, wanted): (&Subject, &Audience),
        most: u32,
        at: Timestamp,
        crowded: Option<&Ending>,
    ) -> Result<(), Stop> {
        let mut alive = Wanted::of("SELECT record FROM session WHERE true");
        alive.add(" AND subject = ?", subject.as_str().to_owned());
        alive.add(" AND audience = ?", audience(wanted).to_owned());
        alive.add(LIVE_SESSION, time(at));
        let mut alive = self.records::<Session>(&alive.sql, &alive.values()).await?;
        let stay = usize::try_from(most.saturating_sub(1)).unwrap_or(usize::MAX);
        let Some(over) = alive.len().checked_sub(stay).filter(|over| *over > 0) else { return Ok(()) };
        let ending = crowded.ok_or(Conflict::Full)?;
        alive.sort_by_key(|session| (session.begun, session.serial));
        alive.truncate(over);
        for session in &alive {
            self.audit(&AuditEntry::of_ended(session, ending)).await?;
        }
        self.end_these(alive, ending).await
    }

    async fn end_login(&mut self, login: &LoginId, ending: &Ending) -> Result<(), Stop> {
        let id = login.as_str();
        let sql = "SELECT record FROM session WHERE login = $1 AND NOT ended ORDER BY serial";
        self.end_sessions(sql, &[&id], ending).await?;
        let sql = "SELECT record FROM permit WHERE login = $1 AND NOT ended ORDER BY serial";
        self.end_grants(sql, &[&id], ending).await?;
        self.end_logins("SELECT record FROM login WHERE id = $1 AND NOT ended", &[&id], ending).await
    }

    async fn end_subject(
        &mut self,
        subject: &Subject,
        except: Option<&LoginId>,
        ending: &Ending,
    ) -> Result<(), Stop> {
        match self.person(subject).await {
            Ok(User { generation, .. }) if generation == u64::MAX => {}
            Ok(mut user) => {
                user.generation = user.generation.saturating_add(1);
                self.keep_person(&user).await?;
            }
            Err(Stop::Conflict(Conflict::Missing)) => {}
            Err(stop) => return Err(stop),
        }
        self.end_all_of(subject, except, ending).await
    }

    /// Ends every login, session and grant of `subject` but those of the login `except`.
    pub(super) async fn end_all_of(
        &mut self,
        subject: &Subject,
        except: Option<&LoginId>,
        ending: &Ending,
    ) -> Result<(), Stop> {
        let (subject, except) = (subject.as_str(), except.map(LoginId::as_str));
        let sql = "SELECT record FROM session
                   WHERE subject = $1 AND NOT ended AND login IS DISTINCT FROM $2 ORDER BY serial";
        self.end_sessions(sql, &[&subject, &except], ending).await?;
        let sql = "SELECT record FROM permit
                   WHERE subject = $1 AND NOT ended AND login IS DISTINCT FROM $2 ORDER BY serial";
        self.end_grants(sql, &[&subject, &except], ending).await?;
        let sql = "SELECT record FROM login WHERE subject = $1 AND NOT ended AND id IS DISTINCT FROM $2";
        self.end_logins(sql, &[&subject, &except], ending).await
    }

    async fn end_allowance(
        &mut self,
        subject: &Subject,
        client: &ClientId,
        ending: &Ending,
    ) -> Result<(), Stop> {
        let (subject, client) = (subject.as_str(), client.as_str());
        let sql =
            "SELECT record FROM session WHERE subject = $1 AND audience = $2 AND NOT ended ORDER BY serial";
        self.end_sessions(sql, &[&subject, &client], ending).await?;
        let sql =
            "SELECT record FROM permit WHERE subject = $1 AND client = $2 AND NOT ended ORDER BY serial";
        self.end_grants(sql, &[&subject, &client], ending).await?;
        // A code or ticket that is still under way would bring back what was withdrawn: its login lives on.
        let sql = "DELETE FROM one_time WHERE subject = $1 AND client = $2 AND NOT spent";
        self.run(sql, &[&subject, &client]).await?;
        Ok(())
    }

    async fn end_sessions(&mut self, sql: &str, values: Values<'_>, ending: &Ending) -> Result<(), Stop> {
        let sessions = self.records::<Session>(sql, values).await?;
        self.end_these(sessions, ending).await
    }

    async fn end_these(&mut self, sessions: Vec<Session>, ending: &Ending) -> Result<(), Stop> {
        if sessions.is_empty() {
            return Ok(());
        }
        let ended = |session: &Session| (LogKind::Ended(session.serial), kept(session.expires, ending));
        self.log_all(sessions.iter().map(ended).collect()).await?;
        let (mut serials, mut records) = (Vec::new(), Vec::new());
        for mut session in sessions {
            session.ended = Some(ending.clone());
            serials.push(int(session.serial.number()));
            records.push(encode(&session)?);
        }
        let sql = "UPDATE session SET ended = true, record = tomb.record
                   FROM unnest($1::bigint[], $2::bytea[]) AS tomb (serial, record)
                   WHERE session.serial = tomb.serial";
        self.run(sql, &[&serials, &records]).await?;
        Ok(())
    }

    async fn end_grants(&mut self, sql: &str, values: Values<'_>, ending: &Ending) -> Result<(), Stop> {
        let grants = self.records::<Grant>(sql, values).await?;
        if grants.is_empty() {
            return Ok(());
        }
        let ended = |grant: &Grant| (LogKind::Ended(grant.serial), kept(grant.expires, ending));
        self.log_all(grants.iter().map(ended).collect()).await?;
        let (mut serials, mut records) = (Vec::new(), Vec::new());
        for mut grant in grants {
            grant.ended = Some(ending.clone());
            serials.push(int(grant.serial.number()));
            records.push(encode(&grant)?);
        }
        let sql = "UPDATE permit SET ended = true, record = tomb.record
                   FROM unnest($1::bigint[], $2::bytea[]) AS tomb (serial, record)
                   WHERE permit.serial = tomb.serial";
        self.run(sql, &[&serials, &records]).await?;
        Ok(())
    }

    async fn end_logins(&self, sql: &str, values: Values<'_>, ending: &Ending) -> Result<(), Stop> {
        for mut login in self.records::<Login>(sql, values).await? {
            login.ended = Some(ending.clone());
            let sql = "UPDATE login SET ended = true, record = $2 WHERE id = $1";
            self.run(sql, &[&login.id.as_str(), &encode(&login)?]).await?;
        }
        Ok(())
    }

    pub(super) async fn mark_over(&mut self, covers: &str, kind: LogKind) -> Result<(), Stop> {
        let position = place(self.log(kind, FOR_GOOD).await?);
        self.run(
            "INSERT INTO watermark (covers, position) VALUES ($1, $2)
             ON CONFLICT (covers) DO UPDATE SET position = greatest(watermark.position, excluded.position)",
            &[&covers, &position],
        )
        .await?;
        Ok(())
    }
}

/// How long an entry is kept. What ends when it is long over stays in the log for a while all the same: an entry that is
/// swept before other nodes have heard it is a gap to them.
fn kept(expires: Timestamp, ending: &Ending) -> Timestamp {
    expires.max(ending.at)
}
