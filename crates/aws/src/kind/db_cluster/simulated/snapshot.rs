//! The snapshots of database clusters, which outlive them.

use crate::Select;
use crate::kind::simulated::prelude::*;

/// The snapshot of a database that is gone, with its tags.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    shown: DbClusterSnapshot,
    /// The user of the database, whose password is in it too.
    user: Option<String>,
}

impl Kind for Snapshot {
    const NAME: &'static str = "db-cluster-snapshot";
    const MISSING: &'static str = "DBClusterSnapshotNotFoundFault";

    tags!(shown.tags);

    fn state(&self) -> String {
        self.shown.status.clone()
    }
}

/// Begins a snapshot of a cluster.
pub(super) fn begin(world: &mut World, name: &str, cluster: &DbCluster) {
    let is_copied = cluster.copy_tags_to_snapshot;
    let key = world.arn("kms", "key/aws-rds-simulated");
    let shown = DbClusterSnapshot {
        name: name.to_owned(),
        cluster: cluster.name.clone(),
        status: "creating".into(),
        engine: cluster.engine.clone(),
        engine_version: cluster.engine_version.clone(),
        storage_gib: cluster.storage_gib.unwrap_or_default(),
        encrypted: cluster.encrypted,
        key: cluster.encrypted.then_some(key),
        tags: if is_copied { cluster.tags.clone() } else { Tags::new() },
    };
    world.put(name, Snapshot { shown, user: cluster.user.clone() });
}

/// Ends the snapshots of a cluster that are under way.
pub(super) fn finish(world: &mut World, cluster: &str) {
    let all = world.list(&Select::All, |snapshot: &Snapshot| snapshot.shown.clone());
    for snapshot in all.into_iter().filter(|one| one.cluster == cluster) {
        world.update::<Snapshot>(&snapshot.name, |one| one.shown.status = "available".into());
    }
}

impl World {
    /// The user with its password, the size of the storage and its encryption are the snapshot's; the password is in no secret.
    pub(crate) fn restore_db_cluster_from_snapshot(
        &mut self,
        call: RestoreDBClusterFromSnapshot,
    ) -> Answer<()> {
        let mut cluster = call.cluster;
        if cluster.user.is_some() || cluster.database.is_some() || cluster.storage_gib.is_some() {
            let message =
                "The user, the database and the storage's size are those of the snapshot.";
            return refuse("InvalidParameterCombination", message);
        }
        let Snapshot { shown, user } = self.find::<Snapshot>(&call.snapshot)?.clone();
        if shown.status != "available" {
            let message = format!("The snapshot {} is in {} state.", shown.name, shown.status);
            return refuse("InvalidDBClusterSnapshotStateFault", message);
        }
        if shown.engine != cluster.engine {
            let message = format!(
                "The engine name requested for your DB cluster ({}) doesn't match the engine name of your snapshot ({}).",
                cluster.engine, shown.engine
            );
            return refuse("InvalidParameterCombination", message);
        }
        (cluster.user, cluster.storage_gib) = (user, Some(shown.storage_gib));
        (cluster.encrypted, cluster.secret) = (shown.encrypted, None);
        self.begin_cluster(cluster)
    }

    pub(crate) fn describe_db_cluster_snapshots(
        &mut self,
        call: DescribeDBClusterSnapshots,
    ) -> Answer<Page<DbClusterSnapshot>> {
        if let Some(name) = call.name {
            let snapshot = self.find::<Snapshot>(&name)?.shown.clone();
            return Ok(Page { items: vec![snapshot], next: None });
        }
        self.page(&Select::All, call.page, |snapshot: &Snapshot| snapshot.shown.clone())
    }

    pub(crate) fn delete_db_cluster_snapshot(
        &mut self,
        call: DeleteDBClusterSnapshot,
    ) -> Answer<()> {
        let status = &self.find::<Snapshot>(&call.name)?.shown.status;
        if status != "available" {
            let message = format!("Cannot delete the snapshot: it is in {status} state.");
            return refuse("InvalidDBClusterSnapshotStateFault", message);
        }
        self.delete::<Snapshot>(&call.name)
    }
}
