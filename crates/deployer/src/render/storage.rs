//! The files and volumes of the pods.
//!
//! The ConfigMap is named by what it holds, and never changes: pods of an earlier revision keep theirs until they are gone, and a
//! file that changes replaces the pods because they name another one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapVolumeSource, KeyToPath, PersistentVolumeClaim, PersistentVolumeClaimSpec,
    PersistentVolumeClaimVolumeSource, SecretVolumeSource, Volume, VolumeMount,
    VolumeResourceRequirements,
};
use sha2::{Digest, Sha256};
use skyward_config::Access;

use super::{RenderError, canonical, objects, processes};
use crate::release::Release;

/// The most bytes that a ConfigMap holds (`MaxSecretSize` of Kubernetes' validation, which is its too).
const LARGEST: usize = 1024 * 1024;

/// The name of the volume with the ConfigMap.
const FILES: &str = "files";

/// The digits of a hash that names and annotations show.
const DIGITS: usize = 10;

/// Refuses files that no ConfigMap can hold.
pub(super) fn check(release: &Release) -> Result<(), RenderError> {
    let files = &release.inputs.files;
    let refuse = |key: String, reason: String| Err(RenderError { key, reason });
    let other = "put it into the image, or have the service fetch it";
    if let Some((path, bytes)) = files.iter().find(|(_, bytes)| bytes.len() > LARGEST) {
        let reason = format!("it has {} bytes, and a ConfigMap holds 1 MiB; {other}", bytes.len());
        return refuse(format!("k3s.files.\"{path}\""), reason);
    }
    let total: usize = files.iter().map(|(path, bytes)| path.len() + bytes.len()).sum();
    if total > LARGEST {
        let reason = format!(
            "together they have {total} bytes, and a ConfigMap holds 1 MiB; put some into the image"
        );
        return refuse("k3s.files".to_owned(), reason);
    }
    Ok(())
}

/// The key of a path in the ConfigMap. The configuration's rules see to it that no two are the same.
fn key(path: &str) -> String {
    path.trim_start_matches('/').replace('/', ".")
}

/// A hash of named contents, as digits for names and annotations.
pub(crate) fn short_hash<'a>(contents: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    for (name, bytes) in contents {
        for part in [name.as_bytes(), bytes] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    let mut digits = String::new();
    for byte in hash.finalize() {
        let _ = write!(digits, "{byte:02x}");
    }
    digits.truncate(DIGITS);
    digits
}

fn files_name(release: &Release) -> Option<String> {
    let files = &release.inputs.files;
    let contents = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    (!files.is_empty()).then(|| format!("{}-files-{}", release.name(), short_hash(contents)))
}

/// The files; none where there are none.
pub(super) fn config_map(release: &Release) -> Option<ConfigMap> {
    let name = files_name(release)?;
    let (mut texts, mut others) = (BTreeMap::new(), BTreeMap::new());
    for (path, bytes) in &release.inputs.files {
        match std::str::from_utf8(bytes) {
            // What an apply cannot carry as text goes as bytes.
            Ok(text) if canonical::check_text("", text).is_ok() => {
                texts.insert(key(path), text.to_owned());
            }
            _ => drop(others.insert(key(path), ByteString(bytes.clone()))),
        }
    }
    Some(ConfigMap {
        metadata: objects::metadata(release, name),
        data: (!texts.is_empty()).then_some(texts),
        binary_data: (!others.is_empty()).then_some(others),
        immutable: Some(true),
    })
}

/// The volumes' claims.
pub(super) fn claims(release: &Release) -> Vec<PersistentVolumeClaim> {
    let claim = |volume: &skyward_config::Volume| {
        let access = match volume.access {
            Access::Single => "ReadWriteOnce",
            Access::Shared => "ReadWriteMany",
        };
        let size = [("storage".to_owned(), canonical::bytes(&volume.size))];
        PersistentVolumeClaim {
            metadata: objects::metadata(
                release,
                processes::process_of(release.name(), &volume.name),
            ),
            spec: Some(PersistentVolumeClaimSpec {
                access_modes: Some(vec![access.into()]),
                storage_class_name: volume.class.clone(),
                resources: Some(VolumeResourceRequirements {
                    requests: Some(size.into()),
                    limits: None,
                }),
                ..PersistentVolumeClaimSpec::default()
            }),
            ..PersistentVolumeClaim::default()
        }
    };
    release.k3s.volume.iter().map(claim).collect()
}

/// The Secrets that files come from, by name.
fn secrets(release: &Release) -> BTreeSet<&str> {
    let references = release.k3s.secret_files.values();
    references.filter_map(|reference| Some(reference.split_once('/')?.0)).collect()
}

/// The name of a Secret's volume: a volume's is shorter than a Secret's may be.
fn secret_volume(release: &Release, secret: &str) -> String {
    let index = secrets(release).iter().position(|it| *it == secret).unwrap_or_default();
    format!("secret-{}", index + 1)
}

/// The volumes of a pod, beside its own `/tmp`.
pub(super) fn volumes(release: &Release) -> Vec<Volume> {
    let files = files_name(release).map(|name| Volume {
        name: FILES.into(),
        config_map: Some(ConfigMapVolumeSource { name, ..ConfigMapVolumeSource::default() }),
        ..Volume::default()
    });
    let secrets = secrets(release).into_iter().map(|secret| {
        let keys: BTreeSet<_> = release
            .k3s
            .secret_files
            .values()
            .filter_map(|reference| reference.split_once('/'))
            .filter(|(name, _)| *name == secret)
            .map(|(_, key)| key.to_owned())
            .collect();
        let items = keys.into_iter().map(|key| KeyToPath { path: key.clone(), key, mode: None });
        Volume {
            name: secret_volume(release, secret),
            secret: Some(SecretVolumeSource {
                secret_name: Some(secret.to_owned()),
                items: Some(items.collect()),
                // The pods' group reads them, and nobody else.
                default_mode: Some(0o440),
                ..SecretVolumeSource::default()
            }),
            ..Volume::default()
        }
    });
    let claims = release.k3s.volume.iter().map(|volume| Volume {
        name: format!("volume-{}", volume.name),
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name: processes::process_of(release.name(), &volume.name),
            read_only: None,
        }),
        ..Volume::default()
    });
    files.into_iter().chain(secrets).chain(claims).collect()
}

/// Their places in a container.
pub(super) fn mounts(release: &Release) -> Vec<VolumeMount> {
    let file = |volume: String, path: &str, key: String| VolumeMount {
        name: volume,
        mount_path: path.to_owned(),
        sub_path: Some(key),
        read_only: Some(true),
        ..VolumeMount::default()
    };
    let files = release.inputs.files.keys().map(|path| file(FILES.into(), path, key(path)));
    let secrets = release.k3s.secret_files.iter().filter_map(|(path, reference)| {
        let (secret, key) = reference.split_once('/')?;
        Some(file(secret_volume(release, secret), path, key.to_owned()))
    });
    let volumes = release.k3s.volume.iter().map(|volume| VolumeMount {
        name: format!("volume-{}", volume.name),
        mount_path: volume.path.clone(),
        ..VolumeMount::default()
    });
    files.chain(secrets).chain(volumes).collect()
}
