//! One deployment at a time: a Lease with holder and expiry.
//!
//! As client-go's leader election does (tools/leaderelection), nobody trusts another machine's clock: a lease has expired
//! when its record has not changed for its duration while one watched. A holder counts from before it asked for its last
//! renewal, a rival from after it saw it, so that the holder stops before the rival begins.
//!
//! Pure: `decide` (what a rival does), `validity` (whether a holder still may), `holder` (who holds it). `record` is the Lease
//! object, `renew` the background work.

mod decide;
mod holder;
mod record;
mod renew;
mod validity;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use tokio::task::JoinHandle;

use crate::api::{ApiServer, CallError, Reason, RetryPolicy};
use crate::event::{self, Sink};
use decide::{Observation, Step};
use record::Record;
use validity::Validity;

pub use holder::Holder;
pub use skyward_k3s::lock::who;
pub use validity::Clock;

/// The time that a lock lasts without being renewed (client-go's `LeaseDuration`).
pub const DURATION: Duration = Duration::from_secs(15);
/// The time between two renewals: a third of the duration, so that one may fail.
const RENEW: Duration = Duration::from_secs(5);
/// The wait of one who was not fast enough.
const RACE: Duration = Duration::from_millis(50);
/// The time between two looks of a deployer that waits.
const LOOK: Duration = Duration::from_secs(1);

/// The reason why there is no lock, or no longer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Another deployment is under way, and was for as long as we waited.
    #[error(
        "cannot lock release {release} in namespace {namespace}: {holder} has been deploying it since {since}, and still did \
         after {} s; nothing was changed. Next step: wait until that has ended, then run this again", waited.as_secs()
    )]
    Held {
        /// The release.
        release: String,
        /// Its namespace.
        namespace: String,
        /// The holder: `user@host (pid 7)`.
        holder: String,
        /// Since when, by the holder's clock.
        since: String,
        /// The time that we waited.
        waited: Duration,
    },
    /// It was ours, and may be another's now.
    #[error(
        "the lock on release {release} in namespace {namespace} may be another's by now: {reason}; nothing further is \
         changed. Next step: run this again; it continues from whatever is there"
    )]
    Lost {
        /// The release.
        release: String,
        /// Its namespace.
        namespace: String,
        /// The reason.
        reason: String,
    },
    /// The API server did not let us.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// The lock of a release.
pub struct Lock {
    record: Record,
    holder: Holder,
    clock: Clock,
}

/// A lock that is held. It is renewed in the background: the runtime must not be blocked for seconds. Dropped without
/// [`Held::release`], it expires, or is taken over at once by a run on this machine after this process has ended.
#[derive(Debug)]
pub struct Held {
    api: ApiServer,
    record: Record,
    holder: Holder,
    validity: Arc<Validity>,
    renewal: JoinHandle<()>,
}

impl Lock {
    /// The lock of the release of this name, for this process.
    pub fn new(namespace: &str, release: &str) -> Self {
        Self::of(namespace, release, Holder::this_process(), validity::since_boot())
    }

    /// The same for any holder, by any clock.
    pub fn of(namespace: &str, release: &str, holder: Holder, clock: Clock) -> Self {
        Self { record: Record::new(namespace, release), holder, clock }
    }

    /// Returns true where somebody has it, or has left it.
    ///
    /// # Errors
    /// The API server does not tell.
    pub async fn is_there(
        api: &ApiServer,
        namespace: &str,
        release: &str,
    ) -> Result<bool, CallError> {
        Ok(Record::new(namespace, release).read(api).await?.is_some())
    }

    /// Takes the lock, waiting at most `wait` for another deployment to end. Less than [`DURATION`] and a little is not
    /// enough to take over from a deployer that was killed on another machine.
    ///
    /// # Errors
    /// Another deployment is under way for longer than that; the API server does not let us.
    pub async fn acquire(
        api: &ApiServer,
        namespace: &str,
        release: &str,
        wait: Duration,
        sink: &Sink<'_>,
    ) -> Result<Held, LockError> {
        Self::new(namespace, release).take(api, wait, sink).await
    }

