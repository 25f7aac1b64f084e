//! The thing that the instances run: a script of the user's own, or the service of the image that was built last.
//!
//! Both end as user data. That of the service is generated, the same text for the same input, so that it is compared like any
//! other field; the database's address is filled in where the database is known.

mod layout;
mod script;
mod unit;

use skyward_config::{Ask, Aws, Config, Loaded, ProbePort, Run, Service as ServiceConfig};

use crate::stack::Names;

pub(crate) use layout::RELEASES;
pub use layout::Release;

/// The port of a page.
const PAGE_PORT: u16 = 80;
/// The seconds for which an instance that leaves may end its requests. AWS's own 300 are what makes deleting a group slow.
const DRAIN_S: u64 = 30;
/// The seconds that the service may take to start where the configuration says nothing.
const START_S: u16 = 60;
/// The most that EC2 takes as user data: 16 KiB before base64.
pub const LIMIT: usize = 16 * 1024;
/// The name of the database that is created with the cluster, and the name of its user.
pub(crate) const DATABASE: &str = "skyward";

/// The folder in which an image has the authorities that the service trusts.
const AUTHORITIES: &str = "/etc/ssl";

/// The thing that the instances run.
#[derive(Debug, Clone)]
pub enum Workload {
    /// A script.
    Page(String),
    /// The service.
    Service(Box<Service>),
}

/// The service as the instances run it.
#[derive(Debug, Clone)]
pub struct Service {
    pub(crate) config: ServiceConfig,
    /// The image has authorities of its own, and those of the system do not take their place.
    pub(crate) has_authorities: bool,
    /// Its binary and files.
    pub release: Release,
}

/// The load balancer's question to an instance.
pub(crate) struct Check {
    /// None: the port of the traffic.
    pub(crate) port: Option<u16>,
    /// The status codes that count as healthy.
    pub(crate) matcher: &'static str,
}

impl From<&str> for Workload {
    fn from(script: &str) -> Self {
        Self::Page(script.to_owned())
    }
}

impl From<&String> for Workload {
    fn from(script: &String) -> Self {
        Self::Page(script.clone())
    }
}

impl From<&Workload> for Workload {
    fn from(workload: &Workload) -> Self {
        workload.clone()
    }
}

impl Workload {
    /// The service of this configuration, from a release.
    pub fn service(config: &Config, release: Release) -> Self {
        let is_authority = |inside: &String| inside.starts_with(AUTHORITIES);
        let has_authorities =
            config.image.certificates || config.image.files.values().any(is_authority);
        let config = config.service.clone();
        Self::Service(Box::new(Service { config, has_authorities, release }))
    }

    /// The one that a configuration names, from the files of this machine.
    ///
    /// # Errors
    /// There is no such script, or no image that was built.
    pub fn load(loaded: &Loaded) -> anyhow::Result<Self> {
        match loaded.config.aws.run {
            Run::Page => Ok(Self::Page(script::read(loaded)?)),
            Run::Service => {
                // The archive of the same name is beside it.
                let folder = loaded.root.join(&loaded.config.image.output);
                let layout = folder.join(&loaded.config.service.name);
                let release = Release::read(&layout, loaded.config.aws.platform())?;
                Ok(Self::service(&loaded.config, release))
            }
        }
    }

    /// The same for a command that changes no template: it needs no image, but in a simulation, whose stack is made first.
    ///
    /// # Errors
    /// Those of [`Workload::load`], in a simulation.
    pub(crate) fn to_look(loaded: &Loaded, is_simulated: bool) -> anyhow::Result<Self> {
        match loaded.config.aws.run {
            Run::Service if !is_simulated => {
                Ok(Self::service(&loaded.config, Release::new(Vec::new(), "/")))
            }
            _ => Self::load(loaded),
        }
    }

    /// The release, where it is the service that runs.
    pub(crate) fn release(&self) -> Option<&Release> {
        match self {
            Self::Page(_) => None,
            Self::Service(service) => Some(&service.release),
        }
    }

    /// The port that the load balancer sends requests to.
    pub(crate) fn port(&self, aws: &Aws) -> u16 {
        let own = match self {
            Self::Page(_) => PAGE_PORT,
            Self::Service(service) => service.config.port,
        };
        aws.port.unwrap_or(own)
    }

    /// The load balancer's question. It speaks HTTP alone: where the service is only to take connections, any answer but an error
    /// of the server is one.
    pub(crate) fn check(&self) -> Check {
        let Self::Service(service) = self else { return Check { port: None, matcher: "200" } };
        let probes = service.config.probes();
        let port = match probes.port {
            ProbePort::Service => None,
            ProbePort::Admin => Some(service.config.admin_port),
            ProbePort::Other(port) => Some(port),
        };
        let is_http = matches!(probes.ask, Ask::Http { .. });
        Check { port, matcher: if is_http { "200" } else { "200-499" } }
    }

    /// The seconds for which an instance that leaves may end its requests.
    pub(crate) fn drain_s(&self) -> u64 {
        match self {
            Self::Page(_) => DRAIN_S,
            Self::Service(service) => {
                service.config.settings().request_timeout_ms().div_ceil(1000).clamp(1, 3600)
            }
        }
    }

    /// The user data, as far as it can be known: what it asks of a database is filled in where the database is known.
    pub(crate) fn user_data(&self, aws: &Aws, names: &Names, known: Addresses<'_>) -> String {
        let template = match self {
            Self::Page(script) => script.clone(),
            Self::Service(service) => script::of(service, aws, names),
        };
        let port = database_port(aws).to_string();
        let bucket = names.bucket("assets");
        let text = template
            .replace("{{DATABASE_PORT}}", &port)
            .replace("{{DATABASE_NAME}}", DATABASE)
            .replace("{{ASSETS_BUCKET}}", &bucket)
            .replace("{{AWS_REGION}}", &aws.region);
        fill(&text, known)
    }
}

/// The port of an engine.
pub(crate) fn database_port(aws: &Aws) -> i32 {
    match aws.database_engine {
        skyward_config::DatabaseEngine::Mysql => 3306,
        skyward_config::DatabaseEngine::Postgres => 5432,
    }
}

/// The names in a text that only the database can fill in.
pub(crate) const OF_DATABASE: [&str; 3] =
    ["{{DATABASE_HOST}}", "{{DATABASE_READER_HOST}}", "{{DATABASE_SECRET_ARN}}"];

/// The addresses of a database, as far as they are known.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Addresses<'a> {
    /// The endpoint of the writer.
    pub(crate) writer: Option<&'a str>,
    /// The endpoint of the readers.
    pub(crate) readers: Option<&'a str>,
    /// The secret with the user and the password, by ARN.
    pub(crate) secret: Option<&'a str>,
}

/// Puts what is known of the database in the place of its names.
pub(crate) fn fill(text: &str, known: Addresses<'_>) -> String {
    let values = [known.writer, known.readers, known.secret];
    let mut filled = text.to_owned();
    for (name, value) in OF_DATABASE.into_iter().zip(values) {
        if let Some(value) = value {
            filled = filled.replace(name, value);
        }
    }
    filled
}

/// The release that user data names, by its SHA-256.
pub(crate) fn release_in(user_data: &str) -> Option<&str> {
    let digest = user_data.split_once(RELEASES)?.1.get(..64)?;
    digest.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(digest)
}

/// A text asks for what only the database can fill in.
pub(crate) fn asks_for_database(text: &str) -> bool {
    OF_DATABASE.iter().any(|name| text.contains(name))
}
