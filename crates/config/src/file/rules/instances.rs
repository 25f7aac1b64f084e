//! The rules over what the instances of AWS run: the service, or a script of one's own.

use super::{Report, first_address};
use crate::file::model::{USER_DATA, way_out};
use crate::file::validate::quoted;
use crate::{Aws, Config, Run};

/// The network of all addresses, and the port of the AWS API there.
const API: (&str, u16) = ("0.0.0.0/0", 443);

/// The ways out: EC2 refuses a rule whose ports are none or run backwards, and a network with bits behind its prefix.
fn egress(aws: &Aws, report: &mut Report<'_>) {
    let key = "aws.egress";
    for one in &aws.egress {
        let network = one.split(':').next().unwrap_or_default();
        let first = first_address(network);
        let is_first = first.is_some_and(|first| network.starts_with(&format!("{first}/")));
        let is_way = way_out(one).is_some_and(|(_, first, last)| (1..=last).contains(&first));
        if !is_first {
            report(&[key], &|_| {
                format!(
                    "{} is not a network and its ports; the address ends with its prefix, such as 10.8.0.0/16",
                    quoted(one)
                )
            });
        } else if !is_way {
            report(&[key], &|_| {
                format!("{} has no ports from 1 to 65535, the first before the last", quoted(one))
            });
        }
    }
    let (network, port) = API;
    let is_api = |(other, first, last)| other == network && (first..=last).contains(&port);
    if aws.run == Run::Service && !aws.ways_out().any(is_api) {
        report(&[key, "aws.run"], &|_| {
            format!(
                "the instances fetch the service, and reach the AWS API, at {network}:{port}; add that"
            )
        });
    }
}

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let (aws, service) = (&config.aws, &config.service);
    egress(aws, report);
    if aws.run == Run::Page {
        if aws.database_url_file {
            report(&["aws.database_url_file", "aws.run"], &|_| {
                "database_url_file is for the service, and the instances run a page; set aws.run = \"service\", or leave it out".into()
            });
        }
        return;
    }
    if aws.user_data.as_os_str() != USER_DATA {
        report(&["aws.user_data", "aws.run"], &|_| {
            "with run = \"service\" the script is generated; leave user_data out, or set run = \"page\"".into()
        });
    }
    if aws.port.is_none() && service.port == 0 {
        report(&["service.port", "aws.run"], &|_| {
            "0 takes a free port, and the load balancer must know it; name a port here or as aws.port".into()
        });
    }
    if service.has_admin_port() && service.admin_port == 0 {
        report(&["service.admin_port", "aws.run"], &|_| {
            "0 takes a free port, and the load balancer asks it for the service's health; name a port".into()
        });
    }
    if service.has_admin_port() && aws.port == Some(service.admin_port) {
        report(&["aws.port", "service.admin_port"], &|_| {
            format!(
                "{} is both the port of the service and that of its probes; the two must differ",
                service.admin_port
            )
        });
    }
    let platform = aws.platform();
    if !config.image.platforms.iter().any(|one| one.split('/').take(2).eq(platform.split('/'))) {
        report(&["aws.instance_type", "image.platforms"], &|_| {
            format!(
                "instances of {} are {platform}, and the image is built for {}; add {} to image.platforms, or choose another type",
                aws.instance_type,
                config.image.platforms.join(" and "),
                quoted(platform)
            )
        });
    }
}
