//! The Secrets that the pods use: whether they are there, and a hash of what they hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use k8s_openapi::api::core::v1::Secret;
use skyward_config::K3s;
use skyward_terminal::program;

use crate::api::{ApiServer, CallError, Reason, ResourcePath};
use crate::render::short_hash;

/// A Secret, or keys of it, that the pods need and the namespace has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The Secret.
    pub secret: String,
    /// The keys that lack; without any, the Secret as a whole is used.
    pub keys: Vec<String>,
    /// True where the Secret itself is there.
    pub is_there: bool,
}

/// The keys of the Secrets that the pods use. A Secret that is used as a whole may have none.
pub fn referenced(k3s: &K3s) -> BTreeMap<String, BTreeSet<String>> {
    let mut secrets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for reference in k3s.secrets.values().chain(k3s.secret_files.values()) {
        let (secret, key) = reference.split_once('/').unwrap_or((reference, ""));
        secrets.entry(secret.to_owned()).or_default().insert(key.to_owned());
    }
    for secret in &k3s.env_from_secrets {
        secrets.entry(secret.clone()).or_default();
    }
    secrets
}

/// A hash of each Secret that the pods use, and what lacks. A Secret that may not be read has no hash.
///
/// The UID goes into the hash: whoever may read a pod's template and not the Secret cannot try values until the hash is right.
///
/// # Errors
/// The API server does not tell.
pub async fn hashes(
    api: &ApiServer,
    namespace: &str,
    k3s: &K3s,
) -> Result<(BTreeMap<String, String>, Vec<Missing>), CallError> {
    let (mut hashes, mut missing) = (BTreeMap::new(), Vec::new());
    for (name, wanted) in referenced(k3s) {
        let place = ResourcePath::new("Secret", "v1", "secrets", namespace, &name);
        let secret: Secret = match api.read(&place).await {
            Ok(Some(secret)) => secret,
            Ok(None) => {
                let keys = wanted.into_iter().collect();
                missing.push(Missing { secret: name, keys, is_there: false });
                continue;
            }
            Err(CallError { reason: Reason::Forbidden(_), .. }) => continue,
            Err(error) => return Err(error),
        };
        let data = secret.data.unwrap_or_default();
        let keys: Vec<_> = wanted.into_iter().filter(|key| !data.contains_key(key)).collect();
        if !keys.is_empty() {
            missing.push(Missing { secret: name.clone(), keys, is_there: true });
        }
        let uid = secret.metadata.uid.unwrap_or_default();
        let contents = data.iter().map(|(key, value)| (key.as_str(), value.0.as_slice()));
        let hash = short_hash(std::iter::once(("", uid.as_bytes())).chain(contents));
        hashes.insert(name, hash);
    }
    Ok((hashes, missing))
}

/// Names the command that makes it.
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { secret, keys, is_there } = self;
        let set = program::command("deploy-k3s secret set");
        match keys.as_slice() {
            [] => write!(f, "Secret {secret} is not there: `{set} {secret} KEY` makes it"),
            keys => {
                let what =
                    if *is_there { "has no" } else { "is not there, of which the pods need" };
                write!(f, "Secret {secret} {what} {}: ", keys.join(", "))?;
                for (index, key) in keys.iter().enumerate() {
                    let and = if index == 0 { "" } else { " and " };
                    write!(f, "{and}`{set} {secret} {key}`")?;
                }
                f.write_str(if keys.len() > 1 { " make it" } else { " makes it" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lacks_is_told_with_the_command_that_makes_it() {
        let text = |keys: &[&str], is_there| {
            let keys = keys.iter().map(|key| (*key).to_owned()).collect();
            Missing { secret: "db".into(), keys, is_there }.to_string()
        };
        let set = "cargo xtask deploy-k3s secret set db";
        assert_eq!(text(&[], false), format!("Secret db is not there: `{set} KEY` makes it"));
        assert_eq!(text(&["url"], true), format!("Secret db has no url: `{set} url` makes it"));
        assert_eq!(
            text(&["a", "b"], false),
            format!(
                "Secret db is not there, of which the pods need a, b: `{set} a` and `{set} b` make it"
            )
        );
    }
}
