//! Instance refreshes, of which moto knows nothing: its own instances are replaced, one after the other, as Auto Scaling does it.
//!
//! Sources: the references of `StartInstanceRefresh` and `DescribeInstanceRefreshes`, and "Understand the default values for an
//! instance refresh": a version that is asked for becomes the group's own once all instances have it. moto says of every instance
//! that it has the template's default version; here each keeps the one that it was started from.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use roxmltree::{Document, Node};

use super::missing::{AUTO_SCALING, Asked, answered, refused};

/// The refreshes of every group, by its region and name.
#[derive(Default)]
pub(super) struct Refreshes(Mutex<BTreeMap<(String, String), Group>>);

#[derive(Default)]
struct Group {
    /// The version that each instance was started from.
    versions: BTreeMap<String, String>,
    /// The newest first.
    refreshes: Vec<Refresh>,
}

struct Refresh {
    id: String,
    /// The template and its version that are asked for; without them, the instances follow the newest one.
    order: Option<(String, String)>,
    /// The version that the group had before.
    own: String,
    percent: usize,
    is_done: bool,
}

/// A group as moto tells of it.
struct Told {
    template: String,
    version: String,
    /// Each instance, and the version that moto tells of it.
    instances: Vec<(String, String)>,
}

/// Sends a call of Auto Scaling to moto, and returns the whole answer.
type Send<'a> = &'a dyn Fn(&str) -> io::Result<String>;

impl Refreshes {
    /// The whole answer to a request about groups and their refreshes; none where moto's own will do.
    pub(super) fn answer(&self, asked: &Asked<'_>, send: Send<'_>) -> io::Result<Option<String>> {
        if asked.version != AUTO_SCALING {
            return Ok(None);
        }
        let name = match asked.action {
            "DescribeAutoScalingGroups" => asked.value("AutoScalingGroupNames.member.1"),
            "StartInstanceRefresh" | "DescribeInstanceRefreshes" => {
                asked.value("AutoScalingGroupName")
            }
            _ => None,
        };
        let Some(name) = name else { return Ok(None) };
        let describe = format!(
            "Action=DescribeAutoScalingGroups&Version={AUTO_SCALING}&AutoScalingGroupNames.member.1={name}"
        );
        let answer = send(&describe)?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (asked.region().unwrap_or_default(), name.to_owned());
        let Some(told) = told(&answer) else {
            all.remove(&key);
            return Ok((asked.action != "StartInstanceRefresh").then_some(answer));
        };
        let group = all.entry(key).or_default();
        group.learn(&told);
        match asked.action {
            "DescribeAutoScalingGroups" => Ok(Some(group.shown(&answer))),
            "StartInstanceRefresh" => Ok(Some(group.start(asked, &told))),
            _ => {
                group.advance(name, &told, send)?;
                Ok(Some(answered(asked, "autoscaling", &group.refreshes())))
            }
        }
    }
}

impl Group {
    /// Notes what new instances were started from: what the refresh under way asks for, the group's version, or the newest.
    fn learn(&mut self, told: &Told) {
        let order = self.active().and_then(|refresh| refresh.order.clone());
        for (id, default) in &told.instances {
            let version = match &order {
                Some((_, version)) => version,
                None if told.version.parse::<u64>().is_ok() => &told.version,
                None => default,
            };
            self.versions.entry(id.clone()).or_insert_with(|| version.clone());
        }
    }

    fn active(&self) -> Option<&Refresh> {
        self.refreshes.first().filter(|refresh| !refresh.is_done)
    }

    fn start(&mut self, asked: &Asked<'_>, told: &Told) -> String {
        if self.active().is_some() {
            let message = "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.";
            return refused("InstanceRefreshInProgress", message);
        }
        let percent = |field: &str| {
            asked.value(&format!("Preferences.{field}HealthyPercentage")).map(str::parse::<u32>)
        };
        let is_sound = match (percent("Min"), percent("Max")) {
            (None, None) => true,
            (Some(Ok(least)), Some(Ok(most))) => {
                least <= 100 && (100..=200).contains(&most) && most - least <= 100
            }
            _ => false,
        };
        // Without it every instance would be replaced, which is more than is done here.
        if !is_sound || asked.value("Preferences.SkipMatching") != Some("true") {
            return refused("ValidationError", "the preferences are not valid");
        }
        let template = |field: &str| {
            asked.value(&format!("DesiredConfiguration.LaunchTemplate.{field}")).map(str::to_owned)
        };
        let order = template("LaunchTemplateId").zip(template("Version"));
        let id = format!("08b91cf7-8fa6-48af-b6a6-{:012}", self.refreshes.len());
        let result = format!("<InstanceRefreshId>{id}</InstanceRefreshId>");
        let own = told.version.clone();
        self.refreshes.insert(0, Refresh { id, order, own, percent: 0, is_done: false });
        answered(asked, "autoscaling", &result)
    }

