use std::collections::{BTreeMap, BTreeSet};

use super::raw::Raw;
use super::{Foreign, Found, Observed, State, choose, services};
use crate::topology::{
    Address, DefaultSecurityGroup, FlowLog, Id, InternetGateway, Names, NatGateway, Peer,
    RESOURCE_TAG, Route, RouteTable, Rule, STACK_TAG, SecurityGroup, SecurityGroupRules, Spec,
    Subnet, Vpc, VpcEndpoint,
};
use skyward_aws::model::{self, RouteTarget, Tags};

/// Puts what was found in terms of the topology.
pub(super) struct Reader<'a> {
    pub(super) raw: &'a Raw,
    pub(super) names: &'a Names,
    stack: &'a str,
    /// The VPC of the stack.
    vpc: Option<String>,
    /// AWS's id to ours.
    ids: BTreeMap<String, Id>,
    pub(super) out: Observed,
}

pub(super) fn interpret(raw: &Raw, names: &Names, stack: &str) -> Observed {
    let vpc = choose::kept_vpc(raw).map(|vpc| vpc.id.clone());
    let mut reader =
        Reader { raw, names, stack, vpc, ids: BTreeMap::new(), out: Observed::default() };
    reader.vpcs();
    reader.subnets();
    reader.ways_out();
    reader.nat_gateways();
    reader.groups();
    reader.tables();
    reader.endpoints();
    services::read(&mut reader);
    reader.flow_logs();
    reader.out.foreign.sort();
    reader.out
}

