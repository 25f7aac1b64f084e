//! The application load balancer in the public subnets.

use skyward_aws::model::Attributes;
use skyward_aws::{
    AddElbTags, CreateLoadBalancer, DeleteLoadBalancer, DescribeElbTags, DescribeListeners,
    DescribeLoadBalancerAttributes, DescribeLoadBalancers, ModifyLoadBalancerAttributes,
    RemoveElbTags, SetSecurityGroups, SetSubnets,
};

use super::internet_gateway::ATTACHMENT;
use super::{Bucket, Listener, Subnet, address, security_group};
use crate::resource::prelude::*;

/// An hour of a load balancer.
const PRICE: Amount = Amount::exactly(22_500);
/// The attribute that keeps a load balancer from being deleted.
const PROTECTION: &str = "deletion_protection.enabled";

/// New load balancers and target groups.
pub(crate) const BALANCER_NEW: Scope =
    Scope::new((18, "BalancerNew"), Area::Compute, |stack| arns(stack, false), Condition::New);
/// The stack's load balancer, with all that belongs to it.
pub(crate) const BALANCER_OWN: Scope =
    Scope::new((19, "BalancerOwn"), Area::Compute, |stack| arns(stack, true), Condition::Own);
/// The tags of any of these.
pub(crate) const BALANCER_TAG: Scope =
    Scope::new((20, "BalancerTag"), Area::Compute, |stack| arns(stack, true), Condition::New);

fn arns(stack: &PolicyStack<'_>, with_listeners: bool) -> Vec<String> {
    let (balancer, target) = (stack.names.load_balancer(), stack.names.target_group());
    let mut resources =
        vec![format!("loadbalancer/app/{balancer}/*"), format!("targetgroup/{target}/*")];
    if with_listeners {
        resources.insert(0, format!("listener/app/{balancer}/*"));
    }
    resources.iter().map(|resource| stack.arn("elasticloadbalancing", resource)).collect()
}

/// The application load balancer. The attributes are those that are set here; it has others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LoadBalancer {
    pub(crate) name: String,
    pub(crate) subnets: BTreeSet<Id>,
    pub(crate) security_groups: BTreeSet<Id>,
    pub(crate) attributes: Attributes,
    pub(crate) logs: Option<Id>,
}

/// The load balancer, its attributes and tags, and whether it speaks TLS.
pub(crate) struct Answer {
    balancer: model::LoadBalancer,
    attributes: Attributes,
    tags: Tags,
    is_tls: bool,
}

