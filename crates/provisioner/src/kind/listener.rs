//! One port of the load balancer, which serves as its name.

use std::convert::Infallible;

use skyward_aws::{
    CreateListener, DeleteListener, DescribeElbTags, DescribeListeners, ModifyListener,
};

use super::load_balancer::{self, BALANCER_OWN, BALANCER_TAG};
use super::{LoadBalancer, TargetGroup};
use crate::resource::prelude::*;

/// TLS 1.2 and 1.3 with forward secrecy: AWS's recommended policy.
const TLS_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";
const HTTP: i32 = 80;
const HTTPS: i32 = 443;

/// One port of the load balancer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listener {
    pub(crate) load_balancer: Id,
    pub(crate) port: i32,
    pub(crate) protocol: String,
    pub(crate) certificate: Option<String>,
    pub(crate) tls_policy: Option<String>,
    pub(crate) action: ListenerAction,
}

/// The action of a listener on a request.
pub type ListenerAction = model::ListenerAction<Id>;

fn to_aws(
    action: &ListenerAction,
    run: &Execution<'_>,
) -> Result<model::ListenerAction, CallError> {
    action.try_map(|group| run.physical(group))
}

impl Listener {
    async fn modify(&self, step: &StepContext<'_>, listener: &str) -> Result<(), CallError> {
        let call = ModifyListener {
            listener: listener.to_owned(),
            protocol: self.protocol.clone(),
            certificate: self.certificate.clone(),
            tls_policy: self.tls_policy.clone(),
            action: to_aws(&self.action, step.run)?,
        };
        step.run.caller.change(call).await
    }

    /// Takes over the listener that has this port already, and sets it.
    async fn adopt(
        &self,
        step: &StepContext<'_>,
        load_balancer: &str,
    ) -> Result<String, CallError> {
        let look = async || {
            let load_balancer = load_balancer.to_owned();
            let call = DescribeListeners { load_balancer, page: None };
            let all = step.run.caller.list(call).await?;
            let found = all.into_iter().find(|one| one.port == self.port);
            // The load balancer is the stack's, and so is what it listens on.
            Ok(found.map(|one| (one.arn, step.tags())))
        };
        let arn = step.adopt("listener", step.id().as_str(), look).await?;
        self.modify(step, &arn).await?;
        Self::set_tags(step, &arn).await?;
        Ok(arn)
    }
}

