//! What the configuration means for the image and for the service in it.

use std::collections::BTreeMap;

use oci_spec::image::{
    ANNOTATION_CREATED, ANNOTATION_DESCRIPTION, ANNOTATION_LICENSES, ANNOTATION_REVISION,
    ANNOTATION_SOURCE, ANNOTATION_TITLE, ANNOTATION_VERSION,
};
use skyward_config::Config;

use crate::cargo::Package;
use crate::pack::Spec;
use crate::time;

/// The image that `config` describes. `package` is the service's cargo package, where there is one; `epoch` is in
/// seconds since 1970.
pub fn spec(
    config: &Config,
    package: Option<&Package>,
    revision: Option<&str>,
    epoch: u64,
) -> Spec {
    let (service, image) = (&config.service, &config.image);
    let mut ports = vec![service.port, service.admin_port];
    ports.retain(|port| *port != 0);
    Spec {
        name: service.name.clone(),
        user: image.user,
        ports,
        env: service.environment(),
        args: service.args.clone(),
        labels: labels(config, package, revision, epoch),
        compression: image.compression,
        epoch,
    }
}

/// The labels of the OCI image specification (annotations.md), and those of the configuration over them.
///
/// The revision is there only when it is given: two folders with the same source, of which one is no git checkout, make
/// the same image; and a commit that changes no code does not change the image.
fn labels(
    config: &Config,
    package: Option<&Package>,
    revision: Option<&str>,
    epoch: u64,
) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([
        (ANNOTATION_TITLE.to_owned(), config.service.name.clone()),
        (ANNOTATION_CREATED.to_owned(), time::rfc3339(epoch)),
    ]);
    let mut add = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            labels.insert(key.to_owned(), value.trim().to_owned());
        }
    };
    add(ANNOTATION_VERSION, package.map(|package| package.version.as_str()));
    add(ANNOTATION_DESCRIPTION, package.and_then(|package| package.description.as_deref()));
    add(ANNOTATION_LICENSES, package.and_then(|package| package.license.as_deref()));
    add(ANNOTATION_SOURCE, package.and_then(|package| package.repository.as_deref()));
    add(ANNOTATION_REVISION, revision);
    labels.extend(config.image.labels.clone());
    labels
}
