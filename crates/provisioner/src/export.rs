//! The topology as a CloudFormation template: nobody is locked in, and public auditors can read it.
//!
//! The things that a template cannot say are in its metadata.

mod exceptions;

use serde_json::{Value, json};

pub use exceptions::{Auditor, EXCEPTIONS, Exception, When, exceptions, exceptions_markdown};

use crate::resource::{Template, Topology};

/// Returns the topology as a CloudFormation template. The zones are its parameters; everything else is as in the topology.
pub fn cloudformation(topology: &Topology) -> Value {
    let mut template = Template::new(topology);
    for resource in &topology.resources {
        resource.spec.inner().template(&resource.id, &mut template);
    }
    exceptions::skip_checks(&mut template);
    let mut document = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!("The stack {} of Skyward, as cargo xtask provision-aws would make it", topology.stack),
        "Metadata": { "Skyward": { "Stack": topology.stack, "Region": topology.region } },
        "Parameters": template.parameters,
        "Resources": template.resources,
        "Outputs": template.outputs,
    });
    if !template.left_out.is_empty() {
        document["Metadata"]["Skyward"]["NotInThisTemplate"] = json!({
            "Resources": template.left_out,
            "Reason": "CloudFormation cannot take away the rules of the default security group: nothing here uses it",
        });
    }
    if !template.objects.is_empty() {
        document["Metadata"]["Skyward"]["PutFirst"] = json!({
            "Objects": template.objects,
            "Reason": "CloudFormation puts no objects: the layer of the service's image, blobs/sha256/… in its folder below image.output, is put into the assets bucket under this key before instances start",
        });
    }
    document
}

/// Returns the same in YAML.
///
/// # Errors
/// None is known: every value of JSON can be written in YAML.
pub fn yaml(template: &Value) -> anyhow::Result<String> {
    Ok(serde_saphyr::to_string(template)?)
}
