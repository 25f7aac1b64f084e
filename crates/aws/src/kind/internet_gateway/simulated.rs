//! Internet gateways, one for a VPC at most.

use crate::kind::simulated::network_interface::InterfaceRecord;
use crate::kind::simulated::prelude::*;
use crate::kind::simulated::vpc::VpcRecord;

const QUOTA: DefaultQuota =
    DefaultQuota::new("internet gateways", 5, "InternetGatewayLimitExceeded");

impl Kind for InternetGateway {
    const NAME: &'static str = "internet-gateway";
    const MISSING: &'static str = "InvalidInternetGatewayID.NotFound";
    const TAGGED_AS: Option<&'static str> = Some("igw");
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA];
    const RULES: &'static [Behaviour] = &[(
        "An internet gateway cannot be detached while addresses are mapped in its VPC",
        Documents,
    )];

    tags!(tags);

    fn keys(&self) -> Vec<String> {
        self.vpc.iter().map(|vpc| format!("vpc={vpc}")).collect()
    }

    fn state(&self) -> String {
        self.vpc.clone().unwrap_or_default()
    }
}

impl World {
    pub(crate) fn create_internet_gateway(
        &mut self,
        call: CreateInternetGateway,
    ) -> Answer<InternetGateway> {
        self.room(&QUOTA, self.count::<InternetGateway>())?;
        let gateway = InternetGateway { id: self.id("igw"), vpc: None, tags: call.tags };
        self.put(&gateway.id, gateway.clone());
        Ok(gateway)
    }

    pages!(describe_internet_gateways(DescribeInternetGateways) of InternetGateway => Clone::clone);

    pub(crate) fn attach_internet_gateway(&mut self, call: AttachInternetGateway) -> Answer<()> {
        let gateway = self.find::<InternetGateway>(&call.gateway)?;
        self.find::<VpcRecord>(&call.vpc)?;
        if let Some(vpc) = &gateway.vpc {
            let message = format!("resource {} is already attached to network {vpc}", call.gateway);
            return refuse("Resource.AlreadyAssociated", message);
        }
        if self.any::<InternetGateway>(&format!("vpc={}", call.vpc)) {
            let message = format!("Network {} already has an internet gateway attached", call.vpc);
            return refuse("InvalidParameterValue", message);
        }
        let attach = |gateway: &mut InternetGateway| gateway.vpc = Some(call.vpc);
        self.change::<InternetGateway>(&call.gateway, attach)
    }

    pub(crate) fn detach_internet_gateway(&mut self, call: DetachInternetGateway) -> Answer<()> {
        let gateway = self.find::<InternetGateway>(&call.gateway)?;
        if gateway.vpc.as_ref() != Some(&call.vpc) {
            let message =
                format!("resource {} is not attached to network {}", call.gateway, call.vpc);
            return refuse("Gateway.NotAttached", message);
        }
        let mut interfaces = self.with::<InterfaceRecord>(&format!("vpc={}", call.vpc));
        if interfaces.any(|(_, interface)| interface.is_mapped) {
            let message = format!(
                "Network {} has some mapped public address(es). Please unmap those public \
                 address(es) before detaching the gateway.",
                call.vpc
            );
            return refuse("DependencyViolation", message);
        }
        drop(interfaces);
        self.change::<InternetGateway>(&call.gateway, |gateway| gateway.vpc = None)
    }

    pub(crate) fn delete_internet_gateway(&mut self, call: DeleteInternetGateway) -> Answer<()> {
        let gateway = self.find::<InternetGateway>(&call.gateway)?;
        if gateway.vpc.is_some() {
            let message = format!(
                "The internetGateway '{}' has dependencies and cannot be deleted.",
                call.gateway
            );
            return refuse("DependencyViolation", message);
        }
        self.delete::<InternetGateway>(&call.gateway)
    }
}
