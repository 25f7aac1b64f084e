//! Listeners: the ports of a load balancer, which go with it.

use crate::kind::simulated::load_balancer::LoadBalancerRecord;
use crate::kind::simulated::prelude::*;
use crate::kind::simulated::target_group::TargetGroupRecord;

/// A listener with its tags.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ListenerRecord {
    pub(crate) listener: Listener,
    tags: Tags,
}

pub(crate) const QUOTA: DefaultQuota =
    DefaultQuota::new("listeners of a load balancer", 50, "TooManyListeners");

impl Kind for ListenerRecord {
    const NAME: &'static str = "listener";
    const MISSING: &'static str = "ListenerNotFound";
    const TAGGED_AS: Option<&'static str> = Some("listener");
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA];

    tags!(tags);

    fn keys(&self) -> Vec<String> {
        let mut keys = vec![format!("balancer={}", self.listener.load_balancer)];
        if let ListenerAction::Forward(target) = &self.listener.action {
            keys.push(format!("target={target}"));
        }
        keys
    }

    fn state(&self) -> String {
        self.listener.port.to_string()
    }

    fn tie(&self, key: &str) -> Tie {
        if key.starts_with("balancer=") { Tie::GoesWith } else { Tie::Blocks }
    }
}

impl World {
    fn check_action(&self, balancer: &str, action: &ListenerAction) -> Answer<()> {
        let ListenerAction::Forward(target) = action else { return Ok(()) };
        let targets = self.find::<TargetGroupRecord>(target)?;
        let balancer = self.get::<LoadBalancerRecord>(balancer);
        if balancer.is_some_and(|record| record.shown.vpc != targets.group.vpc) {
            let message = "The target group and the load balancer are in different VPCs";
            return refuse("InvalidConfigurationRequest", message);
        }
        Ok(())
    }

    pub(crate) fn create_listener(&mut self, call: CreateListener) -> Answer<Listener> {
        self.find::<LoadBalancerRecord>(&call.load_balancer)?;
        self.check_action(&call.load_balancer, &call.action)?;
        if call.protocol == "HTTPS" && call.certificate.is_none() {
            return refuse(
                "ValidationError",
                "A certificate must be specified for HTTPS listeners",
            );
        }
        let key = format!("balancer={}", call.load_balancer);
        let new = Listener {
            arn: String::new(),
            load_balancer: call.load_balancer.clone(),
            port: call.port,
            protocol: call.protocol,
            certificate: call.certificate,
            tls_policy: call.tls_policy,
            action: call.action,
        };
        let mut ports = self.with::<ListenerRecord>(&key);
        if let Some((arn, port)) = ports.find(|(_, port)| port.listener.port == call.port) {
            if port.listener == (Listener { arn: arn.clone(), ..new }) {
                return Ok(port.listener.clone());
            }
            return refuse(
                "DuplicateListener",
                "A listener already exists on this port for this load balancer",
            );
        }
        drop(ports);
        let count = self.with::<ListenerRecord>(&key).count();
        self.room(&QUOTA, count)?;
        let arn = call.load_balancer.replacen(":loadbalancer/", ":listener/", 1);
        let listener = Listener { arn: format!("{arn}/{}", self.number()), ..new };
        let port = ListenerRecord { listener: listener.clone(), tags: call.tags };
        self.put(&listener.arn, port);
        Ok(listener)
    }

    pub(crate) fn describe_listeners(&mut self, call: DescribeListeners) -> Answer<Page<Listener>> {
        self.find::<LoadBalancerRecord>(&call.load_balancer)?;
        let key = format!("balancer={}", call.load_balancer);
        let size = self.settings.page_size;
        let after = |arn: &String| call.page.as_ref().is_none_or(|page| arn > page);
        let found = self.seen_with::<ListenerRecord>(&key).filter(|(arn, _)| after(arn));
        let mut items: Vec<Listener> = found.map(|(_, port)| port.listener.clone()).collect();
        let is_more = items.len() > size;
        items.truncate(size);
        let next = items.last().filter(|_| is_more).map(|listener| listener.arn.clone());
        Ok(Page { items, next })
    }

    pub(crate) fn modify_listener(&mut self, call: ModifyListener) -> Answer<()> {
        let port = self.find::<ListenerRecord>(&call.listener)?;
        self.check_action(&port.listener.load_balancer, &call.action)?;
        self.change::<ListenerRecord>(&call.listener, |port| {
            port.listener.protocol = call.protocol;
            port.listener.certificate = call.certificate;
            port.listener.tls_policy = call.tls_policy;
            port.listener.action = call.action;
        })
    }

    pub(crate) fn delete_listener(&mut self, call: DeleteListener) -> Answer<()> {
        self.delete::<ListenerRecord>(&call.listener)
    }
}
