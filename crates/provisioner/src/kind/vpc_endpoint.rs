//! The gateway endpoint for S3: traffic to buckets does not go through a NAT gateway, and costs nothing.

use skyward_aws::{CreateVpcEndpoint, DeleteVpcEndpoints, DescribeVpcEndpoints, ModifyVpcEndpoint};

use super::route_table::associations;
use super::{RouteTable, Vpc};
use crate::resource::prelude::*;

/// The number of attempts at a creation whose token tells of an endpoint that was deleted since.
const ATTEMPTS: u32 = 3;

/// A gateway endpoint, and the route tables that lead to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VpcEndpoint {
    pub(crate) vpc: Id,
    pub(crate) service: String,
    pub(crate) route_tables: BTreeSet<Id>,
}

/// All endpoints of the stack.
async fn all(step: &StepContext<'_>) -> Result<Rc<Vec<model::VpcEndpoint>>, CallError> {
    step.run.all(DescribeVpcEndpoints { select: step.run.of_stack(), page: None }).await
}

/// Returns the endpoint that someone else has made; a second one cannot have the same routes.
async fn adopt(step: &StepContext<'_>, vpc: &str, error: CallError) -> Result<String, CallError> {
    loop {
        let all = all(step).await?;
        if let Some(one) = all.iter().find(|one| one.vpc == vpc && one.state != "deleted") {
            step.run.adopted();
            return Ok(one.id.clone());
        }
        if step.is_late() {
            return Err(error);
        }
        step.look_again().await?;
    }
}

/// Waits until it is available; false where it does not exist, because its token is an old one.
async fn wait(step: &StepContext<'_>, endpoint: &str) -> Result<bool, CallError> {
    let begun = Instant::now();
    loop {
        let all = all(step).await?;
        match all.iter().find(|one| one.id == endpoint).map(|one| one.state.as_str()) {
            Some("available") => return Ok(true),
            Some("pending") => step.pause("pending").await?,
            Some("failed") => return Err(CallError::Failed(format!("{endpoint} has failed"))),
            Some(_) => return Ok(false),
            None if begun.elapsed() > step.run.settings.settle * 2 => return Ok(false),
            None => step.pause("not visible yet").await?,
        }
    }
}

impl VpcEndpoint {
    async fn update(&self, step: &StepContext<'_>, endpoint: &str) -> Result<(), CallError> {
        let run = step.run;
        run.remember(step.id(), endpoint);
        if step.differs("route_tables") {
            let desired = run.physicals(&self.route_tables)?;
            let all = all(step).await?;
            let current = all.iter().find(|one| one.id == endpoint);
            let current = current.map(|one| one.route_tables.clone()).unwrap_or_default();
            let call = ModifyVpcEndpoint {
                endpoint: endpoint.to_owned(),
                add_route_tables: desired.difference(&current).cloned().collect(),
                remove_route_tables: current.difference(&desired).cloned().collect(),
            };
            run.caller.change(call).await?;
        }
        step.update_tags::<Self>(endpoint).await?;
        wait(step, endpoint).await.map(|_| ())
    }
}

impl Resource for VpcEndpoint {
    const ID: &'static str = "vpc-endpoint";
    const NAME: &'static str = "VPC endpoint";
    const GRANTS: &'static [Grants] = grants! {
        All [READ]: DescribeVpcEndpoints;
        Apply [NETWORK_NEW_IN_SUBNET, NETWORK_WITHIN] "ec2:CreateTags" on TAG_NEW: CreateVpcEndpoint;
        Apply [NETWORK_OWN]: ModifyVpcEndpoint;
        ApplyAndDestroy [NETWORK_OWN]: DeleteVpcEndpoints;
    };

    type Answer = Rc<Vec<model::VpcEndpoint>>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let service = format!("com.amazonaws.{}.s3", stack.aws.region);
        let route_tables = each_zone("route-table/internal").into();
        vec![Wanted::new("vpc-endpoint/s3", Self { vpc: "vpc".into(), service, route_tables })]
    }

    fn refs(&self) -> Vec<&Id> {
        self.route_tables.iter().chain([&self.vpc]).collect()
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        reader.list(DescribeVpcEndpoints { select: reader.of_stack(), page: None }).await
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        for endpoint in answer.iter() {
            let state = match endpoint.state.as_str() {
                "available" => Readiness::Ready,
                "pending" => Readiness::Pending(endpoint.state.clone()),
                "deleting" => Readiness::Leaving(endpoint.state.clone()),
                "deleted" => continue,
                other => Readiness::Failed(other.to_owned()),
            };
            let spec = Self {
                vpc: observation.id::<Vpc>(&endpoint.vpc),
                service: endpoint.service.clone(),
                route_tables: observation.ids::<RouteTable>(&endpoint.route_tables),
            };
            let found = Found::tagged(&endpoint.id, spec, &endpoint.tags).in_state(state);
            observation.keep_in::<Vpc>(&endpoint.vpc, found);
        }
    }

    fn is_in_place(field: &str) -> bool {
        !matches!(field, "vpc" | "service")
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let run = step.run;
        let vpc = run.physical(&self.vpc)?;
        let route_tables = run.physicals(&self.route_tables)?;
        if let Some(endpoint) = step.existing() {
            return self.update(step, &endpoint).await;
        }
        for attempt in 0..ATTEMPTS {
            // The same token for other tables would be refused.
            let generation = format!("{vpc} {route_tables:?} {} {attempt}", step.replaced());
            let call = CreateVpcEndpoint {
                vpc: vpc.clone(),
                service: self.service.clone(),
                route_tables: route_tables.clone(),
                client_token: run.names.client_token(step.id(), &generation),
                tags: step.tags(),
            };
            let endpoint = match run.caller.change(call).await {
                Ok(endpoint) => endpoint.id,
                Err(error) if error.class() == Some(Class::Exists) => {
                    adopt(step, &vpc, error).await?
                }
                Err(error) => return Err(error),
            };
            run.remember(step.id(), &endpoint);
            if wait(step, &endpoint).await? {
                return Ok(());
            }
        }
        Err(step.invisible())
    }

    async fn delete(step: &StepContext<'_>, endpoint: &str) -> Result<(), CallError> {
        let call = DeleteVpcEndpoints { endpoint: endpoint.to_owned() };
        step.run.caller.delete(call).await?;
        loop {
            let all = all(step).await?;
            match all.iter().find(|one| one.id == endpoint).map(|one| one.state.as_str()) {
                None | Some("deleted") => return Ok(()),
                Some(state) => step.pause(state).await?,
            }
        }
    }

    fn detail(&self) -> String {
        self.service.clone()
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let region = &template.topology.region;
        let properties = json!({
            "VpcId": reference(&self.vpc),
            "VpcEndpointType": "Gateway",
            "ServiceName": { "Fn::Sub": self.service.replace(region, "${AWS::Region}") },
            "RouteTableIds": references(&self.route_tables),
            "Tags": template.tags(id),
        });
        let first = associations(template.topology, &self.route_tables);
        let endpoint = template.add(&logical_name(id), "AWS::EC2::VPCEndpoint", properties);
        endpoint["DependsOn"] = json!(first);
    }
}
