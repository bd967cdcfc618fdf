//! Hashing passwords on a few threads with a queue that ends: a crowd at the door gets an honest "busy" instead of all the
//! memory.
//!
//! Argon2id (RFC 9106) with 46 MiB, one pass, one lane, as OWASP's password storage cheat sheet has it. An unknown account
//! costs the same hash as a known one. The threads begin with the first job; their memory is given back after each.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, CustomizedPasswordHasher, Params, PasswordVerifier, Version};
use countersign_core::record::user::PasswordHash;
use countersign_core::signin::password::Password;
use countersign_core::{Fault, Refusal};
use tokio::sync::oneshot;
use zxcvbn::{Score, zxcvbn};

use crate::error::{Result, crypto};

/// How costly a password hash is, and how many are made at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashingLimits {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    threads: usize,
    queue: usize,
}

impl HashingLimits {
    /// The least memory of one hash: 46 MiB.
    pub const MEMORY_KIB_MIN: u32 = 46 * 1024;

    /// These costs with `threads` hashes at once and `queue` waiting.
    ///
    /// # Errors
    /// Less memory than [`Self::MEMORY_KIB_MIN`], or a number that is zero or beyond reason.
    ///
    /// ```
    /// use countersign::HashingLimits;
    /// assert!(HashingLimits::new(64 * 1024, 1, 1, 2, 64).is_ok());
    /// assert!(HashingLimits::new(1024, 1, 1, 2, 64).is_err());
    /// ```
    pub fn new(
        memory_kib: u32,
        passes: u32,
        lanes: u32,
        threads: usize,
        queue: usize,
    ) -> Result<Self, Fault> {
        if memory_kib < Self::MEMORY_KIB_MIN {
            return Err(Fault::Unfit(format!(
                "a password hash takes at least {} KiB, not {memory_kib}",
                Self::MEMORY_KIB_MIN
            )));
        }
        if !(1..=64).contains(&threads) || !(1..=4096).contains(&queue) {
            return Err(Fault::Unfit("hashing takes 1 to 64 threads and a queue of 1 to 4,096".to_owned()));
        }
        let limits = Self { memory_kib, passes, lanes, threads, queue };
        limits.params()?;
        Ok(limits)
    }

    /// Costs that protect nothing, so that a test of something else is quick.
    pub(crate) const fn cheap() -> Self {
        Self { memory_kib: 8, passes: 1, lanes: 1, threads: 2, queue: 4096 }
    }

    fn params(&self) -> Result<Params, Fault> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(crypto)
    }
}

impl Default for HashingLimits {
    fn default() -> Self {
        Self { memory_kib: Self::MEMORY_KIB_MIN, passes: 1, lanes: 1, threads: 2, queue: 64 }
    }
}

/// What a comparison showed.
#[derive(Debug)]
pub(crate) struct Compared {
    /// Whether the password is the account's.
    pub(crate) same: bool,
    /// A hash of the same password by today's costs, when the stored one was made by others.
    pub(crate) stronger: Option<PasswordHash>,
}

/// The threads that hash.
pub(crate) struct Hasher {
    limits: HashingLimits,
    params: Params,
    /// Stands in for the hash of an account that does not exist; no password is known to match it.
    nobody: String,
    pool: Mutex<Option<Pool>>,
}

type Job = Box<dyn FnOnce() + Send>;

struct Pool {
    jobs: SyncSender<Job>,
    threads: Vec<JoinHandle<()>>,
}

impl Hasher {
    /// A hasher whose stand-in hash is made of `chance`; nothing is hashed yet.
    pub(crate) fn new(limits: HashingLimits, chance: &[u8; 48]) -> Result<Self, Fault> {
        let params = limits.params()?;
        let (salt, output) = chance.split_at(16);
        let nobody = Phc {
            algorithm: argon2::ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(crypto)?,
            salt: Some(Salt::new(salt).map_err(crypto)?),
            hash: Some(Output::new(output).map_err(crypto)?),
        };
        Ok(Self { limits, params, nobody: nobody.to_string(), pool: Mutex::new(None) })
    }

