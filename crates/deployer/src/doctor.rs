//! The cluster before anything is deployed: can it be reached, is it new enough, may we do what a deployment does, and does
//! it have what the configuration names? Only questions are sent; nothing is changed.

use skyward_config::{Config, ConfigArgs, Delivery, Ingress, Loaded};
use skyward_image::load::{self, Engine};
use skyward_terminal::{Calls, program};

use crate::api::{ApiServer, ApiSettings, ContextRef};
use crate::common::Common;
use crate::release::Release;
use crate::rights::{self, Right};
use crate::{image, inputs};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// Its name.
    pub what: String,
    /// The finding, where all is as it should be.
    pub found: Result<String, Lack>,
}

/// Something that is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// The problem.
    pub problem: String,
    /// The next step.
    pub next: String,
}

/// The oldest minor version of Kubernetes 1 that the deployer is tested with.
const OLDEST: u32 = 33;

/// Examines the configured cluster; none where none is configured.
pub async fn examine(loaded: &Loaded) -> Option<Vec<Examined>> {
    let target = target(loaded)?;
    let settings = ApiSettings { calls: Calls::silent(), ..ApiSettings::default() };
    let api = match ApiServer::connect_with(&target, settings).await {
        Ok(api) => api,
        Err(error) => return Some(vec![lacks("cluster", &error)]),
    };
    let mut release = Release::of(&loaded.config);
    let inputs = inputs::read(loaded).map(|inputs| release.inputs = inputs);
    let (classes, rights, secrets) = tokio::join!(
        ingress_class(&api, &loaded.config),
        permissions(&api, &release),
        secrets(&api, &loaded.config)
    );
    let mut all = vec![Examined {
        what: "cluster".to_owned(),
        found: Ok(format!("{} answers at {}", api.context(), api.server())),
    }];
    all.push(version(api.version()));
    all.push(rights);
    all.extend(inputs.err().map(|error| lacks("files", &error)));
    all.extend(secrets);
    all.extend(classes);
    all.push(delivery(loaded));
    Some(all)
}

/// The cluster that the configuration names, or the one of that name which `cluster up` made.
fn target(loaded: &Loaded) -> Option<ContextRef> {
    let target = Common::of(ConfigArgs::default()).target(loaded);
    target.context.is_some().then_some(target)
}

/// A problem as an error tells it whose text has the next step in it.
fn lacks(what: &str, error: &dyn std::error::Error) -> Examined {
    let text = error.to_string();
    let (problem, next) = match text.split_once(". Next step: ") {
        Some((problem, next)) => (problem.to_owned(), next.to_owned()),
        None => (text, "see what the API server says".to_owned()),
    };
    Examined { what: what.to_owned(), found: Err(Lack { problem, next }) }
}

fn version(version: &str) -> Examined {
    let minor = version.strip_prefix("v1.").and_then(|rest| {
        rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse::<u32>().ok()
    });
    let found = match minor {
        Some(minor) if minor < OLDEST => Err(Lack {
            problem: format!(
                "the cluster has {version}, and 1.{OLDEST} is the oldest that is supported"
            ),
            next: "upgrade the cluster".to_owned(),
        }),
        _ => Ok(version.to_owned()),
    };
    Examined { what: "version".to_owned(), found }
}

/// The Secrets that the pods use, where the configuration names any.
async fn secrets(api: &ApiServer, config: &Config) -> Option<Examined> {
    let (what, used) = ("secrets".to_owned(), inputs::referenced(&config.k3s));
    if used.is_empty() {
        return None;
    }
    let missing = match inputs::hashes(api, &config.k3s.namespace, &config.k3s).await {
        Ok((_, missing)) => missing,
        Err(error) => return Some(lacks(&what, &error)),
    };
    let found = if missing.is_empty() {
        Ok(used.into_keys().collect::<Vec<_>>().join(", "))
    } else {
        let told = missing.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        Err(Lack {
            problem: format!("namespace {} has not all that the pods use", config.k3s.namespace),
            next: told,
        })
    };
    Some(Examined { what, found })
}

/// The way of the image to the nodes: a registry, the machines, or an engine of this machine.
fn delivery(loaded: &Loaded) -> Examined {
    let (image, k3s) = (&loaded.config.image, &loaded.config.k3s);
    let found = match image::settled(k3s.delivery, &image.repository) {
        Delivery::Push => Ok(format!("pushed to {}", image.repository)),
        Delivery::None => Ok("the nodes have it (k3s.delivery)".to_owned()),
        Delivery::Load | Delivery::Auto if !k3s.machine.is_empty() => {
            Ok("loaded into each of k3s.machine".to_owned())
        }
        Delivery::Load | Delivery::Auto => engine(),
    };
    Examined { what: "image delivery".to_owned(), found }
}

