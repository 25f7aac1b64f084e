use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Template, logical};
use crate::topology::{Id, Spec};

impl Template<'_> {
    /// Adds a resource.
    #[expect(clippy::needless_pass_by_value, reason = "the properties are made for this")]
    pub(super) fn add(&mut self, name: &str, kind: &str, properties: Value) -> &mut Value {
        let resource = json!({ "Type": kind, "Properties": properties });
        self.resources.entry(name.to_owned()).or_insert(resource)
    }

    /// All tags of a resource, as most of CloudFormation's types take them.
    pub(super) fn tags(&self, id: &Id) -> Value {
        let tags = self.topology.tags_of(id);
        tags.iter().map(|(name, value)| json!({ "Key": name, "Value": value })).collect()
    }

    /// A document of a policy; the names of our own buckets in it become references, so that it follows the buckets.
    pub(super) fn document(&self, document: &Value) -> Value {
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
        for resource in &self.topology.resources {
            if let Spec::Bucket(bucket) = &resource.spec
                && let Some(rest) = text.strip_prefix("arn:aws:s3:::")
                && let Some(rest) = rest.strip_prefix(&bucket.name)
                && (rest.is_empty() || rest.starts_with('/'))
            {
                let name = logical(&resource.id);
                return match rest {
                    "" => json!({ "Fn::GetAtt": [name, "Arn"] }),
                    rest => {
                        json!({ "Fn::Sub": format!("${{{name}.Arn}}{}", rest.replace("${", "${!")) })
                    }
                };
            }
        }
        json!(text)
    }
}

/// A reference to a resource.
pub(super) fn reference(id: &Id) -> Value {
    json!({ "Ref": logical(id) })
}

/// References to resources.
pub(super) fn references(ids: &BTreeSet<Id>) -> Value {
    ids.iter().map(reference).collect()
}

/// An attribute of a resource.
pub(super) fn attribute(id: &Id, name: &str) -> Value {
    json!({ "Fn::GetAtt": [logical(id), name] })
}

/// Attributes with their values, as the load balancer takes them.
pub(super) fn key_values(pairs: &std::collections::BTreeMap<String, String>) -> Vec<Value> {
    pairs.iter().map(|(name, value)| json!({ "Key": name, "Value": value })).collect()
}
