//! DB subnet groups, which give a database its zones.

use crate::kind::simulated::prelude::*;
use crate::kind::simulated::role;

/// A DB subnet group with its tags.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DbSubnetGroupRecord {
    pub(crate) group: DbSubnetGroup,
    tags: Tags,
}

pub(crate) const QUOTA: DefaultQuota =
    DefaultQuota::new("DB subnet groups", 50, "DBSubnetGroupQuotaExceeded");

impl Kind for DbSubnetGroupRecord {
    const NAME: &'static str = "db-subnet-group";
    const MISSING: &'static str = "DBSubnetGroupNotFoundFault";
    const TAGGED_AS: Option<&'static str> = Some("subgrp");
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA];

    tags!(tags);
}

/// Source: terraform-aws-rds, issue 364.
const NO_ROLE: (&str, &str) = (
    "InvalidParameterValue",
    "Missing necessary credentials. Please check http://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html",
);

/// The names that RDS takes.
pub(crate) fn check_name(name: &str) -> Answer<()> {
    let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(is_good)
        // `CreateDBCluster`, `DBClusterIdentifier`.
        && !name.ends_with('-')
        && !name.contains("--")
    {
        return Ok(());
    }
    refuse("InvalidParameterValue", format!("The parameter {name} is not a valid identifier."))
}

impl World {
    pub(crate) fn create_db_subnet_group(
        &mut self,
        call: CreateDBSubnetGroup,
    ) -> Answer<DbSubnetGroup> {
        role::linked(self, "rds", NO_ROLE)?;
        check_name(&call.name)?;
        if self.get::<DbSubnetGroupRecord>(&call.name).is_some() {
            let message = format!("The DB subnet group '{}' already exists.", call.name);
            return refuse("DBSubnetGroupAlreadyExists", message);
        }
        let vpc = self.check_subnets(&call.subnets)?;
        self.room(&QUOTA, self.count::<DbSubnetGroupRecord>())?;
        let group = DbSubnetGroup {
            name: call.name.clone(),
            arn: self.arn("rds", &format!("subgrp:{}", call.name)),
            description: call.description,
            vpc,
            subnets: call.subnets,
            status: "Complete".into(),
        };
        let record = DbSubnetGroupRecord { group: group.clone(), tags: call.tags };
        self.put(&call.name, record);
        Ok(group)
    }

    /// The VPC of subnets that are there, of one VPC, and in two zones at least.
    fn check_subnets(&self, ids: &BTreeSet<String>) -> Answer<String> {
        let subnets: Vec<_> = ids.iter().filter_map(|id| self.get::<Subnet>(id)).collect();
        let vpcs: BTreeSet<&String> = subnets.iter().map(|subnet| &subnet.vpc).collect();
        if subnets.len() != ids.len() || vpcs.len() != 1 {
            let message = "The requested subnet is invalid, or multiple subnets were requested that are not all in a common VPC.";
            return refuse("InvalidSubnet", message);
        }
        if subnets.iter().map(|subnet| &subnet.zone).collect::<BTreeSet<_>>().len() < 2 {
            let message =
                "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement.";
            return refuse("DBSubnetGroupDoesNotCoverEnoughAZs", message);
        }
        Ok(vpcs.into_iter().next().expect("there is one").clone())
    }

    pub(crate) fn describe_db_subnet_groups(
        &mut self,
        call: DescribeDBSubnetGroups,
    ) -> Answer<Vec<DbSubnetGroup>> {
        match self.seen::<DbSubnetGroupRecord>(&call.name) {
            Some(record) => Ok(vec![record.group.clone()]),
            None => refuse(
                DbSubnetGroupRecord::MISSING,
                format!("DB subnet group '{}' does not exist.", call.name),
            ),
        }
    }

    pub(crate) fn modify_db_subnet_group(&mut self, call: ModifyDBSubnetGroup) -> Answer<()> {
        let record = self.find::<DbSubnetGroupRecord>(&call.name)?;
        let is_used = self.is_used(&format!("subnet-group={}", call.name));
        if is_used && !record.group.subnets.is_subset(&call.subnets) {
            return refuse(
                "SubnetAlreadyInUse",
                "The DB subnet is already in use in the Availability Zone.",
            );
        }
        self.check_subnets(&call.subnets)?;
        self.change::<DbSubnetGroupRecord>(&call.name, |record| {
            record.group.description = call.description;
            record.group.subnets = call.subnets;
        })
    }

    pub(crate) fn delete_db_subnet_group(&mut self, call: DeleteDBSubnetGroup) -> Answer<()> {
        self.find::<DbSubnetGroupRecord>(&call.name)?;
        if self.is_used(&format!("subnet-group={}", call.name)) {
            let message = format!(
                "Cannot delete the subnet group '{}' because at least one database cluster is still using it.",
                call.name
            );
            return refuse("InvalidDBSubnetGroupStateFault", message);
        }
        self.delete::<DbSubnetGroupRecord>(&call.name)
    }
}
