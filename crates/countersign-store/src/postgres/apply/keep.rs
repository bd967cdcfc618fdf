//! Applications, signing keys, settings, and the audit log.

use countersign_core::audit::AuditEntry;
use countersign_core::batch::Conflict;
use countersign_core::extent::LogKind;
use countersign_core::id::{ClientId, Subject, Version};
use countersign_core::record::{Client, KeyRecord};

use super::Applied;
use super::log::FOR_GOOD;
use crate::codec::encode;
use crate::postgres::convert::Stop;

impl Applied<'_> {
    pub(super) async fn add_client(&self, client: &Client) -> Result<(), Stop> {
        if self.exists("SELECT 1 FROM client WHERE id = $1", &[&client.id.as_str()]).await? {
            return Err(Conflict::Taken.into());
        }
        let sql = "INSERT INTO client (id, record) VALUES ($1, $2)";
        self.run(sql, &[&client.id.as_str(), &encode(client)?]).await?;
        Ok(())
    }

    pub(super) async fn put_client(&self, client: &Client, expect: Version) -> Result<(), Stop> {
        let found: Client = self
            .record("SELECT record FROM client WHERE id = $1", &[&client.id.as_str()])
            .await?
            .ok_or(Conflict::Missing)?;
        if found.version != expect {
            return Err(Conflict::Moved.into());
        }
        let mut client = client.clone();
        client.version = expect.next();
        let sql = "UPDATE client SET record = $2 WHERE id = $1";
        self.run(sql, &[&client.id.as_str(), &encode(&client)?]).await?;
        Ok(())
    }

    pub(super) async fn put_key(&self, key: &KeyRecord) -> Result<(), Stop> {
        let sql = "INSERT INTO signing_key (kid, record) VALUES ($1, $2)
                   ON CONFLICT (kid) DO UPDATE SET record = excluded.record";
        self.run(sql, &[&key.kid, &encode(key)?]).await?;
        Ok(())
    }

    /// Removes a key; one that is not there is not said to have retired.
    pub(super) async fn drop_key(&mut self, kid: &str) -> Result<(), Stop> {
        if self.run("DELETE FROM signing_key WHERE kid = $1", &[&kid]).await? > 0 {
            self.log(LogKind::KeyRetired(kid.to_owned()), FOR_GOOD).await?;
        }
        Ok(())
    }

    pub(super) async fn add_setting(&self, name: &str, value: &[u8]) -> Result<(), Stop> {
        if self.exists("SELECT 1 FROM setting WHERE name = $1", &[&name]).await? {
            return Err(Conflict::Taken.into());
        }
        self.run("INSERT INTO setting (name, value) VALUES ($1, $2)", &[&name, &value]).await?;
        Ok(())
    }

    pub(super) async fn put_setting(&self, name: &str, was: &[u8], value: &[u8]) -> Result<(), Stop> {
        let sql = "UPDATE setting SET value = $3 WHERE name = $1 AND value = $2";
        if self.run(sql, &[&name, &was, &value]).await? == 0 {
            let there = self.exists("SELECT 1 FROM setting WHERE name = $1", &[&name]).await?;
            return Err(if there { Conflict::Moved } else { Conflict::Missing }.into());
        }
        Ok(())
    }

    pub(super) async fn audit(&self, entry: &AuditEntry) -> Result<(), Stop> {
        let subject = entry.subject.as_ref().map(Subject::as_str);
        let client = entry.client.as_ref().map(ClientId::as_str);
        let sql = "INSERT INTO audit (subject, client, record) VALUES ($1, $2, $3)";
        self.run(sql, &[&subject, &client, &encode(entry)?]).await?;
        Ok(())
    }
}
