//! `drift`: what is not as the configuration says.

use std::process::ExitCode;

use crate::present::{self, Form};
use crate::run;
use anyhow::Result;
use skyward_aws::model::{Peer, Rule, VpcAttribute};
use skyward_aws::{
    AuthorizeSecurityGroupIngress, DeleteTags, DescribeSecurityGroups, DescribeVpcs,
    ModifyVpcAttribute, Select,
};
use skyward_config::Aws;
use skyward_terminal::{Exit, Stream, output};

use crate::account::Account;
use crate::args::Common;
use crate::command::context;
use crate::console::{self, Shown};
use crate::workload::Workload;

/// Show what is not as the configuration says, field by field, whoever changed it
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Exit with 3 where something differs
    #[arg(long)]
    exit_code: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let (aws, workload) = (&loaded.config.aws, Workload::load(&loaded)?);
    let sink = console::notes(common);
    let account = Account::with_stack(common, aws, &workload).await?;
    if let Some(simulated) = account.simulated.as_ref().filter(|_| common.state.is_none()) {
        meddle(simulated, aws)?;
        // Until everyone sees it.
        tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    }
    let what = "an account in which `apply` has run, and then someone opened port 22 of the instances to the world, turned \
                DNS names off and took a tag away";
    account.announce(common, &*sink, what);
    let api = Shown { api: &*account.api, sink: &*sink };
    let plan = run::drift(&context(common, &api, aws, &workload, &*sink)).await?;
    if console::is_json(common) {
        output::document(&plan)?;
    } else {
        output::print(&present::drift(&plan, Form::of(Stream::Out)))?;
    }
    Ok(if args.exit_code && !plan.is_empty() {
        Exit::Differences.into()
    } else {
        ExitCode::SUCCESS
    })
}

/// Changes the account as people do by hand.
fn meddle(account: &skyward_aws::simulated::Account, aws: &Aws) -> Result<()> {
    let select = || Select::Stack(aws.name.clone());
    let vpcs = account.directly(DescribeVpcs { select: select(), page: None })?;
    for vpc in vpcs.items.into_iter().map(|vpc| vpc.id) {
        let attribute = VpcAttribute::DnsHostnames;
        account.directly(ModifyVpcAttribute { vpc: vpc.clone(), attribute, value: false })?;
        account.directly(DeleteTags { resources: vec![vpc], names: vec!["Name".into()] })?;
    }
    let groups = account.directly(DescribeSecurityGroups { select: select(), page: None })?;
    let name = format!("{}-cms", aws.name);
    for group in groups.items.into_iter().filter(|group| group.name == name) {
        let ssh = Rule {
            protocol: "tcp".into(),
            ports: Some((22, 22)),
            peer: Peer::Network("0.0.0.0/0".into()),
            description: "just for today".into(),
        };
        let rules = [ssh].into();
        account.directly(AuthorizeSecurityGroupIngress { group: group.id, rules })?;
    }
    Ok(())
}
