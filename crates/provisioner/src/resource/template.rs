//! A CloudFormation template in the making, to which each kind adds what it is there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use skyward_aws::Partition;

use super::Topology;
use crate::stack::Id;

/// The template in the making.
pub(crate) struct Template<'a> {
    pub(crate) topology: &'a Topology,
    pub(crate) resources: Map<String, Value>,
    pub(crate) parameters: Map<String, Value>,
    pub(crate) outputs: Map<String, Value>,
    /// The resources that CloudFormation cannot express.
    pub(crate) left_out: Vec<Id>,
    /// The objects that must be in the assets bucket first, by key with their SHA-256.
    pub(crate) objects: BTreeMap<String, String>,
    /// The ARNs that documents of policies may name, and the logical names of their resources.
    arns: Vec<(String, String)>,
}

impl<'a> Template<'a> {
    pub(crate) fn new(topology: &'a Topology) -> Self {
        Self {
            topology,
            resources: Map::new(),
            parameters: Map::new(),
            outputs: Map::new(),
            left_out: Vec::new(),
            objects: BTreeMap::new(),
            arns: Vec::new(),
        }
    }

    /// Adds a resource.
    #[expect(clippy::needless_pass_by_value, reason = "the properties are made for this")]
    pub(crate) fn add(&mut self, name: &str, kind: &str, properties: Value) -> &mut Value {
        let resource = json!({ "Type": kind, "Properties": properties });
        self.resources.entry(name.to_owned()).or_insert(resource)
    }

    /// Adds an output.
    #[expect(clippy::needless_pass_by_value, reason = "the value is made for this")]
    pub(crate) fn output(&mut self, name: &str, description: &str, value: Value) {
        let output = json!({ "Description": description, "Value": value });
        self.outputs.insert(name.to_owned(), output);
    }

    /// The partition of the stack's region.
    pub(crate) fn partition(&self) -> Partition {
        Partition::of(&self.topology.region)
    }

    /// From now on this ARN in a document of a policy is a reference to the resource.
    pub(crate) fn known_arn(&mut self, arn: String, id: &Id) {
        self.arns.push((arn, logical_name(id)));
    }

    /// All tags of a resource, as most of CloudFormation's types take them.
    pub(crate) fn tags(&self, id: &Id) -> Value {
        let tags = self.topology.tags_of(id);
        tags.iter().map(|(name, value)| json!({ "Key": name, "Value": value })).collect()
    }

    /// A document of a policy. Known ARNs in it become references, so that it follows their resources.
    pub(crate) fn document(&self, document: &Value) -> Value {
        match document {
            Value::String(text) => self.arn(text),
            Value::Array(items) => items.iter().map(|item| self.document(item)).collect(),
            Value::Object(fields) => {
                let of = |(name, value): (&String, &Value)| (name.clone(), self.document(value));
                Value::Object(fields.iter().map(of).collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }

    fn arn(&self, text: &str) -> Value {
        let rest_of = |(arn, name): &'_ (String, String)| {
            let rest = text.strip_prefix(arn.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| (rest.to_owned(), name.clone()))
        };
        match self.arns.iter().find_map(rest_of) {
            None => json!(text),
            Some((rest, name)) if rest.is_empty() => json!({ "Fn::GetAtt": [name, "Arn"] }),
            Some((rest, name)) => {
                json!({ "Fn::Sub": format!("${{{name}.Arn}}{}", rest.replace("${", "${!")) })
            }
        }
    }
}

/// A resource's name in the template: `subnet/public-a` is `SubnetPublicA`.
pub(crate) fn logical_name(id: &Id) -> String {
    let mut name = String::new();
    for word in id.as_str().split(|letter: char| !letter.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

/// A reference to a resource.
pub(crate) fn reference(id: &Id) -> Value {
    json!({ "Ref": logical_name(id) })
}

/// References to resources.
pub(crate) fn references(ids: &BTreeSet<Id>) -> Value {
    ids.iter().map(reference).collect()
}

/// An attribute of a resource.
pub(crate) fn attribute(id: &Id, name: &str) -> Value {
    json!({ "Fn::GetAtt": [logical_name(id), name] })
}

/// Attributes with their values, as the load balancer takes them.
pub(crate) fn key_values(pairs: &BTreeMap<String, String>) -> Vec<Value> {
    pairs.iter().map(|(name, value)| json!({ "Key": name, "Value": value })).collect()
}
