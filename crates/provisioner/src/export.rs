//! The topology as a CloudFormation template: nobody is locked in, and public auditors can read it.
//!
//! What the template cannot say is said in its metadata: the rules of a VPC's default security group cannot be taken away by
//! CloudFormation.

mod compute;
mod exceptions;
mod network;
mod reference;
mod storage;

use serde_json::{Map, Value, json};

pub use exceptions::{Auditor, EXCEPTIONS, Exception, When, exceptions, exceptions_markdown};

use crate::topology::{Id, Resource, Spec, Topology};

/// The template under way.
struct Template<'a> {
    topology: &'a Topology,
    resources: Map<String, Value>,
}

/// The topology as a CloudFormation template. The zones are its parameters; everything else is as in the topology.
pub fn cloudformation(topology: &Topology) -> Value {
    let mut template = Template { topology, resources: Map::new() };
    for resource in &topology.resources {
        template.resource(resource);
    }
    template.skip_checks();
    let resources = template.resources;
    let mut document = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!("The stack {} of Skyward, as cargo xtask provision-aws would make it", topology.stack),
        "Metadata": { "Skyward": { "Stack": topology.stack, "Region": topology.region } },
        "Parameters": zones(topology),
        "Resources": resources,
        "Outputs": outputs(topology),
    });
    let left_out = topology.resources.iter().filter(|resource| is_left_out(&resource.spec));
    let left_out: Vec<_> = left_out.map(|resource| resource.id.as_str()).collect();
    if !left_out.is_empty() {
        document["Metadata"]["Skyward"]["NotInThisTemplate"] = json!({
            "Resources": left_out,
            "Reason": "CloudFormation cannot take away the rules of the default security group: nothing here uses it",
        });
    }
    document
}

/// The same in YAML.
///
/// # Errors
/// None is known: every value of JSON can be written in YAML.
pub fn yaml(template: &Value) -> anyhow::Result<String> {
    Ok(serde_saphyr::to_string(template)?)
}

fn is_left_out(spec: &Spec) -> bool {
    matches!(spec, Spec::DefaultSecurityGroup(_))
}

/// A resource's name in the template: `subnet/public-a` is `SubnetPublicA`.
fn logical(id: &Id) -> String {
    let mut name = String::new();
    for word in id.as_str().split(|letter: char| !letter.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

/// The zones: the topology's are the defaults.
fn zones(topology: &Topology) -> Value {
    let mut zones = Map::new();
    for resource in &topology.resources {
        if let Spec::Subnet(subnet) = &resource.spec {
            zones.insert(
                zone_parameter(&resource.id),
                json!({
                    "Type": "AWS::EC2::AvailabilityZone::Name",
                    "Default": subnet.zone,
                    "Description": "A zone that offers the instances and the database",
                }),
            );
        }
    }
    Value::Object(zones)
}

/// The parameter for a subnet's zone: by the letter at its end.
fn zone_parameter(subnet: &Id) -> String {
    let letter = subnet.as_str().rsplit('-').next().unwrap_or_default();
    format!("Zone{}", letter.to_ascii_uppercase())
}

fn outputs(topology: &Topology) -> Value {
    let mut outputs = Map::new();
    let mut output = |name: &str, description: &str, value: Value| {
        outputs.insert(name.to_owned(), json!({ "Description": description, "Value": value }));
    };
    let is_https = topology.get(&"listener/https".into()).is_some();
    for Resource { id, spec, .. } in &topology.resources {
        let name = logical(id);
        match spec {
            Spec::Vpc(_) => output("Vpc", "The VPC", json!({ "Ref": name })),
            Spec::LoadBalancer(_) => {
                let scheme = if is_https { "https" } else { "http" };
                let url = json!({ "Fn::Sub": format!("{scheme}://${{{name}.DNSName}}/") });
                output("Url", "Where the page is", url);
            }
            Spec::DbCluster(cluster) => {
                let attribute =
                    |name: &str, attribute: &str| json!({ "Fn::GetAtt": [name, attribute] });
                let writer = attribute(&name, "Endpoint.Address");
                output("DatabaseEndpoint", "The database's writer", writer);
                let reader = attribute(&name, "ReadEndpoint.Address");
                output("DatabaseReaderEndpoint", "The database's readable standbys", reader);
                if cluster.managed_password {
                    let secret = attribute(&name, "MasterUserSecret.SecretArn");
                    output("DatabaseSecret", "The secret with the database's password", secret);
                }
            }
            Spec::Bucket(_) => output(&name, "A bucket", json!({ "Ref": name })),
            _ => {}
        }
    }
    Value::Object(outputs)
}
