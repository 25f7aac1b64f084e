//! What to run, decided from the image's configuration alone.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use oci_spec::image::ImageConfiguration;

/// What the command line changes.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Arguments after the entry point, instead of the image's own.
    pub args: Vec<String>,
    /// Variables over those of the image.
    pub env: BTreeMap<String, String>,
}

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The program's path within the image.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// All of its variables.
    pub env: BTreeMap<String, String>,
    /// The working folder within the image.
    pub folder: String,
    /// User and group id.
    pub user: (u32, u32),
}

/// How the process is kept apart from this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// The image's folder is its root, and it runs as the image's user. Only root may do that.
    Chroot,
    /// It runs from the image's folder as the current user, and sees this machine's files.
    None,
}

/// What engines set where the image says nothing (moby, `oci/defaults.go`).
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Plan {
    /// As engines do: the entry point, then the given arguments or else the image's own; no shell.
    pub fn new(image: &ImageConfiguration, overrides: &Overrides) -> Result<Self> {
        let config = image.config().clone().unwrap_or_default();
        let mut command = config.entrypoint().clone().unwrap_or_default();
        if overrides.args.is_empty() {
            command.extend(config.cmd().clone().unwrap_or_default());
        } else {
            command.extend(overrides.args.clone());
        }
        if command.is_empty() {
            bail!("the image has neither an entry point nor a command");
        }
        let program = command.remove(0);
        if !program.starts_with('/') {
            bail!("the image's program {program:?} is no absolute path");
        }
        let mut env = BTreeMap::from([("PATH".to_owned(), PATH.to_owned())]);
        for variable in config.env().iter().flatten() {
            let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
            env.insert(name.to_owned(), value.to_owned());
        }
        env.extend(overrides.env.clone());
        let folder = config
            .working_dir()
            .clone()
            .filter(|folder| !folder.is_empty())
            .unwrap_or_else(|| "/".to_owned());
        Ok(Self {
            program,
            args: command,
            env,
            folder,
            user: user(config.user().as_deref().unwrap_or_default())?,
        })
    }
}

/// `uid[:gid]`, of which the group is the user's number where it is missing; nothing is root.
fn user(text: &str) -> Result<(u32, u32)> {
    if text.is_empty() {
        return Ok((0, 0));
    }
    let (user, group) = text.split_once(':').unwrap_or((text, text));
    let number = |part: &str| {
        part.parse::<u32>().ok().with_context(|| {
            format!("the image's user {text:?} is a name; only numbers are understood here")
        })
    };
    Ok((number(user)?, number(group)?))
}

impl Plan {
    /// For people.
    pub fn describe(&self, isolation: Isolation) -> String {
        let (user, group) = self.user;
        match isolation {
            Isolation::Chroot => format!("chroot, user {user}:{group}"),
            Isolation::None => "none, current user".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use oci_spec::image::{ConfigBuilder, ImageConfigurationBuilder};

    use super::*;

    fn image(build: impl FnOnce(ConfigBuilder) -> ConfigBuilder) -> ImageConfiguration {
        let config = build(ConfigBuilder::default()).build().unwrap();
        ImageConfigurationBuilder::default().config(config).build().unwrap()
    }

    fn strings(items: &[&str]) -> Vec<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    #[test]
    fn given_arguments_replace_the_images_own_and_keep_the_entry_point() {
        let image = image(|config| {
            config
                .entrypoint(strings(&["/web", "--quiet"]))
                .cmd(strings(&["--port", "1"]))
                .env(strings(&["A=1", "B=2=3"]))
                .user("65532:100")
        });
        let plan = Plan::new(&image, &Overrides::default()).unwrap();
        assert_eq!(
            (plan.program.as_str(), plan.args, plan.user),
            ("/web", strings(&["--quiet", "--port", "1"]), (65532, 100))
        );
        assert_eq!(
            (plan.folder.as_str(), plan.env["A"].as_str(), plan.env["B"].as_str()),
            ("/", "1", "2=3")
        );
        assert_eq!(plan.env["PATH"], PATH);

        let env = BTreeMap::from([("A".to_owned(), "over".to_owned())]);
        let plan =
            Plan::new(&image, &Overrides { args: strings(&["--port", "8081"]), env }).unwrap();
        assert_eq!(
            (plan.args, plan.env["A"].as_str()),
            (strings(&["--quiet", "--port", "8081"]), "over")
        );
    }

    #[test]
    fn what_cannot_be_run_is_refused() {
        let nothing = image(|config| config);
        assert!(
            Plan::new(&nothing, &Overrides::default()).unwrap_err().to_string().contains("neither")
        );
        let relative = image(|config| config.entrypoint(strings(&["web"])));
        assert!(
            Plan::new(&relative, &Overrides::default())
                .unwrap_err()
                .to_string()
                .contains("absolute")
        );
        let named = image(|config| config.entrypoint(strings(&["/web"])).user("nobody"));
        assert!(
            Plan::new(&named, &Overrides::default()).unwrap_err().to_string().contains("is a name")
        );
    }
}
