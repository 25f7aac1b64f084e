//! Keeps a lock: renews the Lease until it is another's.

use std::sync::Arc;

use k8s_openapi::api::coordination::v1::Lease;

use super::record::{self, Record};
use super::tenure::Tenure;
use super::{LOOK, RENEW};
use crate::cluster::{CallError, Cluster, Reason};

/// What renewing needs.
pub(super) struct Renewing {
    /// With bounds that fit into the lock's duration.
    pub(super) cluster: Cluster,
    pub(super) record: Record,
    pub(super) identity: String,
    pub(super) tenure: Arc<Tenure>,
}

impl Renewing {
    /// Renews again and again; ends when the lock is lost for good.
    pub(super) async fn run(self, mut lease: Lease) {
        loop {
            tokio::time::sleep(RENEW).await;
            loop {
                let asked = self.tenure.now();
                match self.record.write(&self.cluster, &record::renewed(lease.clone())).await {
                    Ok(renewed) => {
                        lease = renewed;
                        self.tenure.renew(asked);
                        break;
                    }
                    Err(error) => match self.after(error).await {
                        Next::Again(Some(present)) => lease = *present,
                        Next::Again(None) => {}
                        Next::Lost(reason) => return self.tenure.lose(reason),
                    },
                }
            }
        }
    }

    /// What a failed renewal leads to. As long as the Lease names us, nobody else has had the lock, however long the API
    /// server was away: then it is renewed as soon as it can be.
    async fn after(&self, error: CallError) -> Next {
        match error.reason {
            // Its answer was lost and it was renewed, or it was taken over, or somebody has edited it.
            Reason::Changed => match self.record.read(&self.cluster).await {
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
