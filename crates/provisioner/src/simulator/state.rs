use std::collections::{BTreeMap, BTreeSet};

use super::addresses::{ElasticIp, Nat};
use super::groups::Group;
use super::interfaces::Interface;
use super::network::Network;
use super::routes::Table;
use super::store::Store;
use crate::api::Operation;
use crate::api::model::{FlowLog, InternetGateway, Subnet, VpcEndpoint};

/// Everything that an account holds.
#[derive(Debug, Default)]
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
    /// What calls with client tokens asked for, and what they made.
    pub(super) tokens: BTreeMap<(Operation, String), (String, String)>,
    /// Buckets of other accounts.
    pub(super) taken_buckets: BTreeSet<String>,
}