    /// Replaces one more instance, or ends the refresh. moto starts instances from the first version of a template alone.
    fn advance(&mut self, name: &str, told: &Told, send: Send<'_>) -> io::Result<()> {
        let Some(refresh) = self.refreshes.first_mut().filter(|one| !one.is_done) else {
            return Ok(());
        };
        let wanted = |default: &String| match &refresh.order {
            Some((_, version)) => version.clone(),
            None => default.clone(),
        };
        let is_old = |(id, default): &&(String, String)| self.versions[id] != wanted(default);
        let old: Vec<&String> = told.instances.iter().filter(is_old).map(|(id, _)| id).collect();
        let all = told.instances.len().max(1);
        refresh.percent = 100 * (all - old.len()) / all;
        let version = |version: &str| {
            send(&format!(
                "Action=UpdateAutoScalingGroup&Version={AUTO_SCALING}&AutoScalingGroupName={name}&LaunchTemplate.LaunchTemplateId={}&LaunchTemplate.Version={version}",
                told.template
            ))
        };
        if let Some(id) = old.first() {
            version("1")?;
            send(&format!(
                "Action=TerminateInstanceInAutoScalingGroup&Version={AUTO_SCALING}&InstanceId={id}&ShouldDecrementDesiredCapacity=false"
            ))?;
        } else {
            version(refresh.order.as_ref().map_or(&refresh.own, |(_, version)| version))?;
            refresh.is_done = true;
        }
        Ok(())
    }

    /// moto's answer with the versions that it does not know.
    fn shown(&self, answer: &str) -> String {
        let Some((head, body)) = answer.split_once("\r\n\r\n") else { return answer.to_owned() };
        let Ok(document) = Document::parse(body) else { return answer.to_owned() };
        let versions = document.descendants().filter(|node| is(*node, "Version"));
        let mut shown = String::new();
        let mut rest = body;
        for node in versions {
            let template = node.parent().filter(|one| is(*one, "LaunchTemplate"));
            let of = template.and_then(|template| template.parent());
            let instance = of.and_then(|of| text(of, "InstanceId"));
            let version = match instance {
                Some(id) => self.versions.get(id),
                None => self.active().map(|refresh| &refresh.own),
            };
            let Some((before, after)) = rest.split_once("<Version>") else { break };
            let (told, after) = after.split_once('<').unwrap_or_default();
            let version = version.filter(|_| template.is_some()).map_or(told, String::as_str);
            shown.extend([before, "<Version>", version, "<"]);
            rest = after;
        }
        shown.push_str(rest);
        format!("{}{shown}", super::with_length(head, shown.len()))
    }

    fn refreshes(&self) -> String {
        let one = |refresh: &Refresh| {
            let status = if refresh.is_done { "Successful" } else { "InProgress" };
            let desired = refresh.order.as_ref().map(|(id, version)| {
                format!(
                    "<DesiredConfiguration><LaunchTemplate><LaunchTemplateId>{id}</LaunchTemplateId><Version>{version}</Version></LaunchTemplate></DesiredConfiguration>"
                )
            });
            format!(
                "<member><InstanceRefreshId>{}</InstanceRefreshId><Status>{status}</Status><PercentageComplete>{}</PercentageComplete>{}</member>",
                refresh.id,
                refresh.percent,
                desired.unwrap_or_default()
            )
        };
        let all: String = self.refreshes.iter().map(one).collect();
        format!("<InstanceRefreshes>{all}</InstanceRefreshes>")
    }
}

/// It is an element of this name, in whatever namespace.
fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|one| is(*one, name))
}

fn text<'a>(node: Node<'a, 'a>, name: &str) -> Option<&'a str> {
    child(node, name)?.text()
}

/// The group in moto's answer; none where there is none.
fn told(answer: &str) -> Option<Told> {
    let (_, body) = answer.split_once("\r\n\r\n")?;
    let document = Document::parse(body).ok()?;
    let groups = document.descendants().find(|one| is(*one, "AutoScalingGroups"))?;
    let group = groups.children().find(Node::is_element)?;
    let version = |of| child(of, "LaunchTemplate").and_then(|one| text(one, "Version"));
    let instances = child(group, "Instances").into_iter().flat_map(|all| all.children());
    let instance = |one| Some((text(one, "InstanceId")?.to_owned(), version(one)?.to_owned()));
    Some(Told {
        template: text(child(group, "LaunchTemplate")?, "LaunchTemplateId")?.to_owned(),
        version: version(group)?.to_owned(),
        instances: instances.filter_map(instance).collect(),
    })
}
