//! One route of a table: from the public subnets to the internet gateway, from the internal ones to a NAT gateway.

use skyward_aws::model::RouteTarget;
use skyward_aws::{CreateRoute, DeleteRoute, DescribeRouteTables, ReplaceRoute};

use super::internet_gateway::ATTACHMENT;
use super::nat_gateway::letters;
use super::route_table::associations;
use super::security_group_rules::ANYWHERE;
use super::{InternetGateway, NatGateway, RouteTable};
use crate::resource::prelude::*;

/// One route. The target is an internet gateway or a NAT gateway.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Route {
    pub(crate) table: Id,
    pub(crate) destination: String,
    pub(crate) target: Id,
}

impl Route {
    /// A route of a table that was found; none for those that AWS makes itself.
    fn found(table: &Id, route: &model::Route, observation: &Observation<'_>) -> Option<Self> {
        let (target, id) = match &route.target {
            RouteTarget::InternetGateway(target) => {
                (target, observation.id::<InternetGateway>(target))
            }
            RouteTarget::NatGateway(target) => (target, observation.id::<NatGateway>(target)),
            RouteTarget::Other(target) if target == "local" || target.starts_with("vpce-") => {
                return None;
            }
            RouteTarget::Other(target) => (target, Id::new(target)),
        };
        let target = if route.is_blackhole { Id::new(format!("{target} (gone)")) } else { id };
        Some(Self { table: table.clone(), destination: route.destination.clone(), target })
    }
}

impl Resource for Route {
    const ID: &'static str = "route";
    const NAME: &'static str = "route";
    const HAS_TAGS: bool = false;
    const GRANTS: &'static [Grants] = grants! {
        Apply [NETWORK_OWN]: CreateRoute, ReplaceRoute;
        ApplyAndDestroy [NETWORK_OWN]: DeleteRoute;
    };

    type Answer = Rc<Vec<model::RouteTable>>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let route = |name: &str, target: &str| {
            let (table, destination) = (format!("route-table/{name}").into(), ANYWHERE.into());
            let spec = Self { table, destination, target: target.into() };
            Wanted::new(format!("route/{name}"), spec)
        };
        let nats = letters(stack);
        let internal = LETTERS.iter().enumerate().map(|(index, letter)| {
            let target = format!("nat-gateway/{}", nats[index % nats.len()]);
            route(&format!("internal-{letter}"), &target)
        });
        [route("public", "internet-gateway")].into_iter().chain(internal).collect()
    }

    fn refs(&self) -> Vec<&Id> {
        vec![&self.table, &self.target]
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        reader.list(DescribeRouteTables { select: reader.of_stack(), page: None }).await
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        for table in answer.iter() {
            if !observation.is_kept::<RouteTable>(&table.id) {
                continue;
            }
            let id = observation.id::<RouteTable>(&table.id);
            let part = id.as_str().trim_start_matches("route-table/");
            for route in &table.routes {
                let Some(spec) = Self::found(&id, route, observation) else { continue };
                let name = match route.destination.as_str() {
                    ANYWHERE => format!("route/{part}"),
                    other => format!("route/{part} {other}"),
                };
                let physical = format!("{} {}", table.id, route.destination);
                observation.keep(Found::new(name, &physical, spec, &Tags::new()));
            }
        }
    }

    fn is_in_place(field: &str) -> bool {
        field == "target"
    }

    fn goes_along(&self, is_deleted: &dyn Fn(&Id) -> bool, _: &dyn Fn(&Id) -> bool) -> bool {
        is_deleted(&self.table)
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let run = step.run;
        let (table, destination) = (run.physical(&self.table)?, self.destination.clone());
        let target = run.physical(&self.target)?;
        let target = if run.topology.spec::<NatGateway>(&self.target).is_some() {
            RouteTarget::NatGateway(target)
        } else {
            RouteTarget::InternetGateway(target)
        };
        let replace = ReplaceRoute {
            table: table.clone(),
            destination: destination.clone(),
            target: target.clone(),
        };
        if step.existing().is_some() {
            return run.caller.change(replace).await;
        }
        match run.caller.change(CreateRoute { table, destination, target }).await {
            Err(error) if error.class() == Some(Class::Exists) => run.caller.change(replace).await,
            result => result,
        }
    }

    async fn delete(step: &StepContext<'_>, physical: &str) -> Result<(), CallError> {
        let (table, destination) = physical.split_once(' ').unwrap_or_default();
        let (table, destination) = (table.to_owned(), destination.to_owned());
        step.run.caller.delete(DeleteRoute { table, destination }).await
    }

    fn detail(&self) -> String {
        format!("{} to {}", self.destination, self.target)
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let is_internet = template.topology.spec::<InternetGateway>(&self.target).is_some();
        let by = if is_internet { "GatewayId" } else { "NatGatewayId" };
        let properties = json!({
            "RouteTableId": reference(&self.table),
            "DestinationCidrBlock": self.destination,
            by: reference(&self.target),
        });
        let mut first = associations(template.topology, [&self.table]);
        first.extend(is_internet.then(|| ATTACHMENT.to_owned()));
        let route = template.add(&logical_name(id), "AWS::EC2::Route", properties);
        route["DependsOn"] = json!(first);
    }
}