/// The engine of this machine that the image is loaded into.
fn engine() -> Result<String, Lack> {
    let mut reasons = Vec::new();
    for engine in Engine::KUBERNETES {
        match load::preflight(engine, &load::Options::default()) {
            Ok(_) => return Ok(format!("loaded into {engine} of this machine")),
            Err(reason) => reasons.push(reason.to_string()),
        }
    }
    Err(Lack {
        problem: format!(
            "image.repository names no registry, and this machine runs no Kubernetes to load into: {}",
            reasons.join("; ")
        ),
        next: "set image.repository to a registry that the nodes pull from".to_owned(),
    })
}

/// The class that the Ingress will be of.
async fn ingress_class(api: &ApiServer, config: &Config) -> Option<Examined> {
    let k3s = &config.k3s;
    if k3s.host.is_none() && k3s.ingress == Ingress::None {
        return None;
    }
    let what = "ingress class".to_owned();
    let classes = match api.ingress_classes().await {
        Ok(classes) => classes,
        Err(error) => return Some(lacks(&what, &error)),
    };
    let there = || classes.iter().map(|class| class.name.as_str()).collect::<Vec<_>>().join(", ");
    let found = match &k3s.ingress_class {
        Some(name) if classes.iter().any(|class| class.name == *name) => Ok(name.clone()),
        Some(name) => Err(Lack {
            problem: format!("there is no IngressClass {name}"),
            next: format!("set k3s.ingress_class to one that is there: {}", or_none(&there())),
        }),
        None => match classes.iter().find(|class| class.default) {
            Some(class) => Ok(format!("{} (the default)", class.name)),
            None if classes.is_empty() => Err(Lack {
                problem: "there is no IngressClass, or none may be listed".to_owned(),
                next: "install an Ingress controller, or set k3s.ingress = \"none\"".to_owned(),
            }),
            None => Err(Lack {
                problem: "no IngressClass is the default".to_owned(),
                next: format!("set k3s.ingress_class to one that is there: {}", there()),
            }),
        },
    };
    Some(Examined { what, found })
}

fn or_none(list: &str) -> &str {
    if list.is_empty() { "there is none" } else { list }
}

/// The rights of a deployment in the namespace, as the deployment itself asks for them.
async fn permissions(api: &ApiServer, release: &Release) -> Examined {
    let what = "permissions".to_owned();
    // What the user's own manifests need is not among them: their kinds are not looked up.
    let is_known = |right: &Right| !is_of_own(release, right);
    let (rights, namespace) = (rights::of_release(release), release.namespace());
    let rights: Vec<_> = rights.into_iter().filter(is_known).collect();
    let missing = match rights::missing(api, namespace, &rights).await {
        Ok(missing) => missing,
        Err(error) => return lacks(&what, &error),
    };
    let found = if missing.is_empty() {
        Ok(format!("all {} in namespace {namespace}", rights.len()))
    } else {
        let missing: Vec<_> = missing.iter().map(Right::shown).collect();
        Err(Lack {
            problem: format!("in namespace {namespace} we may not: {}", missing.join(", ")),
            next: format!(
                "let the cluster's administrator grant them, by the Role that `{}` prints and a RoleBinding",
                program::command("deploy-k3s render --rights")
            ),
        })
    };
    Examined { what, found }
}

fn is_of_own(release: &Release, right: &Right) -> bool {
    let mut own = release.inputs.manifests.iter().map(|manifest| manifest.id.kind);
    own.any(|kind| {
        let group = kind.api_version().split_once('/').map_or("", |(group, _)| group);
        group == right.group && kind.plural() == right.resource
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_cluster_is_told() {
        for (text, is_right) in
            [("v1.36.3+k3s1", true), ("v1.33.0", true), ("v1.32.9-eks-1", false), ("v2.0.0", true)]
        {
            assert_eq!(version(text).found.is_ok(), is_right, "{text}");
        }
    }

    #[test]
    fn rights_follow_the_configuration() {
        let mut config = Config::default();
        let shown = |config: &Config| -> Vec<_> {
            rights::of_release(&Release::of(config)).iter().map(Right::shown).collect()
        };
        let all = shown(&config);
        for expected in
            ["patch deployments.apps", "get pods/log", "create ingresses.networking.k8s.io"]
        {
            assert!(all.contains(&expected.to_owned()), "{expected}: {all:?}");
        }
        for other in ["autoscalers", "httproutes", "jobs", "configmaps", "persistentvolumeclaims"] {
            assert!(!all.iter().any(|right| right.contains(other)), "{other}: {all:?}");
        }
        config.k3s.ingress = Ingress::None;
        config.k3s.max_replicas = Some(5);
        let all = shown(&config);
        assert!(!all.iter().any(|right| right.contains("ingresses")));
        assert!(all.contains(&"get horizontalpodautoscalers.autoscaling".to_owned()), "{all:?}");
        config.k3s.gateway = Some("public".to_owned());
        config.k3s.host = Some("web.example.com".to_owned());
        let all = shown(&config);
        assert!(all.contains(&"get httproutes.gateway.networking.k8s.io".to_owned()), "{all:?}");
        assert!(!all.iter().any(|right| right.contains("ingresses")));
    }
}
