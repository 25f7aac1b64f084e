//! `run`: the image's entry point on this machine, without an engine.

use std::collections::VecDeque;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::layer;
use crate::platform::Platform;
use crate::resolve::{Resolved, resolve};
use crate::run::{
    self, CheckTimeouts, Endpoints, Entered, Invocation, Isolation, Overrides, Process, Scratch,
    checks,
};
use crate::unpack::{Rooted, unpack};
use crate::{Event, ImageEvent};
use anyhow::{Context, Result};
use clap::ValueEnum;
use rustix::process::{Signal, geteuid, set_parent_process_death_signal};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator;
use skyward_config::{ConfigArgs, Health, HealthPaths, Loaded, Service};
use skyward_terminal::event::Verbosity;
use skyward_terminal::{Console, Output, program};

use crate::command;
use crate::command::registry::RegistryArgs;

/// Unpack an image into a private folder and run its entry point from there
#[derive(clap::Args)]
pub(crate) struct Args {
    /// An archive, an OCI layout folder, or a reference in a registry [default: the image that `build` wrote]
    image: Option<String>,
    /// The service's port instead of the configuration's; 0 takes a free one
    #[arg(long)]
    port: Option<u16>,
    /// The port of probes and metrics instead of the configuration's; 0 takes a free one
    #[arg(long)]
    admin_port: Option<u16>,
    /// Ask for the page, the probes and the metrics, and report the answers
    #[arg(long)]
    check: bool,
    /// End after the checks
    #[arg(long, requires = "check")]
    once: bool,
    /// Stop, as by SIGTERM, when the program that started this one ends, however it ends
    #[arg(long, hide = true)]
    end_with_parent: bool,
    /// The separation of the process: root can make the image's folder its root
    #[arg(long, value_enum, default_value_t)]
    isolation: Choice,
    /// The user instead of the image's own, by numbers or names of the image
    #[arg(long, value_name = "USER[:GROUP]")]
    user: Option<String>,
    /// Seconds to wait for the service to be ready [default: `service.health.start_s`, else 30]
    #[arg(long, value_name = "SECONDS")]
    ready_timeout: Option<u64>,
    /// The form of standard output: lines, or one JSON object for each event
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    /// Arguments for the entry point, instead of the image's own
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

/// `--isolation`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Choice {
    /// chroot as root, none otherwise.
    #[default]
    Auto,
    /// The image's folder becomes the root.
    Chroot,
    /// The program sees this machine's files.
    None,
}

/// The note where nothing separates the program from this machine.
const NOT_ISOLATED: &str = "the program is not isolated: it runs as the current user and finds this machine's files, its certificates and \
                            time zones among them, also where the image lacks them; as root, it has the image's files alone";
/// The time after a signal until the process is killed: longer than any drain that the configuration allows.
const DRAIN_LIMIT: Duration = Duration::from_mins(1);
/// The time between two looks at signals and the process.
const TICK: Duration = Duration::from_millis(5);

/// Runs the command. The exit code is the program's; 1 where a check failed.
pub(crate) fn run(args: &Args, verbosity: Verbosity) -> Result<ExitCode> {
    let loaded = args.config.load()?;
    let monitor = command::monitor(Console::new(args.output, verbosity).without_live());
    let (name, registry) = (args.image.as_deref(), &args.registry);
    let opened = command::open(name, &args.config, registry, &monitor, verbosity)?;
    let failed = || format!("cannot run {}", opened.name);
    let image =
        resolve(opened.source.as_ref(), Some(&Platform::of_this_machine())).with_context(failed)?;
    let mut signals = Signals::catch()?;
    if args.end_with_parent {
        set_parent_process_death_signal(Some(Signal::TERM)).context("cannot watch the parent")?;
    }
    let mut report = |event: ImageEvent| monitor.emit(&Event::Own(event));

    let started = Instant::now();
    let scratch = Scratch::new(&loaded.root.join(&loaded.config.image.output))?;
    let unpacked = unpack(opened.source.as_ref(), &image, scratch.path(), layer::Limits::default())
        .with_context(failed)?;
    let folder: PathBuf = scratch.path().to_owned();
    report(ImageEvent::Unpacked {
        folder,
        bytes: unpacked.bytes,
        seconds: started.elapsed().as_secs_f64(),
    });

    let (service, invocation) =
        invocation(args, &loaded, &image, scratch.path()).with_context(failed)?;
    let isolation = args.isolation.decide();
    invocation.check(isolation).with_context(failed)?;
    if isolation == Isolation::None {
        monitor.emit(&Event::note(NOT_ISOLATED));
    }
    // In the form of events standard output is theirs alone; what the program prints goes to standard error.
    let output = if args.check || args.output == Output::Json {
        Stdio::from(std::io::stderr())
    } else {
        Stdio::inherit()
    };
    let stage: Vec<_> = program::within("image").into_iter().chain([ENTER.to_owned()]).collect();
    let mut process = Process::start(&invocation, scratch.path(), isolation, &stage, output)
        .with_context(failed)?;
    let endpoints = Endpoints::new(&service);
    report(ImageEvent::Serving {
        address: format!("http://{}", endpoints.service),
        admin: service.has_admin_port().then(|| format!("http://{}", endpoints.probes)),
        pid: process.id(),
        isolation: invocation.describe(isolation),
    });
    let defaults = CheckTimeouts::default();
    let ready = args.ready_timeout.or(service.probes().start_s.map(u64::from));
    let timeouts =
        CheckTimeouts { ready: ready.map_or(defaults.ready, Duration::from_secs), ..defaults };
    let mut asking = |check| report(ImageEvent::Check(check));
    let ok = !args.check
        || checks(&mut process, &service, timeouts, &mut || signals.came(), &mut asking)?;
    if args.check {
        report(ImageEvent::Checked { ok });
    }
    let code = attend(&mut process, &mut signals, args.once || !ok, &mut report)?;
    Ok(if ok { ExitCode::from(code) } else { ExitCode::FAILURE })
}