impl Resource for Listener {
    const ID: &'static str = "listener";
    const NAME: &'static str = "listener";
    const STARTS_EARLY: &'static [Kind] = &[Kind::of::<LoadBalancer>()];
    const GRANTS: &'static [Grants] = grants! {
        All [READ]: DescribeListeners;
        Apply [BALANCER_OWN] "elasticloadbalancing:AddTags" on BALANCER_TAG: CreateListener;
        Apply [BALANCER_OWN]: ModifyListener;
        ApplyAndDestroy [BALANCER_OWN]: DeleteListener;
    };

    type Answer = Vec<(model::Listener, Tags)>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let listener = |name: &str, port, certificate: Option<String>, action| {
            let is_tls = certificate.is_some();
            let spec = Self {
                load_balancer: "load-balancer".into(),
                port,
                protocol: if is_tls { "HTTPS" } else { "HTTP" }.into(),
                certificate,
                tls_policy: is_tls.then(|| TLS_POLICY.into()),
                action,
            };
            Wanted::new(format!("listener/{name}"), spec).needing(["target-group"])
        };
        let forward = ListenerAction::Forward("target-group".into());
        match stack.aws.certificate.clone() {
            None => vec![listener("http", HTTP, None, forward)],
            Some(certificate) => vec![
                listener("http", HTTP, None, ListenerAction::RedirectToHttps(HTTPS)),
                listener("https", HTTPS, Some(certificate), forward),
            ],
        }
    }

    fn refs(&self) -> Vec<&Id> {
        match &self.action {
            ListenerAction::Forward(group) => vec![&self.load_balancer, group],
            _ => vec![&self.load_balancer],
        }
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        let Some(balancer) = load_balancer::read(reader).await else { return Vec::new() };
        let call = DescribeListeners { load_balancer: balancer.arn, page: None };
        let listeners = reader.list(call).await;
        if listeners.is_empty() {
            return Vec::new();
        }
        let resources = listeners.iter().map(|listener| listener.arn.clone()).collect();
        let tags = reader.find(DescribeElbTags { resources }).await;
        let tags = tags.as_ref().as_ref();
        let with_tags = |listener: &model::Listener| {
            Some((listener.clone(), tags?.get(&listener.arn)?.clone()))
        };
        listeners.iter().filter_map(with_tags).collect()
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        // Those of a load balancer that is not the stack's are not ours either.
        if observation.observed.physical("load-balancer").is_none() {
            return;
        }
        for (listener, tags) in answer {
            let name = match listener.port {
                HTTP => "listener/http".to_owned(),
                HTTPS => "listener/https".to_owned(),
                other => format!("listener/{other}"),
            };
            let id = |group: &String| Ok::<_, Infallible>(observation.id::<TargetGroup>(group));
            let Ok(action) = listener.action.try_map(id);
            let spec = Self {
                load_balancer: "load-balancer".into(),
                port: listener.port,
                protocol: listener.protocol.clone(),
                certificate: listener.certificate.clone(),
                tls_policy: listener.tls_policy.clone(),
                action,
            };
            observation.keep(Found::new(name, &listener.arn, spec, tags));
        }
    }

    fn is_in_place(field: &str) -> bool {
        field != "port"
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let run = step.run;
        let load_balancer = run.physical(&self.load_balancer)?;
        if let Some(arn) = step.existing() {
            if step.differs_beside_tags() {
                self.modify(step, &arn).await?;
            }
            return step.update_tags::<Self>(&arn).await;
        }
        let call = CreateListener {
            load_balancer: load_balancer.clone(),
            port: self.port,
            protocol: self.protocol.clone(),
            certificate: self.certificate.clone(),
            tls_policy: self.tls_policy.clone(),
            action: to_aws(&self.action, run)?,
            tags: step.tags(),
        };
        let arn = match run.caller.create(call).await? {
            Some(listener) => listener.arn,
            None => self.adopt(step, &load_balancer).await?,
        };
        run.remember(step.id(), &arn);
        Ok(())
    }

    async fn delete(step: &StepContext<'_>, arn: &str) -> Result<(), CallError> {
        step.run.caller.delete(DeleteListener { listener: arn.to_owned() }).await
    }

    async fn set_tags(step: &StepContext<'_>, arn: &str) -> Result<(), CallError> {
        load_balancer::set_tags(step, arn).await
    }

    fn detail(&self) -> String {
        let to = match &self.action {
            ListenerAction::Forward(group) => format!("to {group}"),
            ListenerAction::RedirectToHttps(port) => format!("redirects to HTTPS on {port}"),
            ListenerAction::Other(other) => other.clone(),
        };
        format!("{} on port {}, {to}", self.protocol, self.port)
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let action = match &self.action {
            ListenerAction::Forward(group) => {
                json!({ "Type": "forward", "TargetGroupArn": reference(group) })
            }
            ListenerAction::RedirectToHttps(port) => json!({
                "Type": "redirect",
                "RedirectConfig": { "Protocol": "HTTPS", "Port": port.to_string(), "StatusCode": "HTTP_301" },
            }),
            // Desired listeners have none of these.
            ListenerAction::Other(kind) => json!({ "Type": kind }),
        };
        let mut properties = json!({
            "LoadBalancerArn": reference(&self.load_balancer),
            "Port": self.port,
            "Protocol": self.protocol,
            "DefaultActions": [action],
        });
        if let Some(certificate) = &self.certificate {
            properties["Certificates"] = json!([{ "CertificateArn": certificate }]);
        }
        if let Some(policy) = &self.tls_policy {
            properties["SslPolicy"] = json!(policy);
        }
        let is_redirect = matches!(self.action, ListenerAction::RedirectToHttps(_));
        let target = template.topology.all::<TargetGroup>().next();
        let first = target.filter(|_| is_redirect).map(|(target, _)| logical_name(target));
        let kind = "AWS::ElasticLoadBalancingV2::Listener";
        let listener = template.add(&logical_name(id), kind, properties);
        if let Some(first) = first {
            listener["DependsOn"] = json!(first);
        }
    }
}
