//! The operations that tag a resource of any kind, by its id or its ARN.

pub(crate) mod simulated;

use std::collections::BTreeMap;

pub use crate::page::Tags;

operations! {
    CreateTags { resources: Vec<String>, tags: Tags } -> ();
    DeleteTags { resources: Vec<String>, names: Vec<String> } -> ();
    DescribeElbTags { resources: Vec<String> } -> BTreeMap<String, Tags>;
    AddElbTags { resource: String, tags: Tags } -> ();
    RemoveElbTags { resource: String, names: Vec<String> } -> ();
    ListRdsTags { arn: String } -> Tags;
    AddRdsTags { arn: String, tags: Tags } -> ();
    RemoveRdsTags { arn: String, names: Vec<String> } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use super::*;
    use crate::kind::prelude::*;

    query! { ec2
        create_tags(call: CreateTags) {
            "ResourceId": call.resources, "Tag": pairs(call.tags),
        };
        // Without a value a tag goes whatever its value is.
        delete_tags(call: DeleteTags) {
            "ResourceId": call.resources,
            "Tag": call.names.into_iter().map(|name| structure! { "Key": name }).collect::<Vec<_>>(),
        };
    }

    query! { elb
        add_elb_tags(call: AddElbTags) {
            "ResourceArns": vec![call.resource], "Tags": pairs(call.tags),
        };
        remove_elb_tags(call: RemoveElbTags) {
            "ResourceArns": vec![call.resource], "TagKeys": call.names,
        };
    }

    requests! { rds
        list_tags_for_resource as list_rds_tags(call: ListRdsTags) { resource_name(call.arn) }
            => |answer| rds::tags(answer.tag_list);
        add_tags_to_resource as add_rds_tags(call: AddRdsTags) {
            resource_name(call.arn) set_tags(Some(rds::to_tags(call.tags)))
        };
        remove_tags_from_resource as remove_rds_tags(call: RemoveRdsTags) {
            resource_name(call.arn) set_tag_keys(Some(call.names))
        };
    }

    impl Sdk {
        pub(crate) async fn describe_elb_tags(
            &self,
            call: DescribeElbTags,
        ) -> Result<BTreeMap<String, Tags>, ApiError> {
            if call.resources.is_empty() {
                return Ok(BTreeMap::new());
            }
            let parameters = structure! { "ResourceArns": call.resources };
            let read = |answer: Element<'_>| {
                let found = answer.items("TagDescriptions");
                Ok(found.map(|found| (found.text("ResourceArn"), found.pairs("Tags"))).collect())
            };
            self.elb.call(Operation::DescribeElbTags, parameters, read).await
        }
    }
}
