//! Long values, kept as they are and not as JSON: read and written in part, by the 64 KiB that a part lies in.
//!
//! A guest has 128 KiB in all, so there a part is read and written with the whole, and means the same.

use countersign::{Bytes, Expect, Slot, Version};
use countersign_core::Refusal;

use crate::rejection::Rejection;
use crate::session::Session;

impl Session {
    /// The whole of `slot` with its version; none when it was never written.
    ///
    /// # Errors
    /// As [`Session::read`].
    pub async fn read_bytes(&self, slot: Slot<Bytes>) -> Result<Option<(Version, Vec<u8>)>, Rejection> {
        if let Some(auth) = self.0.known() {
            let (engine, app) = self.0.app().await?;
            return Ok(engine.data(&app, auth.handle()).read_bytes(slot).await?);
        }
        self.0.left().await?.read_bytes(slot).await
    }

    /// Writes the whole of `slot` if `expect` holds of it; of a long value only the 64 KiB segments that differ from what is
    /// there.
    ///
    /// # Errors
    /// [`Refusal::Moved`]: it has another version. As [`Session::write`].
    pub async fn write_bytes(
        &self,
        slot: Slot<Bytes>,
        expect: Expect,
        value: &[u8],
    ) -> Result<Version, Rejection> {
        if let Some(auth) = self.0.known() {
            let (engine, app) = self.0.app().await?;
            return Ok(engine.data(&app, auth.handle()).write_bytes(slot, expect, value).await?);
        }
        self.0.leaving().await?.write_bytes(slot, expect, value).await
    }

    /// The bytes of `slot` from `offset` on, at most `bytes`, fewer where it ends; none when it was never written. Reads only
    /// the 64 KiB segments that hold them.
    ///
    /// # Errors
    /// As [`Session::read`].
    pub async fn read_part(
        &self,
        slot: Slot<Bytes>,
        offset: u64,
        bytes: u64,
    ) -> Result<Option<(Version, Vec<u8>)>, Rejection> {
        if let Some(auth) = self.0.known() {
            let (engine, app) = self.0.app().await?;
            return Ok(engine.data(&app, auth.handle()).read_part(slot, offset, bytes).await?);
        }
        let Some((version, whole)) = self.read_bytes(slot).await? else { return Ok(None) };
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(Some((version, whole.into_iter().skip(count(offset)).take(count(bytes)).collect())))
    }

    /// Writes `bytes` over what `slot` holds from `offset` on, all of it inside the value; `expect` is the version that was
    /// read. Reads and writes only the 64 KiB segments concerned.
    ///
    /// # Errors
    /// [`Refusal::Moved`]: it has another version. [`Refusal::Invalid`]: it would go beyond the end, or there are no bytes. As
    /// [`Session::write`].
    pub async fn write_part(
        &self,
        slot: Slot<Bytes>,
        expect: Version,
        offset: u64,
        bytes: &[u8],
    ) -> Result<Version, Rejection> {
        if let Some(auth) = self.0.known() {
            let (engine, app) = self.0.app().await?;
            return Ok(engine.data(&app, auth.handle()).write_part(slot, expect, offset, bytes).await?);
        }
        let (version, mut whole) = self.read_bytes(slot).await?.ok_or(Refusal::Moved)?;
        if version != expect {
            return Err(Refusal::Moved.into());
        }
        let begins = usize::try_from(offset).unwrap_or(usize::MAX);
        let ends = begins.saturating_add(bytes.len());
        let part = whole.get_mut(begins..ends).filter(|part| !part.is_empty());
        let part = part.ok_or_else(|| Refusal::Invalid {
            what: "a part of a slot lies inside its value and is not empty".to_owned(),
        })?;
        part.copy_from_slice(bytes);
        self.write_bytes(slot, Expect::At(expect), &whole).await
    }
}
