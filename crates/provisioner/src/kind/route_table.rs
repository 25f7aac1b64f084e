//! A route table and the subnets that it is for; its routes are resources of their own.

use skyward_aws::{
    AssociateRouteTable, CreateRouteTable, DeleteRouteTable, DescribeRouteTables,
    DisassociateRouteTable, ReplaceRouteTableAssociation,
};

use super::{Route, Subnet, Vpc, VpcEndpoint};
use crate::resource::prelude::*;

/// The number of attempts at a creation whose token tells of a table that was deleted since.
const ATTEMPTS: u32 = 3;

/// A route table and the subnets that it is for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RouteTable {
    pub(crate) vpc: Id,
    /// The subnets whose traffic it routes.
    pub subnets: BTreeSet<Id>,
}

/// The names in a template of the associations of these tables: what waits for a route waits for its table's subnets too.
pub(crate) fn associations<'a>(
    topology: &Topology,
    tables: impl IntoIterator<Item = &'a Id>,
) -> Vec<String> {
    let tables = tables.into_iter().filter_map(|table| topology.spec::<RouteTable>(table));
    tables.flat_map(|table| table.subnets.iter().map(association)).collect()
}

/// The name in a template of a subnet's association with its table.
fn association(subnet: &Id) -> String {
    format!("{}Association", logical_name(subnet))
}

async fn tables(
    step: &StepContext<'_>,
    select: Select,
) -> Result<Vec<model::RouteTable>, CallError> {
    step.run.caller.list(DescribeRouteTables { select, page: None }).await
}

