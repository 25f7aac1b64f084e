//! Keeps a lock: renews the Lease until it is another's.

use std::sync::Arc;

use k8s_openapi::api::coordination::v1::Lease;

use super::record::{self, Record};
use super::validity::Validity;
use super::{LOOK, RENEW};
use crate::api::{ApiServer, CallError, Reason};

/// All that renewing needs.
pub(super) struct Renewing {
    /// With bounds that fit into the lock's duration.
    pub(super) api: ApiServer,
    pub(super) record: Record,
    pub(super) identity: String,
    pub(super) validity: Arc<Validity>,
}

impl Renewing {
    /// Renews again and again; ends when the lock is lost for good.
    pub(super) async fn run(self, mut lease: Lease) {
        loop {
            tokio::time::sleep(RENEW).await;
            loop {
                let asked = self.validity.now();
                match self.record.write(&self.api, &record::renewed(lease.clone())).await {
                    Ok(renewed) => {
                        lease = renewed;
                        self.validity.renew(asked);
                        break;
                    }
                    Err(error) => match self.after(error).await {
                        Next::Again(Some(present)) => lease = *present,
                        Next::Again(None) => {}
                        Next::Lost(reason) => return self.validity.lose(reason),
                    },
                }
            }
        }
    }

    /// Decides after a failed renewal. As long as the Lease names us, nobody else has had the lock, however long the API
    /// server was away: then it is renewed as soon as it can be.
    async fn after(&self, error: CallError) -> Next {
        match error.reason {
            // Its answer was lost and it was renewed, or it was taken over, or somebody has edited it.
            Reason::Changed => match self.record.read(&self.api).await {
                Ok(Some(lease)) if record::is_held_by(&lease, &self.identity) => {
                    Next::Again(Some(Box::new(lease)))
                }
                Ok(Some(lease)) => Next::Lost(format!("{} has it", record::holder_of(&lease))),
                Ok(None) => Next::Lost("the Lease was deleted".to_owned()),
                Err(_) => Next::Again(None),
            },
            Reason::NotFound | Reason::NoNamespace(_) => {
                Next::Lost("the Lease was deleted".to_owned())
            }
            _ => {
                tokio::time::sleep(LOOK).await;
                Next::Again(None)
            }
        }
    }
}

enum Next {
    /// Try again, with this Lease if there is a newer one.
    Again(Option<Box<Lease>>),
    /// It is another's.
    Lost(String),
}
