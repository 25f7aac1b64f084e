//! The topology as a Mermaid flowchart.

use std::fmt::Write as _;

use super::parts::Parts;
use crate::resource::Topology;

/// The topology as a Mermaid flowchart, which GitHub and many editors draw.
pub fn topology_mermaid(topology: &Topology) -> String {
    let parts = Parts::of(topology);
    let mut text = String::from("flowchart TB\n");
    let mut line = |part: std::fmt::Arguments<'_>| {
        text.write_fmt(part).expect("a String takes any text");
        text.push('\n');
    };
    let title = quoted(&[&format!("VPC {}", parts.network)]);
    line(format_args!("  user((User))"));
    line(format_args!("  subgraph vpc[{title}]"));
    line(format_args!("    igw([Internet gateway])"));
    line(format_args!("    alb[{}]", quoted(&["Load balancer", &parts.balancer])));
    for zone in &parts.zones {
        let (letter, upper) = (zone.letter, zone.letter.to_ascii_uppercase());
        let title = quoted(&[&format!("Public {upper}"), &zone.public, &zone.name]);
        line(format_args!("    subgraph public_{letter}[{title}]"));
        if zone.has_nat {
            line(format_args!("      nat_{letter}([NAT gateway])"));
        } else {
            line(format_args!("      alb_{letter}[\"Load balancer's node\"]"));
        }
        line(format_args!("    end"));
    }
    for (index, zone) in parts.zones.iter().enumerate() {
        let (letter, upper) = (zone.letter, zone.letter.to_ascii_uppercase());
        let title = quoted(&[&format!("Internal {upper}"), &zone.internal, &zone.name]);
        let member = if index == 0 { "Writer" } else { "Readable standby" };
        line(format_args!("    subgraph internal_{letter}[{title}]"));
        line(format_args!("      cms_{letter}[{}]", quoted(&["Instances", "security group CMS"])));
        line(format_args!("      db_{letter}[({member})]"));
        line(format_args!("    end"));
    }
    line(format_args!(
        "    asg{{{{{}}}}}",
        quoted(&["Auto Scaling", &parts.group, &parts.size, &parts.scaling])
    ));
    let facts = [
        "RDS Multi-AZ DB cluster",
        &parts.database,
        &parts.database_facts[0],
        &parts.database_facts[1],
    ];
    line(format_args!("    rds[({})]", quoted(&facts)));
    line(format_args!("  end"));
    line(format_args!(
        "  user -->|{}| igw --> alb",
        quoted(&parts.listeners.iter().map(String::as_str).collect::<Vec<_>>())
    ));
    line(format_args!(
        "  alb -->|{}| asg",
        quoted(&parts.forwards.iter().map(String::as_str).collect::<Vec<_>>())
    ));
    for zone in &parts.zones {
        let letter = zone.letter;
        line(format_args!("  asg --- cms_{letter}"));
        if let Some(gateway) = zone.gateway {
            line(format_args!("  cms_{letter} -.-> nat_{gateway}"));
        }
        line(format_args!("  db_{letter} --- rds"));
    }
    for (id, name, kind) in
        [("assets", &parts.assets, "S3 assets"), ("logs", &parts.logs, "S3 logs")]
    {
        if let Some(name) = name {
            line(format_args!("  {id}[({})]", quoted(&[kind, name])));
        }
    }
    if parts.endpoint && parts.assets.is_some() {
        line(format_args!("  vpc ---|S3 endpoint| assets"));
    }
    if parts.flow_log && parts.logs.is_some() {
        line(format_args!("  vpc -->|flow logs| logs"));
    }
    text.push_str(&service(&parts));
    text
}

/// The way of a release to the instances, and theirs to the database.
fn service(parts: &Parts) -> String {
    let Some(release) = &parts.release else { return String::new() };
    format!(
        "  assets -->|{}| asg\n  asg -->|port {}| rds\n",
        quoted(&["release", release]),
        parts.database_port
    )
}

/// Lines as Mermaid takes any text: quoted, with what it would read as markup as entities.
fn quoted(lines: &[&str]) -> String {
    let escape = |line: &&&str| {
        let mut escaped = String::new();
        for letter in line.chars() {
            match letter {
                '#' | '"' | '<' | '>' | '&' | '`' | '|' | '[' | ']' | '{' | '}' | '\\' => {
                    write!(escaped, "#{};", u32::from(letter)).expect("a String takes any text");
                }
                letter if letter.is_control() => {}
                letter => escaped.push(letter),
            }
        }
        escaped
    };
    let lines: Vec<String> =
        lines.iter().filter(|line| !line.is_empty()).map(|line| escape(&line)).collect();
    format!("\"{}\"", lines.join("<br/>"))
}
