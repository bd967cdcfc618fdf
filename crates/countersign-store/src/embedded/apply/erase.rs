//! Erasing a person: their rows go, the audit log keeps the opaque subject only (GDPR article 17).

use countersign_core::audit::AuditEntry;
use countersign_core::extent::Ending;
use countersign_core::id::Subject;
use rusqlite::params;

use super::Applied;
use crate::codec::encode;
use crate::embedded::convert::{Stop, address, number, record};

impl Applied<'_> {
    pub(super) fn erase_user(&mut self, subject: &Subject, ending: &Ending) -> Result<(), Stop> {
        let user = self.person(subject)?;
        self.end_all_of(subject, None, ending)?;
        let this = [subject.as_str()];
        for sql in [
            "DELETE FROM segment WHERE slots IN (SELECT slots FROM session WHERE subject = ?1)",
            "DELETE FROM slot WHERE slots IN (SELECT slots FROM session WHERE subject = ?1)",
            "DELETE FROM operation WHERE slots IN (SELECT slots FROM session WHERE subject = ?1)",
            "DELETE FROM data WHERE slots IN (SELECT slots FROM session WHERE subject = ?1)",
            "DELETE FROM session WHERE subject = ?1",
            "DELETE FROM permit WHERE subject = ?1",
            "DELETE FROM login WHERE subject = ?1",
            "DELETE FROM one_time WHERE subject = ?1",
            "DELETE FROM consent WHERE subject = ?1",
            "DELETE FROM person WHERE subject = ?1",
        ] {
            self.run(sql, this)?;
        }
        self.run("DELETE FROM one_time WHERE email = ?1", [address(&user.email)])?;
        self.blur_audit(subject)?;
        self.erased.push(subject.clone());
        Ok(())
    }

    /// Takes the network prefix out of what the audit log says about `subject`.
    fn blur_audit(&self, subject: &Subject) -> Result<(), Stop> {
        let mut statement =
            self.connection.prepare_cached("SELECT number, record FROM audit WHERE subject = ?1")?;
        let rows = statement
            .query_map([subject.as_str()], |row| Ok((number(row, 0)?, record::<AuditEntry>(row, 1)?)))?;
        for (number, mut entry) in rows.collect::<rusqlite::Result<Vec<_>>>()? {
            if entry.network.take().is_some() {
                let number = crate::embedded::convert::int(number);
                self.run("UPDATE audit SET record = ?2 WHERE number = ?1", params![number, encode(&entry)?])?;
            }
        }
        Ok(())
    }
}
