//! Applications, signing keys, settings, and the audit log.

use countersign_core::audit::AuditEntry;
use countersign_core::batch::Conflict;
use countersign_core::extent::LogKind;
use countersign_core::id::{ClientId, Subject, Version};
use countersign_core::record::{Client, KeyRecord};
use rusqlite::params;

use super::Applied;
use super::log::FOR_GOOD;
use crate::codec::encode;
use crate::embedded::convert::Stop;

impl Applied<'_> {
    pub(super) fn add_client(&self, client: &Client) -> Result<(), Stop> {
        if self.exists("SELECT 1 FROM client WHERE id = ?1", [client.id.as_str()])? {
            return Err(Conflict::Taken.into());
        }
        self.run(
            "INSERT INTO client (id, record) VALUES (?1, ?2)",
            params![client.id.as_str(), encode(client)?],
        )?;
        Ok(())
    }

    pub(super) fn put_client(&self, client: &Client, expect: Version) -> Result<(), Stop> {
        let found: Client = self
            .record("SELECT record FROM client WHERE id = ?1", [client.id.as_str()])?
            .ok_or(Conflict::Missing)?;
        if found.version != expect {
            return Err(Conflict::Moved.into());
        }
        let mut client = client.clone();
        client.version = expect.next();
        self.run(
            "UPDATE client SET record = ?2 WHERE id = ?1",
            params![client.id.as_str(), encode(&client)?],
        )?;
        Ok(())
    }

    pub(super) fn put_key(&self, key: &KeyRecord) -> Result<(), Stop> {
        self.run(
            "INSERT INTO signing_key (kid, record) VALUES (?1, ?2)
             ON CONFLICT (kid) DO UPDATE SET record = ?2",
            params![key.kid, encode(key)?],
        )?;
        Ok(())
    }

    /// Removes a key; one that is not there is not said to have retired.
    pub(super) fn drop_key(&mut self, kid: &str) -> Result<(), Stop> {
        if self.run("DELETE FROM signing_key WHERE kid = ?1", [kid])? > 0 {
            self.log(LogKind::KeyRetired(kid.to_owned()), FOR_GOOD)?;
        }
        Ok(())
    }

    pub(super) fn add_setting(&self, name: &str, value: &[u8]) -> Result<(), Stop> {
        if self.exists("SELECT 1 FROM setting WHERE name = ?1", [name])? {
            return Err(Conflict::Taken.into());
        }
        self.run("INSERT INTO setting (name, value) VALUES (?1, ?2)", params![name, value])?;
        Ok(())
    }

    pub(super) fn put_setting(&self, name: &str, was: &[u8], value: &[u8]) -> Result<(), Stop> {
        let sql = "UPDATE setting SET value = ?3 WHERE name = ?1 AND value = ?2";
        if self.run(sql, params![name, was, value])? == 0 {
            let there = self.exists("SELECT 1 FROM setting WHERE name = ?1", [name])?;
            return Err(if there { Conflict::Moved } else { Conflict::Missing }.into());
        }
        Ok(())
    }

    pub(super) fn audit(&self, entry: &AuditEntry) -> Result<(), Stop> {
        self.run(
            "INSERT INTO audit (subject, client, record) VALUES (?1, ?2, ?3)",
            params![
                entry.subject.as_ref().map(Subject::as_str),
                entry.client.as_ref().map(ClientId::as_str),
                encode(entry)?
            ],
        )?;
        Ok(())
    }
}
