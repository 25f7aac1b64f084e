//! The rules over what the instances of AWS run: the service, or a script of one's own.

use super::Report;
use crate::file::model::USER_DATA;
use crate::file::validate::quoted;
use crate::{Config, Run};

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let (aws, service) = (&config.aws, &config.service);
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
