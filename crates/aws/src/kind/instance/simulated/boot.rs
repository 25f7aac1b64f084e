//! The meaning of user data: what an instance fetches when it starts, what that needs, and what it serves then.

use std::str::FromStr;

use super::InstanceRecord;
use crate::kind::simulated::bucket::Bucket;
use crate::kind::simulated::instance_profile::InstanceProfileRecord;
use crate::kind::simulated::nat_gateway::NatGatewayRecord;
use crate::kind::simulated::prelude::*;
use crate::kind::simulated::role::RoleRecord;
use crate::kind::simulated::{route_table, security_group};

/// The page of the server on an instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct WebPage {
    /// The page `/`; without one, it answers 403 with a welcome page of its own, as httpd of Amazon Linux 2023 does.
    index: Option<String>,
    /// The ports that it serves on.
    ports: BTreeSet<i32>,
    /// It answers every path, as far as is known of it.
    answers_all: bool,
}

impl WebPage {
    /// The status and the page under a path.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        match (&self.index, path) {
            (Some(page), _) if self.answers_all => (200, page.clone()),
            (Some(page), "/" | "/index.html") => (200, page.clone()),
            (None, "/") => (403, "It works!".into()),
            _ => (404, "Not Found".into()),
        }
    }

    /// Tells whether it serves on a port.
    pub(crate) fn is_on(&self, port: i32) -> bool {
        self.ports.contains(&port)
    }
}

/// The reason why user data has not run to its end, as its last line says it.
pub(super) enum Failure {
    /// It tries again.
    Passing(String),
    /// It has given up.
    Final(String),
}

/// The user data of a service, by the variables that it sets for itself.
struct Release<'a> {
    bucket: &'a str,
    key: &'a str,
    sha256: &'a str,
    ports: BTreeSet<i32>,
}

impl<'a> Release<'a> {
    fn of(user_data: &'a str) -> Option<Self> {
        let value = |name: &str| {
            let line =
                user_data.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.map(|line| line.trim_matches('\''))
        };
        let port = |name: &str| value(name).and_then(|port| port.parse().ok());
        Some(Self {
            bucket: value("BUCKET")?,
            key: value("KEY")?,
            sha256: value("SHA256")?,
            ports: [port("PORT"), port("HEALTH_PORT")].into_iter().flatten().collect(),
        })
    }
}

/// Runs the user data of an instance: what it serves, and what it writes to the console.
pub(super) fn run(
    world: &World,
    machine: &InstanceRecord,
) -> Result<(Option<WebPage>, String), Failure> {
    let user_data = &machine.data.user_data;
    if let Some(release) = Release::of(user_data) {
        return world.serve(machine, &release);
    }
    if world.reaches_packages(machine) {
        return Ok((web_page(user_data), String::new()));
    }
    Err(Failure::Passing("Could not resolve host: no package can be fetched\n".into()))
}

/// The page that a script sets up: that of httpd, where it installs that, or of a server of its own.
fn web_page(user_data: &str) -> Option<WebPage> {
    let code = || user_data.lines().filter(|line| !line.trim_start().starts_with('#'));
    if !user_data.contains("httpd") {
        let numbers = code().flat_map(|line| line.split(|letter: char| !letter.is_ascii_digit()));
        let ports: BTreeSet<i32> =
            numbers.filter_map(|number| u16::from_str(number).ok()).map(i32::from).collect();
        let index = Some("an answer of the script's own server".to_owned());
        return (!ports.is_empty()).then_some(WebPage { index, ports, answers_all: true });
    }
    let line = code().find(|line| line.contains("index.html"));
    let index = line.map(|line| {
        let quote = |quote: char| line.split(quote).nth(1).filter(|text| !text.is_empty());
        quote('\'').or_else(|| quote('"')).unwrap_or(line).to_owned()
    });
    Some(WebPage { index, ports: BTreeSet::from([80]), answers_all: false })
}

impl World {
    /// Fetches a release, checks it and starts it.
    fn serve(
        &self,
        machine: &InstanceRecord,
        release: &Release<'_>,
    ) -> Result<(Option<WebPage>, String), Failure> {
        let Release { bucket, key, sha256, ports } = release;
        let failed = |why: String| format!("skyward: failed: {why}\n");
        let unfetched = |why: &str| failed(format!("s3://{bucket}/{key} cannot be fetched: {why}"));
        if !self.reaches_packages(machine) && !self.reaches_s3(machine) {
            return Err(Failure::Passing(unfetched("Could not connect to the endpoint URL")));
        }
        let role = InstanceProfileRecord::role_of(self, &machine.data.instance_profile);
        let role = role.and_then(|role| self.get::<RoleRecord>(role));
        let object = format!("{}/{key}", self.partition().s3(bucket));
        if !role.is_some_and(|role| role.allows("s3:GetObject", &object)) {
            return Err(Failure::Passing(unfetched("An error occurred (AccessDenied)")));
        }
        let head = self.get::<Bucket>(bucket).and_then(|bucket| bucket.content(key));
        let Some(head) = head else {
            return Err(Failure::Final(unfetched("An error occurred (NoSuchKey)")));
        };
        if head.sha256.as_deref() != Some(*sha256) {
            let why = format!("s3://{bucket}/{key} has another SHA-256 than {sha256}");
            return Err(Failure::Final(failed(why)));
        }
        if self.settings.unhealthy_releases.contains(*sha256) {
            let why = "the service does not answer; its last lines: error: simulated".to_owned();
            return Err(Failure::Final(failed(why)));
        }
        let index = Some(format!("the service of {key}"));
        let page = WebPage { index, ports: ports.clone(), answers_all: true };
        Ok((Some(page), "skyward: the service answers\n".into()))
    }

    /// S3 is reached over an endpoint in the table of the instance's subnet.
    fn reaches_s3(&self, machine: &InstanceRecord) -> bool {
        let tables = self.with::<RouteTable>(&format!("subnet={}", machine.subnet));
        let mut endpoints = tables.flat_map(|(id, _)| {
            self.with::<VpcEndpoint>(&format!("table={id}")).map(|(_, endpoint)| endpoint)
        });
        security_group::reaches_internet(self, &machine.data.security_groups, 443)
            && endpoints
                .any(|one| one.state == "available" && one.service.rsplit('.').next() == Some("s3"))
    }

    /// Packages come over HTTPS, through a NAT gateway whose subnet leads to the internet, or straight through an internet
    /// gateway where the instance has a public address.
    fn reaches_packages(&self, machine: &InstanceRecord) -> bool {
        if !security_group::reaches_internet(self, &machine.data.security_groups, 443) {
            return false;
        }
        match route_table::internet_route(self, &machine.vpc, &machine.subnet) {
            Some(RouteTarget::InternetGateway(_)) => {
                self.get::<Subnet>(&machine.subnet).is_some_and(|subnet| subnet.public_addresses)
            }
            Some(RouteTarget::NatGateway(id)) => {
                let subnet = self.get::<NatGatewayRecord>(id).map(|nat| nat.gateway.subnet.clone());
                let target = subnet
                    .and_then(|subnet| route_table::internet_route(self, &machine.vpc, &subnet));
                matches!(target, Some(RouteTarget::InternetGateway(_)))
            }
            _ => false,
        }
    }
}
