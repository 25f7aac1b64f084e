//! Shows, checks and documents the configuration.

use skyward_config::ConfigArgs;

#[derive(clap::Parser)]
struct Cli {
    #[command(flatten)]
    config: ConfigArgs,
}

fn main() -> anyhow::Result<()> {
    let cli = <Cli as clap::Parser>::parse();
    println!("{:#?}", cli.config.load()?.config);
    Ok(())
}
