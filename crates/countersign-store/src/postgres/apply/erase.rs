//! Erasing a person: their rows go, the audit log keeps the opaque subject only (GDPR article 17).

use countersign_core::audit::AuditEntry;
use countersign_core::extent::Ending;
use countersign_core::id::Subject;

use super::Applied;
use crate::codec::encode;
use crate::column::{address, int};
use crate::ledger::Mark;
use crate::postgres::convert::{Stop, column, record};

impl Applied<'_> {
    pub(super) async fn erase_user(&mut self, subject: &Subject, ending: &Ending) -> Result<(), Stop> {
        let user = self.person(subject).await?;
        self.end_all_of(subject, None, ending).await?;
        for sql in [
            "DELETE FROM segment WHERE slots IN (SELECT slots FROM session WHERE subject = $1)",
            "DELETE FROM slot WHERE slots IN (SELECT slots FROM session WHERE subject = $1)",
            "DELETE FROM operation WHERE slots IN (SELECT slots FROM session WHERE subject = $1)",
            "DELETE FROM ahead WHERE slots IN (SELECT slots FROM session WHERE subject = $1)",
            "DELETE FROM data WHERE slots IN (SELECT slots FROM session WHERE subject = $1)",
            "DELETE FROM session WHERE subject = $1",
            "DELETE FROM permit WHERE subject = $1",
            "DELETE FROM login WHERE subject = $1",
            "DELETE FROM one_time WHERE subject = $1",
            "DELETE FROM consent WHERE subject = $1",
            "DELETE FROM person WHERE subject = $1",
        ] {
            self.run(sql, &[&subject.as_str()]).await?;
        }
        let email = address(&user.email);
        self.run("DELETE FROM one_time WHERE email = $1", &[&email.as_slice()]).await?;
        self.blur_audit(subject).await?;
        let mark = Mark::of(subject);
        self.remember(&[mark]).await?;
        self.erased.push(mark);
        Ok(())
    }

    /// Writes down, once each, that those with these marks were erased.
    pub(in crate::postgres) async fn remember(&mut self, marks: &[Mark]) -> Result<(), Stop> {
        let marks: Vec<&[u8]> = marks.iter().map(Mark::bytes).collect();
        let new = self.run(REMEMBER, &[&int(self.head.erased), &marks]).await?;
        self.head.erased = self.head.erased.saturating_add(new);
        Ok(())
    }

    /// Takes the network prefix out of what the audit log says about `subject`.
    async fn blur_audit(&self, subject: &Subject) -> Result<(), Stop> {
        let sql = "SELECT number, record FROM audit WHERE subject = $1";
        for row in self.link.rows(sql, &[&subject.as_str()]).await? {
            let (number, mut entry): (i64, AuditEntry) = (column(&row, 0)?, record(&row, 1)?);
            if entry.network.take().is_some() {
                let sql = "UPDATE audit SET record = $2 WHERE number = $1";
                self.run(sql, &[&number, &encode(&entry)?]).await?;
            }
        }
        Ok(())
    }
}

/// Numbers follow each other without a gap: the head is held.
const REMEMBER: &str = "INSERT INTO erased (number, mark)
    SELECT $1::bigint + row_number() OVER (), mark FROM unnest($2::bytea[]) AS new (mark)
    WHERE NOT EXISTS (SELECT FROM erased AS known WHERE known.mark = new.mark)";
