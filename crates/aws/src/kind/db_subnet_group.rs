//! DB subnet groups, which give a database its zones.

pub(crate) mod simulated;

use crate::page::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DbSubnetGroup {
    pub name: String,
    pub arn: String,
    pub description: String,
    pub vpc: String,
    pub subnets: BTreeSet<String>,
    /// `Complete`.
    pub status: String,
}

operations! {
    CreateDBSubnetGroup {
        name: String,
        description: String,
        subnets: BTreeSet<String>,
        tags: Tags,
    } -> DbSubnetGroup;
    DescribeDBSubnetGroups { name: String } -> Vec<DbSubnetGroup>;
    ModifyDBSubnetGroup { name: String, description: String, subnets: BTreeSet<String> } -> ();
    DeleteDBSubnetGroup { name: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use aws_sdk_rds::types;

    use super::*;
    use crate::kind::prelude::*;

    fn subnet_group(found: types::DbSubnetGroup) -> DbSubnetGroup {
        let subnets = found.subnets.unwrap_or_default().into_iter();
        DbSubnetGroup {
            name: text(found.db_subnet_group_name),
            arn: text(found.db_subnet_group_arn),
            description: text(found.db_subnet_group_description),
            vpc: text(found.vpc_id),
            subnets: subnets.filter_map(|subnet| subnet.subnet_identifier).collect(),
            status: text(found.subnet_group_status),
        }
    }

    requests! { rds
        create_db_subnet_group(call: CreateDBSubnetGroup) {
            db_subnet_group_name(call.name) db_subnet_group_description(call.description)
            set_subnet_ids(Some(call.subnets.into_iter().collect()))
            set_tags(Some(rds::to_tags(call.tags)))
        } => |answer| made(Operation::CreateDBSubnetGroup, answer.db_subnet_group, subnet_group)?;
        find describe_db_subnet_groups(call: DescribeDBSubnetGroups) {
            db_subnet_group_name(call.name)
        } or "DBSubnetGroupNotFoundFault" => |answer| each(answer.db_subnet_groups, subnet_group);
        modify_db_subnet_group(call: ModifyDBSubnetGroup) {
            db_subnet_group_name(call.name) db_subnet_group_description(call.description)
            set_subnet_ids(Some(call.subnets.into_iter().collect()))
        };
        delete_db_subnet_group(call: DeleteDBSubnetGroup) { db_subnet_group_name(call.name) };
    }
}
