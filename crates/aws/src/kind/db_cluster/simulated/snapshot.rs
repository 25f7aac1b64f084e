//! The snapshots of database clusters, which outlive them.

use crate::Select;
use crate::kind::simulated::prelude::*;

/// The snapshot of a database that is gone, with its tags.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    shown: DbClusterSnapshot,
}

impl Kind for Snapshot {
    const NAME: &'static str = "db-cluster-snapshot";
    const MISSING: &'static str = "DBClusterSnapshotNotFoundFault";

    tags!(shown.tags);

    fn state(&self) -> String {
        self.shown.status.clone()
    }
}

/// Begins a snapshot of a cluster of so many GiB.
pub(super) fn begin(
    world: &mut World,
    name: &str,
    (cluster, storage_gib): (&str, i32),
    tags: Tags,
) {
    let (status, cluster) = ("creating".to_owned(), cluster.to_owned());
    let shown = DbClusterSnapshot { name: name.to_owned(), cluster, status, storage_gib, tags };
    world.put(name, Snapshot { shown });
}

/// Ends the snapshots of a cluster that are under way.
pub(super) fn finish(world: &mut World, cluster: &str) {
    let all = world.list(&Select::All, |snapshot: &Snapshot| snapshot.shown.clone());
    for snapshot in all.into_iter().filter(|one| one.cluster == cluster) {
        world.update::<Snapshot>(&snapshot.name, |one| one.shown.status = "available".into());
    }
}

impl World {
    pub(crate) fn describe_db_cluster_snapshots(
        &mut self,
        call: DescribeDBClusterSnapshots,
    ) -> Answer<Page<DbClusterSnapshot>> {
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
