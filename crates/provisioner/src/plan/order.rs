use crate::topology::Kind;

/// What must be gone before something of a kind can be deleted. From AWS's own rules (a subnet with interfaces, a group that
/// another refers to, a gateway with mapped addresses are refused), and for an end in order: nothing loses its way out or its
/// log while it still works.
pub(super) fn gone_before(kind: Kind) -> &'static [Kind] {
    use Kind as K;
    match kind {
        K::AutoScalingGroup
        | K::DbCluster
        | K::DefaultSecurityGroup
        | K::FlowLog
        | K::Listener
        | K::Route
        | K::ScalingPolicy
        | K::VpcEndpoint => &[],
        K::LaunchTemplate => &[K::AutoScalingGroup],
        K::InstanceProfile => &[K::LaunchTemplate, K::AutoScalingGroup],
        K::Role => &[K::InstanceProfile],
        K::LoadBalancer => &[K::Listener],
        K::TargetGroup => &[K::Listener, K::LoadBalancer, K::AutoScalingGroup],
        K::DbSubnetGroup => &[K::DbCluster],
        K::NatGateway => &[K::Route],
        K::Address => &[K::NatGateway],
        K::InternetGateway => &[K::NatGateway, K::Address, K::LoadBalancer, K::Route],
        K::SecurityGroupRules => &[K::LoadBalancer, K::AutoScalingGroup, K::DbCluster],
        K::SecurityGroup => &[
            K::SecurityGroupRules,
            K::LoadBalancer,
            K::AutoScalingGroup,
            K::DbCluster,
            K::LaunchTemplate,
        ],
        K::RouteTable => &[K::Route, K::VpcEndpoint],
        K::Subnet => {
            &[K::NatGateway, K::LoadBalancer, K::AutoScalingGroup, K::DbSubnetGroup, K::RouteTable]
        }
        K::Vpc => &[
            K::Subnet,
            K::RouteTable,
            K::SecurityGroup,
            K::InternetGateway,
            K::NatGateway,
            K::VpcEndpoint,
            K::FlowLog,
            K::TargetGroup,
        ],
        K::Bucket => &[K::LoadBalancer, K::FlowLog, K::AutoScalingGroup],
    }
}

/// What goes with something else, without a call of its own: nothing for it to be deleted by.
pub(super) fn goes_along(kind: Kind) -> Option<Kind> {
    match kind {
        Kind::DefaultSecurityGroup => Some(Kind::Vpc),
        Kind::ScalingPolicy => Some(Kind::AutoScalingGroup),
        Kind::Route => Some(Kind::RouteTable),
        _ => None,
    }
}