impl Reader<'_> {
    pub(super) fn is_ours(&self, tags: &Tags) -> bool {
        tags.get(STACK_TAG).is_some_and(|stack| stack == self.stack)
    }

    /// Our id of what AWS calls so; what is nobody's here goes by AWS's id.
    pub(super) fn id(&self, physical: &str) -> Id {
        self.ids.get(physical).cloned().unwrap_or_else(|| Id::new(physical))
    }

    pub(super) fn ids<'a>(&self, physical: impl IntoIterator<Item = &'a String>) -> BTreeSet<Id> {
        physical.into_iter().map(|physical| self.id(physical)).collect()
    }

    /// Keeps a resource; a second one of the same id is a duplicate.
    pub(super) fn keep(&mut self, id: Id, physical: &str, spec: Spec, tags: &Tags, state: State) {
        let found =
            Found { id: id.clone(), physical: physical.into(), spec, tags: tags.clone(), state };
        if self.out.found.contains_key(&id) {
            self.out.duplicates.push(found);
        } else {
            self.ids.insert(physical.into(), id.clone());
            self.out.found.insert(id, found);
        }
    }

    fn is_kept_vpc(&self, vpc: &str) -> bool {
        self.vpc.as_deref() == Some(vpc)
    }

    /// Keeps what is in the stack's VPC; what is in another one is a second one of that.
    fn keep_in(
        &mut self,
        vpc: &str,
        id: Id,
        physical: &str,
        spec: Spec,
        tags: &Tags,
        state: State,
    ) {
        if self.is_kept_vpc(vpc) {
            self.keep(id, physical, spec, tags, state);
        } else {
            let (physical, tags) = (physical.into(), tags.clone());
            self.out.duplicates.push(Found { id, physical, spec, tags, state });
        }
    }

    pub(super) fn foreign(&mut self, id: &str, name: &str) {
        self.out.foreign.push(Foreign { id: id.into(), name: name.into() });
    }

    fn vpcs(&mut self) {
        let raw = self.raw;
        let kept = choose::kept_vpc(raw);
        let others = raw.vpcs.iter().filter(|vpc| Some(&vpc.id) != kept.map(|kept| &kept.id));
        for vpc in kept.into_iter().chain(others) {
            let (dns_support, dns_hostnames) = raw.dns.get(&vpc.id).copied().unwrap_or_default();
            let spec = Spec::Vpc(Vpc { network: vpc.cidr.clone(), dns_support, dns_hostnames });
            self.keep("vpc".into(), &vpc.id, spec, &vpc.tags, pending(&vpc.state, "available"));
        }
    }

    fn subnets(&mut self) {
        let mut subnets: Vec<&model::Subnet> = self.raw.subnets.iter().collect();
        subnets.sort_by_key(|subnet| &subnet.id);
        for subnet in subnets {
            let spec = Spec::Subnet(Subnet {
                vpc: self.id(&subnet.vpc),
                network: subnet.cidr.clone(),
                zone: subnet.zone.clone(),
                public_addresses: subnet.public_addresses,
            });
            let id = tagged(&subnet.tags, &subnet.id);
            let state = pending(&subnet.state, "available");
            self.keep_in(&subnet.vpc, id, &subnet.id, spec, &subnet.tags, state);
        }
    }

    fn ways_out(&mut self) {
        let raw = self.raw;
        let kept = choose::gateway(&raw.gateways, self.vpc.as_deref()).map(|kept| &kept.id);
        let (first, others): (Vec<_>, Vec<_>) =
            raw.gateways.iter().partition(|gateway| Some(&gateway.id) == kept);
        for gateway in first {
            let vpc = gateway.vpc.as_ref().map(|vpc| self.id(vpc));
            let spec = Spec::InternetGateway(InternetGateway { vpc });
            let id = tagged(&gateway.tags, &gateway.id);
            self.keep(id, &gateway.id, spec, &gateway.tags, State::Ready);
        }
        for gateway in others {
            let vpc = gateway.vpc.as_ref().map(|vpc| self.id(vpc));
            self.out.duplicates.push(Found {
                id: tagged(&gateway.tags, &gateway.id),
                physical: gateway.id.clone(),
                spec: Spec::InternetGateway(InternetGateway { vpc }),
                tags: gateway.tags.clone(),
                state: State::Ready,
            });
        }
        let mut addresses: Vec<&model::Address> = raw.addresses.iter().collect();
        addresses.sort_by_key(|address| (address.association.is_none(), &address.allocation));
        for address in addresses {
            let id = tagged(&address.tags, &address.allocation);
            let spec = Spec::Address(Address {});
            self.keep(id, &address.allocation, spec, &address.tags, State::Ready);
        }
    }

    fn nat_gateways(&mut self) {
        let mut by_id: BTreeMap<Id, Vec<&model::NatGateway>> = BTreeMap::new();
        for nat in &self.raw.nats {
            by_id.entry(tagged(&nat.tags, &nat.id)).or_default().push(nat);
        }
        for (id, nats) in by_id {
            let spent = nats.iter().filter(|nat| !choose::is_alive(nat));
            if let Some(newest) = spent.max_by_key(|nat| (nat.created, nat.id.clone())) {
                self.out.spent.insert(id.clone(), newest.id.clone());
            }
            let kept = choose::nat(&nats, self.vpc.as_deref()).map(|nat| nat.id.clone());
            for nat in nats {
                let spec = Spec::NatGateway(NatGateway {
                    subnet: self.id(&nat.subnet),
                    address: nat.allocation.as_ref().map(|allocation| self.id(allocation)),
                });
                let state = match nat.state.as_str() {
                    "available" => State::Ready,
                    "pending" => State::Pending(nat.state.clone()),
                    "deleting" => State::Leaving(nat.state.clone()),
                    // It is as good as gone.
                    _ => continue,
                };
                let is_leaving = matches!(state, State::Leaving(_));
                if Some(&nat.id) == kept.as_ref() || (kept.is_none() && is_leaving) {
                    self.keep(id.clone(), &nat.id, spec, &nat.tags, state);
                } else if !is_leaving {
                    let (physical, tags) = (nat.id.clone(), nat.tags.clone());
                    self.out.duplicates.push(Found { id: id.clone(), physical, spec, tags, state });
                }
            }
        }
    }

    fn groups(&mut self) {
        let raw = self.raw;
        // First the names of all, since their rules refer to each other.
        for group in &raw.groups {
            let kept = self.is_kept_vpc(&group.vpc);
            if kept && group.name == "default" {
                self.ids.insert(group.id.clone(), "security-group/default".into());
            } else if kept && self.is_ours(&group.tags) {
                self.ids.insert(group.id.clone(), tagged(&group.tags, &group.id));
            }
        }
        for group in &raw.groups {
            let (ingress, egress) = (self.rules(&group.ingress), self.rules(&group.egress));
            let vpc = self.id(&group.vpc);
            if group.name == "default" {
                if self.is_kept_vpc(&group.vpc) {
                    let spec = DefaultSecurityGroup { vpc, ingress, egress };
                    let spec = Spec::DefaultSecurityGroup(spec);
                    let id = "security-group/default".into();
                    self.keep(id, &group.id, spec, &group.tags, State::Ready);
                }
                continue;
            }
            if !self.is_ours(&group.tags) {
                let parts = ["load-balancer", "cms", "database"];
                let named = |part: &&&str| self.names.security_group(part) == group.name;
                if let Some(part) =
                    parts.iter().find(named).filter(|_| self.is_kept_vpc(&group.vpc))
                {
                    self.foreign(&format!("security-group/{part}"), &group.id);
                }
                continue;
            }
            let id = tagged(&group.tags, &group.id);
            let (name, description) = (group.name.clone(), group.description.clone());
            let spec = Spec::SecurityGroup(SecurityGroup { vpc, name, description });
            self.keep_in(&group.vpc, id.clone(), &group.id, spec, &group.tags, State::Ready);
            if self.out.found.get(&id).is_some_and(|found| found.physical == group.id) {
                let part = id.as_str().trim_start_matches("security-group/");
                let rules = Id::new(format!("rules/{part}"));
                let spec =
                    Spec::SecurityGroupRules(SecurityGroupRules { group: id, ingress, egress });
                let (physical, tags) = (group.id.clone(), Tags::new());
                self.out.found.insert(
                    rules.clone(),
                    Found { id: rules, physical, spec, tags, state: State::Ready },
                );
            }
        }
    }

    fn rules(&self, rules: &BTreeSet<model::Rule>) -> BTreeSet<Rule> {
        rules
            .iter()
            .map(|rule| Rule {
                protocol: rule.protocol.clone(),
                ports: rule.ports,
                peer: match &rule.peer {
                    model::Peer::Network(network) => Peer::Network(network.clone()),
                    model::Peer::Group(group) => Peer::Group(self.id(group)),
                    model::Peer::PrefixList(list) => Peer::PrefixList(list.clone()),
                },
                description: rule.description.clone(),
            })
            .collect()
    }

    fn tables(&mut self) {
        let mut tables: Vec<&model::RouteTable> = self.raw.tables.iter().collect();
        // Of two tables, the one that is used.
        tables.sort_by_key(|table| (table.associations.is_empty(), &table.id));
        for table in tables {
            let id = tagged(&table.tags, &table.id);
            let subnets: BTreeSet<Id> = table
                .associations
                .iter()
                .filter_map(|one| one.subnet.as_ref())
                .map(|subnet| self.id(subnet))
                .collect();
            let spec = Spec::RouteTable(RouteTable { vpc: self.id(&table.vpc), subnets });
            self.keep_in(&table.vpc, id.clone(), &table.id, spec, &table.tags, State::Ready);
            if self.out.found.get(&id).is_none_or(|found| found.physical != table.id) {
                continue;
            }
            let part = id.as_str().trim_start_matches("route-table/").to_owned();
            for route in &table.routes {
                let target = match &route.target {
                    RouteTarget::InternetGateway(target) | RouteTarget::NatGateway(target) => {
                        target
                    }
                    RouteTarget::Other(target)
                        if target == "local" || target.starts_with("vpce-") =>
                    {
                        continue;
                    }
                    RouteTarget::Other(target) => target,
                };
                let name = match route.destination.as_str() {
                    "0.0.0.0/0" => format!("route/{part}"),
                    other => format!("route/{part} {other}"),
                };
                let target = if route.is_blackhole {
                    Id::new(format!("{target} (gone)"))
                } else {
                    self.id(target)
                };
                let destination = route.destination.clone();
                let spec = Spec::Route(Route { table: id.clone(), destination, target });
                let physical = format!("{} {}", table.id, route.destination);
                self.keep(Id::new(name), &physical, spec, &Tags::new(), State::Ready);
            }
        }
    }

    fn endpoints(&mut self) {
        for endpoint in &self.raw.endpoints {
            let state = match endpoint.state.as_str() {
                "available" => State::Ready,
                "pending" => State::Pending(endpoint.state.clone()),
                "deleting" => State::Leaving(endpoint.state.clone()),
                "deleted" => continue,
                other => State::Failed(other.to_owned()),
            };
            let spec = Spec::VpcEndpoint(VpcEndpoint {
                vpc: self.id(&endpoint.vpc),
                service: endpoint.service.clone(),
                route_tables: self.ids(&endpoint.route_tables),
            });
            let id = tagged(&endpoint.tags, &endpoint.id);
            self.keep_in(&endpoint.vpc, id, &endpoint.id, spec, &endpoint.tags, state);
        }
    }

    fn flow_logs(&mut self) {
        for log in &self.raw.flow_logs {
            let bucket = log.destination.trim_start_matches("arn:aws:s3:::");
            let bucket = bucket.split('/').next().unwrap_or_default();
            let vpc = self.id(&log.resource);
            let (bucket, traffic) = (self.id(bucket), log.traffic.clone());
            let spec = Spec::FlowLog(FlowLog { vpc, bucket, traffic });
            let id = tagged(&log.tags, &log.id);
            self.keep_in(&log.resource, id, &log.id, spec, &log.tags, State::Ready);
        }
    }
}

/// The id in the tags; without one, AWS's own.
pub(super) fn tagged(tags: &Tags, physical: &str) -> Id {
    tags.get(RESOURCE_TAG).map_or_else(|| Id::new(physical), Id::new)
}

/// Ready in this state, and on the way there in any other.
pub(super) fn pending(state: &str, ready: &str) -> State {
    if state == ready { State::Ready } else { State::Pending(state.to_owned()) }
}
