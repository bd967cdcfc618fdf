//! The keys that live as long as the store: made by chance once, kept in the store sealed under the master key.
//!
//! A store that was sealed under another master key does not open: nothing is served under the wrong one.

use std::fmt;

use countersign_core::Fault;
use countersign_core::batch::{Batch, Change, Conflict, Outcome};
use countersign_core::handle::HandleKeys;
use countersign_core::port::{Directory, Entropy, Store};
use zeroize::Zeroizing;

use crate::secret::{MasterKey, Sealing};

/// What the keys that are kept in the store are called there.
pub(crate) const NAMES: [&str; 4] = [HANDLES, REFRESH, SID, MARKS];
const HANDLES: &str = "handle-key-1";
const REFRESH: &str = "refresh-key";
const SID: &str = "sid-key";
const MARKS: &str = "mark-key";

/// The keys that live as long as the store.
pub(crate) struct Roots {
    /// Makes serials opaque.
    pub(crate) handles: HandleKeys,
    /// Makes refresh tokens (HMAC).
    pub(crate) refresh: Zeroizing<[u8; 32]>,
    /// Makes OIDC's `sid` (HMAC).
    pub(crate) sid: Zeroizing<[u8; 32]>,
    /// Makes device marks (HMAC).
    pub(crate) marks: Zeroizing<[u8; 32]>,
    /// Seals the keys above.
    pub(crate) store_keys: Sealing,
    /// Seals private signing keys.
    pub(crate) signing_keys: Sealing,
    /// Seals the keys that seal people's data.
    pub(crate) data_keys: Sealing,
    /// Seals the keys that seal guests' data.
    pub(crate) guest_keys: Sealing,
}

impl Roots {
    /// Opens the keys, making those that are not there.
    pub(crate) async fn open(
        master: &MasterKey,
        store: &dyn Store,
        directory: &dyn Directory,
        entropy: &dyn Entropy,
    ) -> Result<Self, Fault> {
        let sealing = master.sealing("store keys")?;
        let kept = Kept { sealing: &sealing, store, directory, entropy };
        let handle = kept.key(HANDLES).await?;
        let Some((handle, _)) = handle.split_first_chunk::<16>() else {
            return Err(Fault::Codec("a handle key is too short".to_owned()));
        };
        let handles = HandleKeys::one(1, handle)?;
        let (refresh, sid, marks) = (kept.key(REFRESH).await?, kept.key(SID).await?, kept.key(MARKS).await?);
        Ok(Self {
            handles,
            refresh,
            sid,
            marks,
            store_keys: sealing,
            signing_keys: master.sealing("signing keys")?,
            data_keys: master.sealing("data keys")?,
            guest_keys: master.sealing("guest keys")?,
        })
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Roots(..)")
    }
}

struct Kept<'a> {
    sealing: &'a Sealing,
    store: &'a dyn Store,
    directory: &'a dyn Directory,
    entropy: &'a dyn Entropy,
}

impl Kept<'_> {
    async fn key(&self, name: &str) -> Result<Zeroizing<[u8; 32]>, Fault> {
        if let Some(sealed) = self.directory.setting(name).await? {
            return self.unseal(name, &sealed);
        }
        let mut key = Zeroizing::new([0; 32]);
        self.entropy.fill(key.as_mut_slice())?;
        let mut nonce = [0; 12];
        self.entropy.fill(&mut nonce)?;
        let value = self.sealing.seal(nonce, name.as_bytes(), key.as_slice())?;
        match self.store.commit(Batch::of(Change::AddSetting { name: name.to_owned(), value })).await? {
            Outcome::Committed(..) => Ok(key),
            Outcome::Conflict(Conflict::Taken) => match self.directory.setting(name).await? {
                Some(sealed) => self.unseal(name, &sealed),
                None => Err(Fault::Store(format!("the setting `{name}` is taken and not there"))),
            },
            Outcome::Conflict(conflict) => {
                Err(Fault::Store(format!("the setting `{name}` was refused: {conflict:?}")))
            }
        }
    }

    fn unseal(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<[u8; 32]>, Fault> {
        let wrong = || {
            Fault::Unfit(
                "it was sealed under another master key; start with the key that it was made with".to_owned(),
            )
        };
        let plain = self.sealing.open(name.as_bytes(), sealed).map_err(|_| wrong())?;
        plain.as_slice().try_into().map(Zeroizing::new).map_err(|_| wrong())
    }
}