/// The service with the ports that it will have, and its command.
fn invocation(
    args: &Args,
    loaded: &Loaded,
    image: &Resolved,
    folder: &Path,
) -> Result<(Service, Invocation)> {
    let mut service = loaded.config.service.clone();
    let was = service.port;
    // Both are held until both are known: the same one is not given out twice.
    let (port, _held) = port(args.port.unwrap_or(service.port))?;
    let (admin_port, _held_too) = if service.has_admin_port() {
        self::port(args.admin_port.unwrap_or(service.admin_port))?
    } else {
        (service.admin_port, None)
    };
    if let Some(Health::Paths(HealthPaths { port: Some(probes), .. })) = &mut service.health {
        // A port that is named again moves with the one that it is.
        if *probes == was {
            *probes = port;
        } else if *probes == service.admin_port {
            *probes = admin_port;
        }
    }
    (service.port, service.admin_port) = (port, admin_port);
    let overrides = Overrides {
        args: args.arguments.clone(),
        env: service.environment(),
        user: args.user.clone(),
    };
    let invocation = Invocation::new(&image.config, &Rooted::new(folder)?, &overrides)?;
    Ok((service, invocation))
}

/// A free port for 0, so that it is known where to ask, with what holds it.
fn port(port: u16) -> Result<(u16, Option<TcpListener>)> {
    if port != 0 {
        return Ok((port, None));
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("cannot find a free port")?;
    Ok((listener.local_addr()?.port(), Some(listener)))
}

impl Choice {
    fn decide(self) -> Isolation {
        match self {
            Self::Auto if geteuid().is_root() => Isolation::Chroot,
            Self::Chroot => Isolation::Chroot,
            Self::Auto | Self::None => Isolation::None,
        }
    }
}

/// Passes signals on and waits for the end. `stop` ends the process as SIGTERM would.
fn attend(
    process: &mut Process,
    signals: &mut Signals,
    stop: bool,
    report: &mut dyn FnMut(ImageEvent),
) -> Result<u8> {
    let mut stop = stop.then_some((Signal::TERM, "SIGTERM"));
    let mut asked: Option<Instant> = None;
    loop {
        if let Some(ended) = process.ended()? {
            report(ImageEvent::Stopped {
                code: ended.code,
                seconds: asked.map(|asked| asked.elapsed().as_secs_f64()),
            });
            return Ok(ended.code);
        }
        while let Some((signal, name)) = signals.next().or_else(|| stop.take()) {
            process.signal(signal)?;
            asked.get_or_insert_with(Instant::now);
            report(ImageEvent::Stopping { signal: name });
        }
        if asked.is_some_and(|asked| asked.elapsed() > DRAIN_LIMIT) {
            process.kill()?;
        }
        std::thread::sleep(TICK);
    }
}

/// SIGTERM and SIGINT that came and were not passed on yet.
struct Signals {
    source: iterator::Signals,
    waiting: VecDeque<(Signal, &'static str)>,
}

impl Signals {
    /// Keeps the signals from now on, instead of letting them end this program.
    fn catch() -> Result<Self> {
        let source = iterator::Signals::new([SIGTERM, SIGINT]).context("cannot catch signals")?;
        Ok(Self { source, waiting: VecDeque::new() })
    }

    /// Returns true once one came.
    fn came(&mut self) -> bool {
        for signal in self.source.pending() {
            self.waiting.push_back(if signal == SIGINT {
                (Signal::INT, "SIGINT")
            } else {
                (Signal::TERM, "SIGTERM")
            });
        }
        !self.waiting.is_empty()
    }

    /// The next one to pass on, and its name.
    fn next(&mut self) -> Option<(Signal, &'static str)> {
        self.came();
        self.waiting.pop_front()
    }
}

/// The name of the command that `run` starts as root: the second stage of a process with a root of its own.
const ENTER: &str = "enter";

/// The second stage of `run`
#[derive(clap::Args)]
pub(crate) struct EnterArgs {
    /// The folder that becomes the root
    #[arg(long)]
    root: PathBuf,
    /// The working folder within it
    #[arg(long)]
    folder: PathBuf,
    /// The user id
    #[arg(long)]
    user: u32,
    /// The group id
    #[arg(long)]
    group: u32,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// Becomes the program; returns only when that fails.
pub(crate) fn enter(args: EnterArgs) -> Result<ExitCode> {
    let EnterArgs { root, folder, user, group, command } = args;
    match run::enter(&Entered { root, folder, user, group, command })? {}
}
