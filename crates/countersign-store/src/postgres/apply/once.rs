//! Things that work once. One transaction at a time reads and marks a key, so of any number of presentations one wins.

use countersign_core::batch::Conflict;
use countersign_core::id::{ClientId, Serial, Subject};
use countersign_core::record::onetime::Spent;
use countersign_core::record::{Login, OneTime, SpendKey};
use countersign_core::time::Timestamp;

use super::Applied;
use crate::codec::encode;
use crate::column::{Names, address, time};
use crate::postgres::convert::Stop;

impl Applied<'_> {
    pub(super) async fn issue(&self, one_time: &OneTime) -> Result<(), Stop> {
        let key = one_time.key.0.as_slice();
        if self.exists("SELECT 1 FROM one_time WHERE key = $1", &[&key]).await? {
            return Err(Conflict::Taken.into());
        }
        let names = Names::of(&one_time.purpose);
        let holder = match (names.subject, names.login) {
            (Some(subject), _) => Some(subject.clone()),
            (None, Some(login)) => self
                .record::<Login>("SELECT record FROM login WHERE id = $1", &[&login.as_str()])
                .await?
                .map(|login| login.subject),
            (None, None) => None,
        };
        self.run(
            "INSERT INTO one_time (key, subject, email, client, spent, expires, record)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                &key,
                &holder.as_ref().map(Subject::as_str),
                &names.email.map(|email| address(email).to_vec()),
                &names.client.map(ClientId::as_str),
                &one_time.spent.is_some(),
                &time(one_time.expires),
                &encode(one_time)?,
            ],
        )
        .await?;
        Ok(())
    }

    pub(super) async fn spend(
        &self,
        key: &SpendKey,
        at: Timestamp,
        gave: Option<Serial>,
    ) -> Result<(), Stop> {
        let mut one_time: OneTime = self
            .record("SELECT record FROM one_time WHERE key = $1", &[&key.0.as_slice()])
            .await?
            .ok_or(Conflict::Missing)?;
        // Used comes before over: a second use is evidence also when it comes late.
        if one_time.spent.is_some() {
            return Err(Conflict::Spent.into());
        }
        if one_time.expires <= at {
            return Err(Conflict::Over.into());
        }
        self.above_marks(one_time.born, Names::of(&one_time.purpose).client).await?;
        one_time.spent = Some(Spent { at, gave });
        let sql = "UPDATE one_time SET spent = true, record = $2 WHERE key = $1";
        self.run(sql, &[&key.0.as_slice(), &encode(&one_time)?]).await?;
        Ok(())
    }
}
