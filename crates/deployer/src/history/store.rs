//! Revisions in the cluster: which Secret is written and deleted when.
//!
//! A head is written after its pieces and deleted before them, so that a head never lacks a piece because its deployer was
//! stopped. Pieces that were left so have no head, and go with the next write or delete.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::record::{self, Part, Secrets};
use super::{Damaged, History, Revision, codec};
use crate::api::{CallError, Reason, ResourcePath, Verb};
use crate::release::{INSTANCE, MANAGED_BY, MANAGER};

impl History<'_> {
    /// All revisions, ascending, by one call; none where the namespace is not there.
    ///
    /// # Errors
    /// Also [`Reason::Damaged`]: a piece is missing or was altered.
    pub async fn list(&self) -> Result<Vec<Revision>, CallError> {
        let secrets: Vec<Secret> = self.api.list(Some(&self.namespace), &self.selector()).await?;
        record::read(&secrets).map_err(|(name, reason)| {
            CallError::before(Verb::Get, self.place(&name).shown, Reason::Damaged(reason))
        })
    }

    /// The revisions that can be read, ascending, and those that cannot, by one call.
    ///
    /// # Errors
    /// The API server does not tell.
    pub async fn readable(&self) -> Result<(Vec<Revision>, Vec<Damaged>), CallError> {
        let secrets: Vec<Secret> = self.api.list(Some(&self.namespace), &self.selector()).await?;
        Ok(record::read_what_can_be(&secrets))
    }

    /// The revisions that can be read, for those who go on from the newest. `tell` is told of each that is passed over.
    ///
    /// # Errors
    /// Also [`Reason::Damaged`]: the newest cannot be read, which says what there is.
    pub async fn usable(&self, mut tell: impl FnMut(String)) -> Result<Vec<Revision>, CallError> {
        let (revisions, damaged) = self.readable().await?;
        let newest = revisions.last().map_or(0, |newest| newest.number);
        for damaged in damaged {
            if damaged.number.is_none_or(|number| number > newest) {
                let place = self.place(&damaged.secret);
                let reason = Reason::Damaged(damaged.reason);
                return Err(CallError::before(Verb::Get, place.shown, reason));
            }
            tell(damaged.to_string());
        }
        Ok(revisions)
    }

    /// Records a revision. One that is recorded already (same number, beginning and deployer) is replaced; of that, only
    /// the head is written where the manifests are the same.
    ///
    /// # Errors
    /// Also [`Reason::AlreadyExists`]: another deployment has recorded this number.
    pub async fn put(&self, revision: &Revision) -> Result<(), CallError> {
        self.put_in_pieces(revision, record::LIMIT).await
    }

    /// Forgets a revision; one that is not there is none.
    pub async fn delete(&self, number: u32) -> Result<(), CallError> {
        let (gone, kept): (Vec<_>, Vec<_>) =
            self.present().await?.into_iter().partition(|meta| {
                Part::of(meta) == Part::Head && record::number(meta) == Some(number)
            });
        for head in &gone {
            self.remove(head).await?;
        }
        self.sweep(&kept).await
    }

    /// Forgets all revisions, the newest last: should it be stopped, that one still tells what is there.
    pub async fn clear(&self) -> Result<(), CallError> {
        let (mut heads, pieces): (Vec<_>, Vec<_>) =
            self.present().await?.into_iter().partition(|meta| Part::of(meta) == Part::Head);
        heads.sort_by_key(record::number);
        for secret in heads.iter().chain(&pieces) {
            self.remove(secret).await?;
        }
        Ok(())
    }

    pub(super) async fn put_in_pieces(
        &self,
        revision: &Revision,
        limit: usize,
    ) -> Result<(), CallError> {
        let place = self.place(&record::name(&self.release, revision.number));
        if codec::hash(&revision.manifests) != revision.hash {
            let text = "the revision's hash is not that of its manifests".to_owned();
            return Err(CallError::before(Verb::Create, place.shown, Reason::Invalid(text)));
        }
        let Secrets { head, pieces } = record::write(&self.release, revision, limit);
        let mut present = self.present().await?;
        let old = present.iter().position(|meta| meta.name == head.metadata.name);
        let old = old.map(|index| present.swap_remove(index));
        if old
            .as_ref()
            .is_some_and(|old| record::origin_of(old) != record::origin_of(&head.metadata))
        {
            return Err(CallError::before(Verb::Create, place.shown, Reason::AlreadyExists));
        }
        for piece in &pieces {
            if !present.iter().any(|meta| meta.name == piece.metadata.name) {
                self.write_piece(piece).await?;
            }
        }
        self.write_head(&place, &head, old).await?;
        present.push(head.metadata);
        self.sweep(&present).await
    }

    /// A piece is named by its content: one that is there already is this one.
    async fn write_piece(&self, piece: &Secret) -> Result<(), CallError> {
        let place = self.place(piece.metadata.name.as_deref().unwrap_or_default());
        match self.api.create(&place, piece).await {
            Ok(_) | Err(CallError { reason: Reason::AlreadyExists, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn write_head(
        &self,
        place: &ResourcePath,
        head: &Secret,
        old: Option<ObjectMeta>,
    ) -> Result<(), CallError> {
        let mut head = head.clone();
        let written = match old {
            None => self.api.create(place, &head).await,
            Some(old) => {
                head.metadata.resource_version = old.resource_version;
                self.api.update(place, &head).await
            }
        };
        match written {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.reason, Reason::AlreadyExists | Reason::Changed) => {
                // An earlier attempt's answer may have been lost: then what is there is what we wrote.
                let there: Option<Secret> = self.api.read(place).await?;
                let ours = there.is_some_and(|there| {
                    there.data == head.data
                        && record::origin_of(&there.metadata) == record::origin_of(&head.metadata)
                });
                if ours { Ok(()) } else { Err(error) }
            }
            Err(error) => Err(error),
        }
    }

    /// Deletes the pieces that belong to no head.
    async fn sweep(&self, present: &[ObjectMeta]) -> Result<(), CallError> {
        for piece in record::orphans(present) {
            self.remove(piece).await?;
        }
        Ok(())
    }

    async fn remove(&self, meta: &ObjectMeta) -> Result<(), CallError> {
        let place = self.place(meta.name.as_deref().unwrap_or_default());
        self.api.remove(&place, meta.uid.as_deref().unwrap_or_default(), None).await?;
        Ok(())
    }

    /// The metadata of all heads and pieces, without what they hold.
    async fn present(&self) -> Result<Vec<ObjectMeta>, CallError> {
        self.api.list_metadata(&self.place(""), &self.selector()).await
    }

    fn selector(&self) -> String {
        format!("{MANAGED_BY}={MANAGER},{INSTANCE}={},{}", self.release, record::NUMBER)
    }

    fn place(&self, name: &str) -> ResourcePath {
        ResourcePath::new("Secret", "v1", "secrets", &self.namespace, name)
    }
}
