use super::store::{Store, Thing};
use super::world::{Answer, World, find, refuse};
use skyward_aws::model::Tags;
use skyward_aws::{CreateTags, DeleteTags};

/// What is done to tags; without it: a look whether they are there.
type Change<'a> = Option<&'a dyn Fn(&mut Tags)>;

impl World {
    pub(super) fn create_tags(&mut self, call: CreateTags) -> Answer<()> {
        self.retag_all(&call.resources, &|tags| tags.extend(call.tags.clone()))
    }

    pub(super) fn delete_tags(&mut self, call: DeleteTags) -> Answer<()> {
        self.retag_all(&call.resources, &|tags| tags.retain(|name, _| !call.names.contains(name)))
    }

    /// All of them, or none.
    fn retag_all(&mut self, ids: &[String], change: &dyn Fn(&mut Tags)) -> Answer<()> {
        ids.iter().try_for_each(|id| self.retag(id, None))?;
        ids.iter().try_for_each(|id| self.retag(id, Some(change)))
    }

    /// Changes the tags of what has an id, whatever it is.
    fn retag(&mut self, id: &str, change: Change<'_>) -> Answer<()> {
        fn of<T: Thing>(
            store: impl Fn(&mut World) -> &mut Store<T>,
            world: &mut World,
            (id, code): (&str, &str),
            change: Change<'_>,
            tags: impl Fn(&mut T) -> &mut Tags,
        ) -> Answer<()> {
            let (view, moment) = (world.view, world.moment());
            let store = store(world);
            find(store, id, view, code)?;
            if let Some(change) = change {
                store.update(moment, id, |thing| change(tags(thing)));
            }
            Ok(())
        }
        macro_rules! kinds {
            ($($prefix:literal $code:literal $store:ident $($field:tt).*;)*) => {
                match id.split('-').next().unwrap_or_default() {
                    $($prefix => of(
                        |world| &mut world.state.$store,
                        self,
                        (id, $code),
                        change,
                        |thing| &mut thing.$($field).*,
                    ),)*
                    _ => refuse("InvalidID", format!("The ID '{id}' is not valid")),
                }
            };
        }
        kinds! {
            "vpc" "InvalidVpcID.NotFound" vpcs vpc.tags;
            "subnet" "InvalidSubnetID.NotFound" subnets tags;
            "igw" "InvalidInternetGatewayID.NotFound" gateways tags;
            "eipalloc" "InvalidAllocationID.NotFound" addresses address.tags;
            "nat" "NatGatewayNotFound" nats gateway.tags;
            "rtb" "InvalidRouteTableID.NotFound" tables 0.tags;
            "sg" "InvalidGroup.NotFound" groups 0.tags;
            "vpce" "InvalidVpcEndpointId.NotFound" endpoints tags;
            "lt" "InvalidLaunchTemplateId.NotFound" templates template.tags;
            "i" "InvalidInstanceID.NotFound" machines instance.tags;
            "fl" "InvalidFlowLogId.NotFound" flow_logs tags;
        }
    }
}