    /// Compares `password` with the account's hash; without an account the same work is done and nothing matches.
    pub(crate) async fn compare(
        &self,
        password: Password,
        account: Option<&PasswordHash>,
        salt: [u8; 16],
    ) -> Result<Compared, Fault> {
        let known = account.is_some();
        let stored = account.map_or_else(|| self.nobody.clone(), |hash| hash.0.clone());
        let params = self.params.clone();
        self.run(move || {
            let stored = Phc::new(&stored).map_err(|fault| Fault::Codec(fault.to_string()))?;
            let typed = password.reveal().as_bytes();
            let same = Argon2::default().verify_password(typed, &stored).is_ok() && known;
            let outdated = Params::try_from(&stored).is_ok_and(|old| !alike(&old, &params));
            let stronger = if same && outdated { Some(hash(&params, typed, &salt)?) } else { None };
            Ok(Compared { same, stronger })
        })
        .await?
    }

    /// A hash that no password has.
    pub(crate) fn nobody(&self) -> PasswordHash {
        PasswordHash(self.nobody.clone())
    }

    /// Hashes a new password, or says that it is easy to guess; `context` holds words that a guesser would try first.
    pub(crate) async fn choose(
        &self,
        password: Password,
        context: Vec<String>,
        salt: [u8; 16],
    ) -> Result<PasswordHash> {
        let params = self.params.clone();
        let chosen = self
            .run(move || {
                // The estimate takes time that grows faster than the text; what is long is judged by its beginning.
                let beginning: String = password.reveal().chars().take(100).collect();
                let words: Vec<&str> = context.iter().map(String::as_str).collect();
                let weak = zxcvbn(&beginning, &words).score() < Score::Three;
                // Hashed even when weak: refusals take the time of acceptances.
                let hash = hash(&params, password.reveal().as_bytes(), &salt)?;
                Ok::<_, Fault>((weak, hash))
            })
            .await??;
        match chosen {
            (true, _) => Err(Refusal::PasswordWeak.into()),
            (false, hash) => Ok(hash),
        }
    }

    /// Lets the threads finish their job and waits for them.
    pub(crate) fn close(&self) {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Pool { jobs, threads }) = pool {
            drop(jobs);
            for thread in threads {
                // A thread that panicked has nothing left to wait for.
                let _ = thread.join();
            }
        }
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move || {
            // Whoever asked may have gone.
            let _ = answer.send(work());
        });
        self.submit(job)?;
        answered.await.map_err(|_| Fault::Crypto("a password hash was given up".to_owned()))
    }

    fn submit(&self, job: Job) -> Result<(), Fault> {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = match &mut *pool {
            Some(pool) => pool,
            none => none.insert(Pool::begin(self.limits)?),
        };
        pool.jobs.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => Fault::Busy,
            TrySendError::Disconnected(_) => Fault::Crypto("the hashing threads are gone".to_owned()),
        })
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Pool {
    fn begin(limits: HashingLimits) -> Result<Self, Fault> {
        let (jobs, queue) = sync_channel(limits.queue);
        let queue = Arc::new(Mutex::new(queue));
        let mut threads = Vec::new();
        for number in 0..limits.threads {
            let queue = Arc::clone(&queue);
            let thread = std::thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || work_off(&queue))
                .map_err(crypto)?;
            threads.push(thread);
        }
        Ok(Self { jobs, threads })
    }
}

