//! The topology as in the brief's diagram.
//!
//! The picture is laid out by hand, since a reader knows its form from the brief; a test reads it back and finds what overlaps.

use super::canvas::{Anchor, Canvas, Rect};
use super::icon::Icon;
use super::mark::{Annotations, leaving, legend, weightiest};
use super::parts::{Parts, Zone};
use super::text::{fit, wrap};
use crate::resource::Topology;

const WIDTH: i32 = 1198;
const VPC: Rect = Rect::new(262, 152, 912, 644);
/// The height, without the row that explains the signs.
const HEIGHT: i32 = 820;
/// The middle of the buckets' column.
const BUCKETS: i32 = 114;
const ENDPOINT_Y: i32 = 300;
const NAT_Y: i32 = 366;
const INSTANCES_Y: i32 = 536;
const DATABASES_Y: i32 = 634;
const PUBLIC: (i32, i32) = (226, 396);
const INTERNAL: (i32, i32) = (436, 676);

/// The topology as an SVG image. `annotations` put a sign to each resource that they name, and a row that explains the signs.
pub fn topology_svg(topology: &Topology, annotations: &Annotations) -> String {
    let parts = Parts::of(topology);
    let mut picture = Picture { canvas: Canvas::default(), parts: &parts, annotations };
    picture.canvas.text("strong", 24, 44, 18, &topology.stack);
    picture.canvas.text("muted", 24, 64, 12, &topology.region);
    let count = format!("{} resources", topology.resources.len());
    picture.canvas.text("muted", 24, 82, 12, &count);
    picture.vpc();
    for (index, zone) in parts.zones.iter().enumerate() {
        picture.zone(column(index), zone);
    }
    picture.balancer();
    picture.instances();
    picture.gateways();
    picture.database();
    picture.buckets();
    picture.service();
    let mut height = HEIGHT;
    if !annotations.is_empty() {
        legend(&mut picture.canvas, topology, annotations, VPC.x, HEIGHT + 8);
        height += 28;
        let ends = (VPC.x, VPC.right());
        height += leaving(&mut picture.canvas, topology, annotations, ends, HEIGHT + 36);
    }
    let title = format!("{} in {}", topology.stack, topology.region);
    let description = "A user reaches a load balancer in three public subnets; it forwards to an auto scaling group in three \
                       internal subnets, which go out by NAT gateways; a database cluster has an instance in each zone; \
                       buckets stand beside the VPC.";
    picture.canvas.finish(WIDTH, height, &title, description)
}

/// The place of a zone.
fn column(index: usize) -> Rect {
    let index = i32::try_from(index).expect("there are three");
    Rect::new(VPC.x + 24 + index * 294, 196, 276, 492)
}

/// A rectangle over all zones, between these heights.
fn spanning(top: i32, bottom: i32) -> Rect {
    let (first, last) = (column(0), column(2));
    Rect::new(first.x + 12, top, last.right() - first.x - 24, bottom - top)
}

struct Picture<'a> {
    canvas: Canvas,
    parts: &'a Parts,
    annotations: &'a Annotations,
}