async fn associate(
    step: &StepContext<'_>,
    vpc: &str,
    table: &str,
    subnets: &BTreeSet<String>,
) -> Result<(), CallError> {
    for subnet in subnets {
        let call = AssociateRouteTable { table: table.to_owned(), subnet: subnet.clone() };
        match step.run.caller.change(call).await {
            Ok(_) => {}
            Err(error) if error.class() == Some(Class::Exists) => {
                take_over(step, vpc, table, subnet).await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Takes a subnet from the table that it has: this one already, or another.
async fn take_over(
    step: &StepContext<'_>,
    vpc: &str,
    table: &str,
    subnet: &String,
) -> Result<(), CallError> {
    loop {
        let all = tables(step, Select::Vpc(vpc.to_owned())).await?;
        let found = all.iter().find_map(|one| {
            let uses = |association: &&model::RouteTableAssociation| {
                association.subnet.as_ref() == Some(subnet)
            };
            Some((one.id.as_str(), one.associations.iter().find(uses)?.id.clone()))
        });
        match found {
            Some((used, _)) if used == table => return Ok(()),
            Some((_, association)) => {
                let call = ReplaceRouteTableAssociation { association, table: table.to_owned() };
                return step.run.caller.change(call).await.map(|_| ());
            }
            None if step.is_late() => {
                let reason = format!("{subnet} has a route table that cannot be seen");
                return Err(CallError::Failed(reason));
            }
            None => step.look_again().await?,
        }
    }
}

impl Resource for RouteTable {
    const ID: &'static str = "route-table";
    const NAME: &'static str = "route table";
    const GONE_FIRST: &'static [Kind] = &[Kind::of::<Route>(), Kind::of::<VpcEndpoint>()];
    const GRANTS: &'static [Grants] = grants! {
        All [READ]: DescribeRouteTables;
        Apply [NETWORK_NEW_IN_VPC, NETWORK_WITHIN] "ec2:CreateTags" on TAG_NEW: CreateRouteTable;
        Apply [NETWORK_OWN]: AssociateRouteTable, ReplaceRouteTableAssociation;
        ApplyAndDestroy [NETWORK_OWN]: DeleteRouteTable, DisassociateRouteTable;
    };

    type Answer = Rc<Vec<model::RouteTable>>;

    fn desired(_: &Stack<'_>) -> Vec<Wanted<Self>> {
        let table = |name: &str, subnets: BTreeSet<Id>| {
            Wanted::new(format!("route-table/{name}"), Self { vpc: "vpc".into(), subnets })
        };
        let internal = LETTERS.iter().map(|letter| {
            let subnet = format!("subnet/internal-{letter}");
            table(&format!("internal-{letter}"), BTreeSet::from([subnet.into()]))
        });
        [table("public", each_zone("subnet/public").into())].into_iter().chain(internal).collect()
    }

    fn refs(&self) -> Vec<&Id> {
        self.subnets.iter().chain([&self.vpc]).collect()
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        reader.list(DescribeRouteTables { select: reader.of_stack(), page: None }).await
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        let mut tables: Vec<&model::RouteTable> = answer.iter().collect();
        // Of two tables, the one that is used.
        tables.sort_by_key(|table| (table.associations.is_empty(), &table.id));
        for table in tables {
            let subnets = table.associations.iter().filter_map(|one| one.subnet.as_ref());
            let spec = Self {
                vpc: observation.id::<Vpc>(&table.vpc),
                subnets: observation.ids::<Subnet>(subnets),
            };
            let found = Found::tagged(&table.id, spec, &table.tags);
            observation.keep_in::<Vpc>(&table.vpc, found);
        }
    }

    fn is_in_place(field: &str) -> bool {
        field != "vpc"
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let run = step.run;
        let vpc = run.physical(&self.vpc)?;
        let subnets = run.physicals(&self.subnets)?;
        if let Some(table) = step.existing() {
            run.remember(step.id(), &table);
            associate(step, &vpc, &table, &subnets).await?;
            let current = tables(step, Select::Ids(vec![table.clone()])).await?;
            for association in current.into_iter().flat_map(|table| table.associations) {
                if association.subnet.is_some_and(|subnet| !subnets.contains(&subnet)) {
                    let call = DisassociateRouteTable { association: association.id };
                    run.caller.delete(call).await?;
                }
            }
            return step.update_tags::<Self>(&table).await;
        }
        for attempt in 0..ATTEMPTS {
            let generation = format!("{vpc} {} {attempt}", step.replaced());
            let call = CreateRouteTable {
                vpc: vpc.clone(),
                client_token: run.names.client_token(step.id(), &generation),
                tags: step.tags(),
            };
            let table = run.caller.change(call).await?.id;
            run.remember(step.id(), &table);
            match associate(step, &vpc, &table, &subnets).await {
                // The token is that of a table that was deleted since.
                Err(error) if error.class() == Some(Class::NotFound) => {}
                result => return result,
            }
        }
        Err(step.invisible())
    }

    async fn delete(step: &StepContext<'_>, table: &str) -> Result<(), CallError> {
        let caller = step.run.caller;
        loop {
            let found = tables(step, Select::Ids(vec![table.to_owned()])).await?;
            for association in found.into_iter().flat_map(|table| table.associations) {
                let call = DisassociateRouteTable { association: association.id };
                caller.delete(call).await?;
            }
            let policy = RetryPolicy { not_yet: Duration::ZERO, ..RetryPolicy::DELETE };
            match caller.send(DeleteRouteTable { table: table.to_owned() }, policy).await {
                Ok(()) => return Ok(()),
                Err(error) if error.class() == Some(Class::NotFound) => return Ok(()),
                // An association that the look did not see.
                Err(error) if error.class() == Some(Class::NotYet) => step.pause("in use").await?,
                Err(error) => return Err(error),
            }
        }
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let properties = json!({ "VpcId": reference(&self.vpc), "Tags": template.tags(id) });
        template.add(&logical_name(id), "AWS::EC2::RouteTable", properties);
        for subnet in &self.subnets {
            let properties =
                json!({ "RouteTableId": reference(id), "SubnetId": reference(subnet) });
            let kind = "AWS::EC2::SubnetRouteTableAssociation";
            template.add(&association(subnet), kind, properties);
        }
    }
}
