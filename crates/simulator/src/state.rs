use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::addresses::{ElasticIp, Nat};
use super::balancer::Balancer;
use super::buckets::Bucket;
use super::database::Cluster;
use super::db_subnets::SubnetGroup;
use super::groups::Group;
use super::health::Target;
use super::instances::Machine;
use super::interfaces::Interface;
use super::listeners::{Port, Targets};
use super::network::Network;
use super::roles::{FullRole, Profile};
use super::routes::Table;
use super::scaling::Scaling;
use super::store::{Store, Time};
use super::templates::Template;
use skyward_aws::Operation;
use skyward_aws::model::{FlowLog, InternetGateway, Subnet, Tags, VpcEndpoint};

/// Everything that an account holds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) vpcs: Store<Network>,
    pub(super) subnets: Store<Subnet>,
    pub(super) gateways: Store<InternetGateway>,
    pub(super) addresses: Store<ElasticIp>,
    pub(super) nats: Store<Nat>,
    pub(super) tables: Store<Table>,
    pub(super) groups: Store<Group>,
    pub(super) interfaces: Store<Interface>,
    pub(super) endpoints: Store<VpcEndpoint>,
    pub(super) flow_logs: Store<FlowLog>,
    pub(super) templates: Store<Template>,
    pub(super) scaling: Store<Scaling>,
    pub(super) machines: Store<Machine>,
    pub(super) balancers: Store<Balancer>,
    pub(super) target_groups: Store<Targets>,
    pub(super) listeners: Store<Port>,
    pub(super) subnet_groups: Store<SubnetGroup>,
    pub(super) clusters: Store<Cluster>,
    pub(super) snapshots: Store<Tags>,
    pub(super) buckets: Store<Bucket>,
    pub(super) roles: Store<FullRole>,
    pub(super) profiles: Store<Profile>,
    /// How instances do as targets of target groups, by the instance and the group.
    #[serde(with = "pairs")]
    pub(super) targets: BTreeMap<(String, String), Target>,
    /// When the auto scaling groups look at their instances next.
    pub(super) looks: BTreeMap<String, Time>,
    /// Names of buckets that are gone, and from when on they can be taken again.
    pub(super) freed_buckets: BTreeMap<String, Time>,
    /// What calls with client tokens asked for, and what they made.
    #[serde(with = "pairs")]
    pub(super) tokens: BTreeMap<(Operation, String), (String, String)>,
    /// Buckets of other accounts.
    pub(super) taken_buckets: BTreeSet<String>,
}

/// Maps whose keys are no texts, as lists of pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}