impl Picture<'_> {
    /// A frame, and a sign at its corner.
    fn frame(&mut self, class: &str, rect: Rect, ids: &[&str]) {
        self.canvas.frame(class, rect, 6);
        if let Some(sign) = weightiest(self.annotations, ids) {
            self.canvas.mark(sign, rect.x, rect.y);
        }
    }

    fn icon(&mut self, icon: Icon, at: (i32, i32), size: i32, ids: &[&str]) {
        self.canvas.icon(icon, at, size, weightiest(self.annotations, ids));
    }

    /// The user, the internet gateway, and the VPC's frame.
    fn vpc(&mut self) {
        let middle = VPC.center();
        self.frame("vpc", VPC, &["vpc", "security-group/default", "flow-log"]);
        self.canvas.text("strong", VPC.x + 16, 178, 14, "VPC");
        self.canvas.text("muted", VPC.x + 56, 178, 12, &self.parts.network);
        self.icon(Icon::User, (middle, 46), 44, &[]);
        self.canvas.text("strong", middle + 32, 51, 13, "User");
        self.canvas.line("arrow", &[(middle, 70), (middle, VPC.y - 20)]);
        for (listener, y) in self.parts.listeners.iter().zip([96, 112]) {
            self.canvas.text("muted", middle + 12, y, 12, &fit(listener, 12, false, 300));
        }
        let ids = ["internet-gateway", "route-table/public", "route/public"];
        self.icon(Icon::InternetGateway, (middle, VPC.y), 40, &ids);
        self.canvas.text("strong", middle + 30, 178, 12, "Internet gateway");
    }

    /// A zone with its subnets.
    fn zone(&mut self, place: Rect, zone: &Zone) {
        self.canvas.frame("zone", place, 6);
        let text = fit(&zone.name, 12, false, 112);
        self.canvas.text("muted", place.x + 12, 215, 12, &text);
        let letter = zone.letter;
        for (part, (top, bottom), network, ids) in [
            ("public", PUBLIC, &zone.public, vec![format!("subnet/public-{letter}")]),
            (
                "internal",
                INTERNAL,
                &zone.internal,
                vec![
                    format!("subnet/internal-{letter}"),
                    format!("route-table/internal-{letter}"),
                    format!("route/internal-{letter}"),
                ],
            ),
        ] {
            let subnet = Rect::new(place.x + 6, top, place.width - 12, bottom - top);
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            self.frame(part, subnet, &ids);
            let name = if part == "public" { "Public" } else { "Internal" };
            let name = format!("{name} {}", letter.to_ascii_uppercase());
            self.canvas.text("strong", subnet.x + 12, top + 21, 13, &name);
            let at = (subnet.right() - 10, top + 21);
            self.canvas.anchored("muted", at, 12, Anchor::End, network);
        }
    }

    /// The load balancer, in all public subnets.
    fn balancer(&mut self) {
        let (band, middle) = (spanning(260, 330), VPC.center());
        self.canvas.frame("span-balancer", band, 8);
        let center = band.y + band.height / 2;
        self.canvas.line("arrow", &[(middle, VPC.y + 20), (middle, center - 22)]);
        let ids = [
            "load-balancer",
            "target-group",
            "listener/",
            "security-group/load-balancer",
            "rules/load-balancer",
        ];
        self.icon(Icon::LoadBalancer, (middle, center), 44, &ids);
        let (left, right) = (middle - 34, middle + 34);
        let name = fit(&self.parts.balancer, 12, false, 340);
        self.canvas.anchored("strong", (left, center - 3), 14, Anchor::End, "Load balancer");
        self.canvas.anchored("muted", (left, center + 15), 12, Anchor::End, &name);
        for (fact, y) in self.parts.forwards.iter().zip([center - 4, center + 14]) {
            self.canvas.text("muted", right, y, 12, &fit(fact, 12, false, 370));
        }
    }

    /// The auto scaling group, in all internal subnets and in its security group.
    fn instances(&mut self) {
        let (group, middle) = (spanning(470, 588), VPC.center());
        self.frame("span-group", group, &["security-group/cms", "rules/cms"]);
        self.canvas.text("strong-group", group.x + 12, group.y + 20, 12, "Security group CMS");
        let at = (group.right() - 12, group.y + 20);
        let ports = fit(&self.parts.ports, 12, false, 300);
        self.canvas.anchored("muted", at, 12, Anchor::End, &ports);
        let (left, right, y) = (group.x + 10, group.right() - 10, INSTANCES_Y);
        let outline = [
            (left, y),
            (left + 26, y - 40),
            (left + 26, y - 32),
            (right - 26, y - 32),
            (right - 26, y - 40),
            (right, y),
            (right - 26, y + 40),
            (right - 26, y + 32),
            (left + 26, y + 32),
            (left + 26, y + 40),
        ];
        self.canvas.shape("scaling", &outline);
        self.canvas.line("arrow", &[(middle, 330), (middle, y - 22)]);
        self.canvas.anchored("strong-attach", (middle - 10, 360), 11, Anchor::End, "attached:");
        self.canvas.anchored("strong-attach", (middle - 10, 376), 11, Anchor::End, "Auto Scaling");
        let ids =
            ["auto-scaling-group", "scaling-policy", "launch-template", "instance-profile", "role"];
        for index in 0..3 {
            let ids: &[&str] = if index == 1 { &ids } else { &[] };
            self.icon(Icon::Instance, (column(index).center(), y), 44, ids);
        }
        let between =
            |index: usize| i32::midpoint(column(index).center(), column(index + 1).center());
        let texts = [
            ("Auto Scaling", self.parts.group.as_str()),
            (self.parts.size.as_str(), self.parts.scaling.as_str()),
        ];
        for (index, (strong, muted)) in texts.into_iter().enumerate() {
            let x = between(index);
            let (strong, muted) = (fit(strong, 13, true, 230), fit(muted, 11, false, 230));
            self.canvas.anchored("strong", (x, y - 4), 13, Anchor::Middle, &strong);
            self.canvas.anchored("muted", (x, y + 13), 11, Anchor::Middle, &muted);
        }
    }

    /// The NAT gateways, and which of them each internal subnet uses.
    fn gateways(&mut self) {
        let x = |index: usize| column(index).right() - 36;
        for (index, zone) in self.parts.zones.iter().enumerate() {
            let target =
                self.parts.zones.iter().position(|other| Some(other.letter) == zone.gateway);
            if let Some(target) = target {
                let (from, to) = ((x(index), INTERNAL.0), (x(target), NAT_Y + 18));
                let bend = i32::midpoint(PUBLIC.1, INTERNAL.0);
                if target == index {
                    self.canvas.line("arrow-out", &[from, to]);
                } else {
                    self.canvas.line("arrow-out", &[from, (from.0, bend), (to.0, bend), to]);
                }
            }
            if zone.has_nat {
                let ids =
                    [format!("nat-gateway/{}", zone.letter), format!("address/{}", zone.letter)];
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                self.icon(Icon::NatGateway, (x(index), NAT_Y), 36, &ids);
                let at = (x(index) - 24, NAT_Y + 4);
                self.canvas.anchored("strong", at, 11, Anchor::End, "NAT");
            }
        }
    }

    /// The database's instances and what they form.
    fn database(&mut self) {
        let (middle, y, bend) = (VPC.center(), 750, 706);
        for index in 0..3 {
            let x = column(index).center();
            let mut line = vec![(x, DATABASES_Y + 22), (x, bend), (middle, bend), (middle, y - 26)];
            line.dedup();
            self.canvas.line("line", &line);
            self.icon(Icon::Database, (x, DATABASES_Y), 44, &[]);
            let (what, how) = if index == 0 { ("Writer", "") } else { ("Standby", "readable") };
            let above = if how.is_empty() { 5 } else { -2 };
            self.canvas.text("strong", x + 32, DATABASES_Y + above, 12, what);
            if !how.is_empty() {
                self.canvas.text("muted", x + 32, DATABASES_Y + 14, 11, how);
            }
        }
        let ids = ["db-cluster", "db-subnet-group", "security-group/database", "rules/database"];
        self.icon(Icon::Cluster, (middle, y), 52, &ids);
        let name = fit(&self.parts.database, 12, false, 380);
        self.canvas.anchored(
            "strong",
            (middle - 38, y - 2),
            14,
            Anchor::End,
            "RDS Multi-AZ DB cluster",
        );
        self.canvas.anchored("muted", (middle - 38, y + 16), 12, Anchor::End, &name);
        for (fact, y) in self.parts.database_facts.iter().zip([y - 2, y + 16]) {
            self.canvas.text("muted", middle + 38, y, 12, &fit(fact, 12, false, 380));
        }
    }

    /// S3, beside the VPC.
    fn buckets(&mut self) {
        let logs_y = 500;
        if let Some(name) = &self.parts.assets {
            if self.parts.endpoint {
                self.canvas.line("line", &[(BUCKETS + 24, ENDPOINT_Y), (VPC.x - 15, ENDPOINT_Y)]);
                self.icon(Icon::Endpoint, (VPC.x, ENDPOINT_Y), 30, &["vpc-endpoint/s3"]);
                let at = (VPC.x - 70, ENDPOINT_Y - 8);
                self.canvas.anchored("muted", at, 11, Anchor::Middle, "S3 endpoint");
            }
            self.bucket(ENDPOINT_Y, "S3 assets", name, &["bucket/assets", "release"]);
        }
        if let Some(name) = &self.parts.logs {
            if self.parts.flow_log {
                self.canvas.line("arrow", &[(VPC.x, logs_y), (BUCKETS + 26, logs_y)]);
                let at = (VPC.x - 64, logs_y - 8);
                self.canvas.anchored("muted", at, 11, Anchor::Middle, "flow logs");
            }
            self.bucket(logs_y, "S3 logs", name, &["bucket/logs"]);
        }
    }

    /// The service: its release, by which way the instances get it, and their way to the database.
    fn service(&mut self) {
        let Some(release) = self.parts.release.clone() else { return };
        let group = spanning(470, 588);
        let x = i32::midpoint(column(0).center(), column(1).center());
        let text = format!("runs the service, release {release}");
        let text = fit(&text, 12, true, 250);
        self.canvas.anchored("strong-group", (x, group.y + 20), 12, Anchor::Middle, &text);
        let (left, edge) = (VPC.x + 12, group.x + 10);
        let way = [(left, ENDPOINT_Y + 15), (left, INSTANCES_Y), (edge, INSTANCES_Y)];
        self.canvas.line("arrow-out", &way);
        for (line, y) in ["its release,", "by the role"].iter().zip([432, 447]) {
            self.canvas.anchored("muted", (VPC.x - 8, y), 11, Anchor::End, line);
        }
        for index in 0..3 {
            let x = column(index).center();
            self.canvas.line("arrow-out", &[(x, INSTANCES_Y + 22), (x, DATABASES_Y - 22)]);
        }
        let port = format!("port {}", self.parts.database_port);
        let x = column(0).center() - 8;
        self.canvas.anchored("muted", (x, group.y + group.height + 14), 11, Anchor::End, &port);
    }

    fn bucket(&mut self, y: i32, what: &str, name: &str, ids: &[&str]) {
        self.icon(Icon::Bucket, (BUCKETS, y), 48, ids);
        self.canvas.anchored("strong", (BUCKETS, y + 44), 13, Anchor::Middle, what);
        for (line, y) in wrap(name, 11, 190).iter().zip((y + 62..).step_by(15)) {
            self.canvas.anchored("muted", (BUCKETS, y), 11, Anchor::Middle, line);
        }
    }
}