fn work_off(queue: &Mutex<Receiver<Job>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A job that panics drops its answer, which its asker sees as a fault; the thread goes on.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

fn hash(params: &Params, password: &[u8], salt: &[u8]) -> Result<PasswordHash, Fault> {
    let hashed: Phc = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_customized(password, salt, None, None, params.clone())
        .map_err(crypto)?;
    Ok(PasswordHash(hashed.to_string()))
}

fn alike(a: &Params, b: &Params) -> bool {
    (a.m_cost(), a.t_cost(), a.p_cost()) == (b.m_cost(), b.t_cost(), b.p_cost())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::typed(text.to_owned())
    }

    fn hasher(limits: HashingLimits) -> Hasher {
        Hasher::new(limits, &[7; 48]).unwrap()
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let hasher = hasher(HashingLimits::cheap());
        let hash = hasher.choose(password("lantern rope harbour"), Vec::new(), [1; 16]).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{}", hash.0);
        assert!(hasher.compare(password("lantern rope harbour"), Some(&hash), [2; 16]).await.unwrap().same);
        assert!(!hasher.compare(password("lantern rope harbor"), Some(&hash), [2; 16]).await.unwrap().same);
        assert!(!hasher.compare(password("lantern rope harbour"), None, [2; 16]).await.unwrap().same);
    }

    #[tokio::test]
    async fn an_unknown_account_costs_the_same_hash_as_a_known_one() {
        let hasher = hasher(HashingLimits::cheap());
        let known = hasher.choose(password("lantern rope harbour"), Vec::new(), [1; 16]).await.unwrap().0;
        // Algorithm, version, costs, and the lengths of salt and output.
        let shape = |phc: &str| {
            let parts: Vec<_> = phc.split('$').map(str::to_owned).collect();
            (parts[..4].to_vec(), parts[4].len(), parts[5].len())
        };
        assert_eq!(shape(&hasher.nobody), shape(&known));
        assert_eq!(HashingLimits::default().memory_kib, 46 * 1024);
    }

    #[tokio::test]
    async fn a_hash_by_other_costs_is_made_anew() {
        let hash = hasher(HashingLimits::cheap());
        let hash = hash.choose(password("lantern rope"), Vec::new(), [1; 16]).await.unwrap();
        let dearer = hasher(HashingLimits { memory_kib: 16, ..HashingLimits::cheap() });
        let compared = dearer.compare(password("lantern rope"), Some(&hash), [2; 16]).await.unwrap();
        let stronger = compared.stronger.unwrap();
        assert!(stronger.0.contains("m=16,"));
        assert!(
            dearer
                .compare(password("lantern rope"), Some(&stronger), [3; 16])
                .await
                .unwrap()
                .stronger
                .is_none()
        );
    }

    #[tokio::test]
    async fn a_guessable_password_and_one_made_of_the_address_are_weak() {
        let hasher = hasher(HashingLimits::cheap());
        let choose = |text: &str| hasher.choose(password(text), vec!["grizelda-marsh".to_owned()], [1; 16]);
        assert_eq!(choose("password1!").await, Err(Refusal::PasswordWeak.into()));
        assert_eq!(choose("grizelda-marsh1").await, Err(Refusal::PasswordWeak.into()));
        assert!(choose("lantern rope harbour slate").await.is_ok());
    }

    #[tokio::test]
    async fn a_full_queue_says_busy_at_once() {
        let hasher = hasher(HashingLimits { threads: 1, queue: 1, ..HashingLimits::cheap() });
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        // One job holds the thread; then jobs are queued until one is refused.
        let mut refused = None;
        hasher.submit(Box::new(move || assert!(gate.lock().unwrap().recv().is_ok()))).unwrap();
        for _ in 0..3 {
            refused = hasher.submit(Box::new(|| ())).err().or(refused);
        }
        assert_eq!(refused, Some(Fault::Busy));
        open.send(()).unwrap();
        hasher.close();
    }

    #[tokio::test]
    async fn a_job_that_panics_is_a_fault_and_the_next_one_runs() {
        let hasher = hasher(HashingLimits { threads: 1, ..HashingLimits::cheap() });
        let fallen = hasher.run(|| assert!(std::hint::black_box(false), "on purpose")).await;
        assert!(matches!(fallen, Err(Fault::Crypto(_))));
        assert_eq!(hasher.run(|| 7).await, Ok(7));
    }
}
