//! Things that work once. One transaction at a time reads and marks a key, so of any number of presentations one wins.

use countersign_core::batch::Conflict;
use countersign_core::id::{ClientId, Serial, Subject};
use countersign_core::record::onetime::Spent;
use countersign_core::record::{Login, OneTime, SpendKey};
use countersign_core::time::Timestamp;
use rusqlite::params;

use super::Applied;
use crate::codec::encode;
use crate::column::Names;
use crate::embedded::convert::{Stop, address, time};

impl Applied<'_> {
    pub(super) fn issue(&self, one_time: &OneTime) -> Result<(), Stop> {
        if self.exists("SELECT 1 FROM one_time WHERE key = ?1", [one_time.key.0])? {
            return Err(Conflict::Taken.into());
        }
        let names = Names::of(&one_time.purpose);
        let holder = match (names.subject, names.login) {
            (Some(subject), _) => Some(subject.clone()),
            (None, Some(login)) => self
                .record::<Login>("SELECT record FROM login WHERE id = ?1", [login.as_str()])?
                .map(|login| login.subject),
            (None, None) => None,
        };
        self.run(
            "INSERT INTO one_time (key, subject, email, client, spent, expires, record)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                one_time.key.0,
                holder.as_ref().map(Subject::as_str),
                names.email.map(address),
                names.client.map(ClientId::as_str),
                one_time.spent.is_some(),
                time(one_time.expires),
                encode(one_time)?
            ],
        )?;
        Ok(())
    }

    pub(super) fn spend(&self, key: &SpendKey, at: Timestamp, gave: Option<Serial>) -> Result<(), Stop> {
        let mut one_time: OneTime =
            self.record("SELECT record FROM one_time WHERE key = ?1", [key.0])?.ok_or(Conflict::Missing)?;
        // Used comes before over: a second use is evidence also when it comes late.
        if one_time.spent.is_some() {
            return Err(Conflict::Spent.into());
        }
        if one_time.expires <= at {
            return Err(Conflict::Over.into());
        }
        self.above_marks(one_time.born, Names::of(&one_time.purpose).client)?;
        one_time.spent = Some(Spent { at, gave });
        self.run(
            "UPDATE one_time SET spent = 1, record = ?2 WHERE key = ?1",
            params![key.0, encode(&one_time)?],
        )?;
        Ok(())
    }
}
