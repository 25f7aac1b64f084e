//! The configuration as types. Everything else (the JSON Schema, validation, the reference) is
//! derived from these types.

mod aws;
mod image;
mod k3s;

pub use aws::{Aws, DatabaseEngine, DatabaseStorage, Run};
pub(crate) use aws::{USER_DATA, way_out};
pub use image::{Compression, Image, Libc};
pub use k3s::{
    Access, Delivery, Effect, Ingress, Job, K3s, Machine, Metric, MetricSource, Peer, Port,
    Protocol, Role, ServiceType, Spread, Toleration, Volume, When, Worker,
};

use schemars::JsonSchema;
use serde::de::value::Error;
use serde::de::{Deserializer, Error as _, Visitor};
use serde::{Deserialize, Serialize};

use crate::Service;

/// The effective configuration: the file, its environment, variables and flags, merged and valid.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The web service: how it is built, and how it runs everywhere (on this machine, in the
    /// image, on Kubernetes).
    pub service: Service,
    /// The service's OCI image.
    pub image: Image,
    /// The service on Kubernetes, k3s first.
    pub k3s: K3s,
    /// The topology in AWS.
    pub aws: Aws,
}

/// The sections and their keys in the order of the types, which is the order to read them in. (A
/// JSON Schema's own is alphabetical.)
pub(crate) fn sections() -> Vec<(&'static str, &'static [&'static str])> {
    let keys = [fields::<Service>(), fields::<Image>(), fields::<K3s>(), fields::<Aws>()];
    fields::<Config>().iter().copied().zip(keys).collect()
}

/// The names that a struct tells a deserializer.
fn fields<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut fields: &[&str] = &[];
    // Nothing is read: the names are all that is asked for, and the error ends it there.
    drop(T::deserialize(Ask(&mut fields)));
    fields
}

struct Ask<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Ask<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("not a struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        Err(Error::custom("asked"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
