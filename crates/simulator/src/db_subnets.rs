use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::database::{NO_CLUSTER, check_name};
use super::store::Thing;
use super::world::{Answer, World, find, refuse};
use skyward_aws::model::{DbSubnetGroup, Tags};
use skyward_aws::{
    AddRdsTags, CreateDBSubnetGroup, DeleteDBSubnetGroup, DescribeDBSubnetGroups, ListRdsTags,
    ModifyDBSubnetGroup,
};

/// A DB subnet group with its tags.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SubnetGroup {
    pub(super) group: DbSubnetGroup,
    tags: Tags,
}

impl Thing for SubnetGroup {
    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn keys(&self) -> Vec<String> {
        vec![format!("arn={}", self.group.arn)]
    }
}

pub(super) const NO_GROUP: &str = "DBSubnetGroupNotFoundFault";

impl World {
    pub(super) fn create_db_subnet_group(
        &mut self,
        call: CreateDBSubnetGroup,
    ) -> Answer<DbSubnetGroup> {
        check_name(&call.name)?;
        if self.state.subnet_groups.get(&call.name).is_some() {
            let message = format!("The DB subnet group '{}' already exists.", call.name);
            return refuse("DBSubnetGroupAlreadyExists", message);
        }
        let vpc = self.check_subnets(&call.subnets)?;
        let count = self.state.subnet_groups.len();
        self.quota("DB subnet groups", count, "DBSubnetGroupQuotaExceeded")?;
        let group = DbSubnetGroup {
            name: call.name.clone(),
            arn: self.arn("rds", &format!("subgrp:{}", call.name)),
            description: call.description,
            vpc,
            subnets: call.subnets,
            status: "Complete".into(),
        };
        let record = SubnetGroup { group: group.clone(), tags: call.tags };
        self.state.subnet_groups.put(self.moment(), &call.name, record);
        Ok(group)
    }

    /// The VPC of subnets that are there, of one VPC, and in two zones at least.
    fn check_subnets(&self, ids: &BTreeSet<String>) -> Answer<String> {
        let subnets: Vec<_> = ids.iter().filter_map(|id| self.state.subnets.get(id)).collect();
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

    pub(super) fn describe_db_subnet_groups(
        &mut self,
        call: DescribeDBSubnetGroups,
    ) -> Answer<Vec<DbSubnetGroup>> {
        match self.state.subnet_groups.seen(&call.name, self.view) {
            Some(record) => Ok(vec![record.group.clone()]),
            None => refuse(NO_GROUP, format!("DB subnet group '{}' does not exist.", call.name)),
        }
    }

    pub(super) fn modify_db_subnet_group(&mut self, call: ModifyDBSubnetGroup) -> Answer<()> {
        let record = find(&self.state.subnet_groups, &call.name, self.view, NO_GROUP)?;
        let is_used = self.state.clusters.any(&format!("subnet-group={}", call.name));
        if is_used && !record.group.subnets.is_subset(&call.subnets) {
            return refuse(
                "SubnetAlreadyInUse",
                "The DB subnet is already in use in the Availability Zone.",
            );
        }
        self.check_subnets(&call.subnets)?;
        self.state.subnet_groups.update(self.moment(), &call.name, |record| {
            record.group.description = call.description;
            record.group.subnets = call.subnets;
        });
        Ok(())
    }

    pub(super) fn delete_db_subnet_group(&mut self, call: DeleteDBSubnetGroup) -> Answer<()> {
        find(&self.state.subnet_groups, &call.name, self.view, NO_GROUP)?;
        if self.state.clusters.any(&format!("subnet-group={}", call.name)) {
            let message = format!(
                "Cannot delete the subnet group '{}' because at least one database cluster is still using it.",
                call.name
            );
            return refuse("InvalidDBSubnetGroupStateFault", message);
        }
        self.state.subnet_groups.remove(self.moment(), &call.name);
        Ok(())
    }

    fn rds_name(&self, arn: &str) -> Answer<(bool, String)> {
        let key = format!("arn={arn}");
        let cluster = self.state.clusters.with(&key).next().map(|(name, _)| (true, name.clone()));
        let group =
            || self.state.subnet_groups.with(&key).next().map(|(name, _)| (false, name.clone()));
        match cluster.or_else(group) {
            Some(found) => Ok(found),
            None => refuse(NO_CLUSTER, format!("{arn} not found.")),
        }
    }

    pub(super) fn list_rds_tags(&mut self, call: ListRdsTags) -> Answer<Tags> {
        let (is_cluster, name) = self.rds_name(&call.arn)?;
        let tags = if is_cluster {
            self.state.clusters.seen(&name, self.view).map(|record| &record.cluster.tags)
        } else {
            self.state.subnet_groups.seen(&name, self.view).map(|record| &record.tags)
        };
        match tags {
            Some(tags) => Ok(tags.clone()),
            None => refuse(
                if is_cluster { NO_CLUSTER } else { NO_GROUP },
                format!("{} not found.", call.arn),
            ),
        }
    }

    pub(super) fn add_rds_tags(&mut self, call: AddRdsTags) -> Answer<()> {
        let (is_cluster, name) = self.rds_name(&call.arn)?;
        let moment = self.moment();
        if is_cluster {
            self.state
                .clusters
                .update(moment, &name, |record| record.cluster.tags.extend(call.tags));
        } else {
            self.state.subnet_groups.update(moment, &name, |record| record.tags.extend(call.tags));
        }
        Ok(())
    }
}