/// The attributes of these names and values.
pub(crate) fn attributes<const N: usize>(pairs: [(&str, &str); N]) -> Attributes {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Asks for the stack's load balancer.
pub(crate) async fn read(reader: &Reader<'_>) -> Option<model::LoadBalancer> {
    reader.first(DescribeLoadBalancers { name: reader.names.load_balancer() }).await
}

/// Asks for the tags of one resource: one that is gone meanwhile makes the call fail for all that it names.
pub(crate) async fn read_tags(reader: &Reader<'_>, arn: &str) -> Option<Tags> {
    let tags = reader.find(DescribeElbTags { resources: vec![arn.to_owned()] }).await;
    tags.as_ref().as_ref()?.get(arn).cloned()
}

/// Looks for the tags of a resource that exists.
pub(crate) async fn with_tags(
    step: &StepContext<'_>,
    arn: Option<String>,
) -> Result<Option<(String, Tags)>, CallError> {
    let Some(arn) = arn else { return Ok(None) };
    let call = DescribeElbTags { resources: vec![arn.clone()] };
    let tags = step.run.caller.find(call).await?.unwrap_or_default().remove(&arn);
    Ok(Some((arn, tags.unwrap_or_default())))
}

/// Sets the tags of a load balancer, a target group or a listener.
pub(crate) async fn set_tags(step: &StepContext<'_>, arn: &str) -> Result<(), CallError> {
    let resource = || arn.to_owned();
    step.change_tags(
        |tags| AddElbTags { resource: resource(), tags },
        |names| RemoveElbTags { resource: resource(), names },
    )
    .await
}

/// The page's address.
fn page(balancer: &model::LoadBalancer, is_tls: bool) -> String {
    let scheme = if is_tls { "https" } else { "http" };
    format!("{scheme}://{}/", balancer.dns_name)
}

impl LoadBalancer {
    async fn look(&self, step: &StepContext<'_>) -> Result<Option<model::LoadBalancer>, CallError> {
        step.run.first(DescribeLoadBalancers { name: self.name.clone() }).await
    }

    async fn create(&self, step: &StepContext<'_>) -> Result<String, CallError> {
        let run = step.run;
        let call = CreateLoadBalancer {
            name: self.name.clone(),
            subnets: run.physicals(&self.subnets)?,
            security_groups: run.physicals(&self.security_groups)?,
            tags: step.tags(),
        };
        if let Some(balancer) = run.caller.create(call).await? {
            return Ok(balancer.arn);
        }
        let look = async || with_tags(step, self.look(step).await?.map(|one| one.arn)).await;
        step.adopt("load balancer", &self.name, look).await
    }

    async fn update(&self, step: &StepContext<'_>, arn: &str) -> Result<(), CallError> {
        let (run, load_balancer) = (step.run, arn.to_owned());
        let subnets = run.physicals(&self.subnets)?;
        let security_groups = run.physicals(&self.security_groups)?;
        if step.differs("subnets") {
            run.caller.change(SetSubnets { load_balancer: load_balancer.clone(), subnets }).await?;
        }
        if step.differs("security_groups") {
            run.caller.change(SetSecurityGroups { load_balancer, security_groups }).await?;
        }
        Ok(())
    }
}

impl Resource for LoadBalancer {
    const ID: &'static str = "load-balancer";
    const NAME: &'static str = "load balancer";
    const GONE_FIRST: &'static [Kind] = &[Kind::of::<Listener>()];
    const QUOTAS: &'static [QuotaUse] = &[QuotaUse {
        quota: "application-load-balancers",
        what: "application load balancers",
        each: 1,
        counts_all: false,
    }];
    const GRANTS: &'static [Grants] = grants! {
        All [READ]: DescribeLoadBalancers, DescribeLoadBalancerAttributes, DescribeElbTags;
        Apply [BALANCER_NEW] "elasticloadbalancing:AddTags" on BALANCER_TAG, "iam:CreateServiceLinkedRole" on LINKED_ROLE:
            CreateLoadBalancer;
        Apply [BALANCER_OWN]: SetSubnets, SetSecurityGroups, RemoveElbTags;
        Apply [BALANCER_TAG]: AddElbTags;
        // Destroying lifts the protection first.
        ApplyAndDestroy [BALANCER_OWN]: ModifyLoadBalancerAttributes, DeleteLoadBalancer;
    };

    type Answer = Option<Answer>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let protection = stack.aws.deletion_protection.to_string();
        let mut attributes = attributes([
            (PROTECTION, &protection),
            ("routing.http.drop_invalid_header_fields.enabled", "true"),
        ]);
        let logs: Option<Id> = stack.aws.logs.then(|| "bucket/logs".into());
        attributes.insert("access_logs.s3.enabled".into(), logs.is_some().to_string());
        if logs.is_some() {
            attributes.insert("access_logs.s3.bucket".into(), stack.names.bucket("logs"));
            attributes.insert("access_logs.s3.prefix".into(), "load-balancer".into());
        }
        let spec = Self {
            name: stack.names.load_balancer(),
            subnets: each_zone("subnet/public").into(),
            security_groups: BTreeSet::from(["security-group/load-balancer".into()]),
            attributes,
            logs,
        };
        // A load balancer that faces the internet is refused in a VPC without a gateway.
        vec![Wanted::new("load-balancer", spec).needing(["internet-gateway"])]
    }

    fn refs(&self) -> Vec<&Id> {
        self.subnets.iter().chain(&self.security_groups).chain(&self.logs).collect()
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        let balancer = read(reader).await?;
        let load_balancer = balancer.arn.clone();
        let (attributes, tags, listeners) = tokio::join!(
            reader.find(DescribeLoadBalancerAttributes { load_balancer: load_balancer.clone() }),
            read_tags(reader, &balancer.arn),
            reader.list(DescribeListeners { load_balancer, page: None }),
        );
        Some(Answer {
            attributes: attributes.as_ref().clone().unwrap_or_default(),
            tags: tags?,
            is_tls: listeners.iter().any(|listener| listener.protocol == "HTTPS"),
            balancer,
        })
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        let Some(Answer { balancer, attributes, tags, is_tls }) = answer else { return };
        let has_logs = attributes.get("access_logs.s3.enabled").is_some_and(|on| on == "true");
        let bucket = attributes.get("access_logs.s3.bucket").filter(|_| has_logs);
        let spec = Self {
            name: balancer.name.clone(),
            subnets: observation.ids::<Subnet>(&balancer.subnets),
            security_groups: security_group::ids_of(observation, &balancer.security_groups),
            attributes: attributes.clone(),
            logs: bucket.map(|bucket| observation.id::<Bucket>(bucket)),
        };
        let state = match balancer.state.as_str() {
            "active" | "active_impaired" => Readiness::Ready,
            "failed" => Readiness::Failed(balancer.state.clone()),
            other => Readiness::Pending(other.to_owned()),
        };
        let found = Found::new("load-balancer", &balancer.arn, spec, tags).in_state(state);
        if observation.keep_named(&balancer.name, found) {
            observation.observed.outputs.page = Some(page(balancer, *is_tls));
        }
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let run = step.run;
        let existing = step.existing();
        let arn = match &existing {
            Some(arn) => {
                self.update(step, arn).await?;
                arn.clone()
            }
            None => self.create(step).await?,
        };
        run.remember(step.id(), &arn);
        if existing.is_none() || step.differs("attributes.") || step.differs("logs") {
            let attributes = self.attributes.clone();
            let call = ModifyLoadBalancerAttributes { load_balancer: arn.clone(), attributes };
            run.caller.change(call).await?;
        }
        step.update_tags::<Self>(&arn).await?;
        // Its listeners do not wait until it is active.
        (step.made)();
        loop {
            let state = self.look(step).await?.map(|balancer| balancer.state);
            match state.as_deref() {
                Some("active" | "active_impaired") => return Ok(()),
                Some("failed") => {
                    let reason = format!("the load balancer {} has failed", self.name);
                    return Err(CallError::Failed(reason));
                }
                state => step.pause(state.unwrap_or("not visible yet")).await?,
            }
        }
    }

    async fn delete(step: &StepContext<'_>, arn: &str) -> Result<(), CallError> {
        let caller = step.run.caller;
        let (load_balancer, attributes) = (arn.to_owned(), attributes([(PROTECTION, "false")]));
        let call =
            ModifyLoadBalancerAttributes { load_balancer: load_balancer.clone(), attributes };
        caller.delete(call).await?;
        caller.delete(DeleteLoadBalancer { load_balancer }).await?;
        let name = step.run.names.load_balancer();
        while let Some(found) = caller.find(DescribeLoadBalancers { name: name.clone() }).await? {
            if found.iter().all(|balancer| balancer.arn != arn) {
                break;
            }
            step.pause("deleting").await?;
        }
        Ok(())
    }

    async fn set_tags(step: &StepContext<'_>, arn: &str) -> Result<(), CallError> {
        set_tags(step, arn).await
    }

    fn estimate(action: Action) -> Estimate {
        match action {
            Action::Create | Action::Replace | Action::Wait => Estimate::seconds(130, 150, 900),
            _ => Estimate::QUICK,
        }
    }

    fn name_limit(&self) -> Option<NameLimit<'_>> {
        Some(NameLimit { name: &self.name, longest: 32 })
    }

    async fn outputs(reader: &Reader<'_>, aws: &Aws, outputs: &mut Outputs) {
        let balancer = read(reader).await;
        outputs.page = balancer.map(|balancer| page(&balancer, aws.certificate.is_some()));
    }

    /// It has a public address in each subnet.
    fn price(&self, _: &Topology, bill: &mut Bill) {
        let addresses = i64::try_from(self.subnets.len()).unwrap_or(i64::MAX);
        bill.hourly(Section::Network, address::LINE, addresses, address::PRICE);
        bill.hourly(Section::Network, ("load balancer", "load balancers"), 1, PRICE);
    }

    fn detail(&self) -> String {
        format!("internet-facing, in {} subnets", self.subnets.len())
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let groups: Vec<_> =
            self.security_groups.iter().map(|group| attribute(group, "GroupId")).collect();
        let properties = json!({
            "Name": self.name,
            "Type": "application",
            "Scheme": "internet-facing",
            "Subnets": references(&self.subnets),
            "SecurityGroups": groups,
            "LoadBalancerAttributes": key_values(&self.attributes),
            "Tags": template.tags(id),
        });
        let mut first = vec![ATTACHMENT.to_owned()];
        // Its first log is a test that the bucket takes it.
        first.extend(self.logs.as_ref().map(|bucket| format!("{}Policy", logical_name(bucket))));
        let (name, kind) = (logical_name(id), "AWS::ElasticLoadBalancingV2::LoadBalancer");
        template.add(&name, kind, properties)["DependsOn"] = json!(first);
        let is_https = template.topology.get(&"listener/https".into()).is_some();
        let scheme = if is_https { "https" } else { "http" };
        let url = json!({ "Fn::Sub": format!("{scheme}://${{{name}.DNSName}}/") });
        template.output("Url", "Where the page is", url);
    }
}
