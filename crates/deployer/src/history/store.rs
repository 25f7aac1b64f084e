//! Revisions in the cluster: which Secret is written and deleted when.
//!
//! A head is written after its pieces and deleted before them, so that a head never lacks a piece because its deployer was
//! stopped. Pieces that were left so have no head, and go with the next write or delete.

use k8s_openapi::api::core::v1::Secret;

use super::{History, Revision, record};
use crate::cluster::{CallError, Place, Reason, Verb};
use crate::release::{INSTANCE, MANAGED_BY, MANAGER};

impl History<'_> {
    /// All revisions, ascending; none where the namespace is not there.
    ///
    /// # Errors
    /// Also [`Reason::Damaged`]: a piece is missing or was altered.
    pub async fn list(&self) -> Result<Vec<Revision>, CallError> {
        let secrets = self.secrets().await?;
        record::read(&secrets).map_err(|(name, reason)| CallError {
            verb: Verb::Get,
            object: self.place(&name).shown,
            reason: Reason::Damaged(reason),
            maybe_done: false,
        })
    }

    /// Records a revision. One that is recorded already (same number, beginning and deployer) is replaced.
    ///
    /// # Errors
    /// Also [`Reason::AlreadyExists`]: another deployment has recorded this number.
    pub async fn put(&self, revision: &Revision) -> Result<(), CallError> {
        let secrets = record::write(&self.release, revision, record::LIMIT);
        for piece in secrets.pieces {
            let place = self.place(piece.metadata.name.as_deref().unwrap_or_default());
            match self.cluster.create(&place, &piece).await {
                Ok(_) | Err(CallError { reason: Reason::AlreadyExists, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let place = self.place(&record::name(&self.release, revision.number));
        let mut head = secrets.head;
        match self.cluster.read::<Secret>(&place).await? {
            None => self.cluster.create(&place, &head).await?,
            Some(present) => {
                head.metadata.resource_version = present.metadata.resource_version;
                self.cluster.update(&place, &head).await?
            }
        };
        Ok(())
    }

    /// Forgets a revision; one that is not there is none.
    pub async fn delete(&self, number: u32) -> Result<(), CallError> {
        let wanted = number.to_string();
        let mut secrets = self.secrets().await?;
        secrets.retain(|secret| {
            secret.metadata.labels.as_ref().and_then(|labels| labels.get(record::NUMBER))
                == Some(&wanted)
        });
        secrets.sort_by_key(|secret| secret.metadata.name.clone());
        for secret in secrets {
            let place = self.place(secret.metadata.name.as_deref().unwrap_or_default());
            let uid = secret.metadata.uid.unwrap_or_default();
            self.cluster.remove(&place, &uid, None).await?;
        }
        Ok(())
    }

    async fn secrets(&self) -> Result<Vec<Secret>, CallError> {
        let labels =
            format!("{MANAGED_BY}={MANAGER},{INSTANCE}={},{}", self.release, record::NUMBER);
        self.cluster.list(Some(&self.namespace), &labels).await
    }

    fn place(&self, name: &str) -> Place {
        Place::new("Secret", "v1", "secrets", &self.namespace, name)
    }
}