    /// As [`Lock::acquire`].
    ///
    /// # Errors
    /// As [`Lock::acquire`].
    pub async fn take(
        self,
        api: &ApiServer,
        wait: Duration,
        sink: &Sink<'_>,
    ) -> Result<Held, LockError> {
        let begun = (self.clock)();
        let mut seen = Observation::default();
        let mut told = String::new();
        let mut claimed = begun;
        loop {
            let asked = (self.clock)();
            let lease = self.record.read(api).await?;
            let now = (self.clock)();
            seen.look(lease.as_ref(), now);
            let ended = Holder::has_ended_here;
            let (expires_in, lease) =
                match (decide::step(lease.as_ref(), &self.holder, &seen, now, ended), lease) {
                    // From before we asked for it: a rival may have seen us as its holder since.
                    (Step::Ours, Some(lease)) => return Ok(self.held(api, lease, claimed)),
                    (Step::Wait(expires_in), Some(lease)) => (expires_in, lease),
                    (_, lease) => {
                        if let Some(lease) = self.claim(api, lease).await? {
                            return Ok(self.held(api, lease, asked));
                        }
                        claimed = asked;
                        tokio::time::sleep(RACE).await;
                        continue;
                    }
                };
            let waited = (self.clock)().saturating_sub(begun);
            let left = wait.saturating_sub(waited);
            if left.is_zero() {
                return Err(self.refused(&lease, waited));
            }
            self.tell(&lease, left, &mut told, sink);
            tokio::time::sleep(LOOK.min(expires_in).min(left)).await;
        }
    }

    /// Writes us into the Lease. None: another was faster.
    async fn claim(
        &self,
        api: &ApiServer,
        lease: Option<Lease>,
    ) -> Result<Option<Lease>, CallError> {
        let claimed = self.record.claimed(lease, &self.holder);
        match self.record.write(api, &claimed).await {
            Ok(lease) => Ok(Some(lease)),
            // Also if an answer was lost: then the next look finds us as the holder. NotFound: it was given back meanwhile.
            Err(CallError {
                reason: Reason::AlreadyExists | Reason::Changed | Reason::NotFound,
                ..
            }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn held(self, api: &ApiServer, lease: Lease, asked: Duration) -> Held {
        let Self { record, holder, clock } = self;
        let validity = Arc::new(Validity::new(asked, clock));
        // Renewals that fail are tried again within the time that is left, not beyond it.
        let policy = RetryPolicy {
            attempt: RENEW,
            total: DURATION.saturating_sub(RENEW),
            cap: LOOK,
            ..RetryPolicy::default()
        };
        let renewing = renew::Renewing {
            api: api.with_policy(policy),
            record: record.clone(),
            identity: holder.to_string(),
            validity: Arc::clone(&validity),
        };
        let renewal = tokio::spawn(renewing.run(lease));
        Held { api: api.clone(), record, holder, validity, renewal }
    }

    fn refused(&self, lease: &Lease, waited: Duration) -> LockError {
        LockError::Held {
            release: self.record.release.clone(),
            namespace: self.record.namespace.clone(),
            holder: record::holder_of(lease),
            since: record::since(lease),
            waited,
        }
    }

    /// Tells who holds it, once for each holder.
    fn tell(&self, lease: &Lease, left: Duration, told: &mut String, sink: &Sink<'_>) {
        let state = format!(
            "{} has been deploying since {}; it is taken over {} s after its last sign of life",
            record::holder_of(lease),
            record::since(lease),
            record::duration(lease).as_secs()
        );
        if state != *told {
            let lock = format!("the lock on {}", self.record.release);
            sink.emit(event::waiting(lock, state.as_str(), left));
            *told = state;
        }
    }
}

impl Held {
    /// The cluster for all that is done under the lock: before each attempt of a write, also a repeated one, it sees that
    /// the lock is still ours. While it is not renewed, because the API server does not answer, the write waits with it.
    #[must_use]
    pub fn api(&self) -> ApiServer {
        self.api.guarded(Arc::clone(&self.validity) as _)
    }

    /// Checks that the lock is ours at this moment. Writes through [`Held::api`] need not ask.
    ///
    /// # Errors
    /// The lock has not been renewed for as long as it lasts, or another has it.
    pub fn check(&self) -> Result<(), LockError> {
        self.validity.remaining().map(|_| ()).map_err(|reason| LockError::Lost {
            release: self.record.release.clone(),
            namespace: self.record.namespace.clone(),
            reason,
        })
    }

    /// Gives the lock back: the Lease is deleted, unless another has it by now. Nothing is left of it.
    ///
    /// # Errors
    /// The API server does not answer: then it expires.
    pub async fn release(mut self) -> Result<(), LockError> {
        self.renewal.abort();
        // It may have been in the middle of a renewal: after this, it is not.
        let _ = (&mut self.renewal).await;
        loop {
            let Some(lease) = self.record.read(&self.api).await? else { return Ok(()) };
            if !record::is_held_by(&lease, &self.holder.to_string()) {
                return Ok(());
            }
            if self.record.delete(&self.api, &lease).await? {
                return Ok(());
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}
