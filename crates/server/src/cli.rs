//! The command line: reads the settings, says what went wrong, and gives the exit code.

use crate::app::App;
use crate::arguments::{About, Flag, Request, Values, read};
use crate::diagnostics;
use crate::drain::Outcome;
use crate::panics;
use crate::startup::{Server, StartError};
use skyward_config::{SETTINGS, Settings};
use std::convert::Infallible;
use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// Wrong usage.
const USAGE: u8 = 2;

/// A program that serves an application: its names, and flags of its own. [`program!`](crate::program!) makes one of the
/// calling package.
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use skyward_server::Flag;
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     skyward_server::program!()
///         .flag(Flag::new("greeting", "TEXT", "Text to greet with").default("Hello"))
///         .serve(|values| {
///             let greeting = values.get("greeting").unwrap_or_default().to_owned();
///             Ok::<_, String>(Router::new().route("/", get(async move || greeting)))
///         })
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Program {
    about: About,
    flags: Vec<Flag>,
}

impl Program {
    /// A program without flags of its own.
    pub fn new(about: About) -> Self {
        Self { about, flags: Vec::new() }
    }

    /// Adds a flag.
    ///
    /// # Panics
    /// When the server has a flag of that name: that is a mistake in the program, found by its first start.
    #[must_use]
    pub fn flag(mut self, flag: Flag) -> Self {
        let is_servers = SETTINGS.iter().any(|setting| setting.flag() == flag.name)
            || matches!(flag.name, "help" | "version");
        assert!(!is_servers, "--{} is a flag of the server's", flag.name);
        self.flags.push(flag);
        self
    }

    /// Serves what `make` makes of the flags' values, as the flags and variables say, until SIGTERM or SIGINT.
    ///
    /// A panic of a handler's is the end of its request alone; one anywhere else in the server ends the process.
    pub fn serve<A, E>(self, make: impl FnOnce(&Values) -> Result<A, E>) -> ExitCode
    where
        A: Into<App>,
        E: Display,
    {
        let Self { about, flags } = self;
        match read(&about, &flags, std::env::args_os().skip(1), std::env::vars_os()) {
            Ok(Request::Serve(settings, warnings, values)) => {
                for warning in warnings {
                    diagnostics::on_standard_error(&settings.name, "WARNING", &warning);
                }
                let name = settings.name.clone();
                panics::set_hook(name.clone());
                let app = make(&values).map(Into::into);
                let app = app.map_err(|error| StartError::Application(error.to_string()));
                app.and_then(|app| serve(*settings, about, app)).unwrap_or_else(|error| {
                    diagnostics::on_standard_error(&name, "ERROR", &error.to_string());
                    ExitCode::FAILURE
                })
            }
            Ok(Request::Print(text)) => {
                let _ = io::stdout().write_all(text.as_bytes());
                ExitCode::SUCCESS
            }
            Err(error) => {
                let _ = writeln!(io::stderr(), "{}: {error}", about.name);
                ExitCode::from(USAGE)
            }
        }
    }
}

/// Serves `app`, an [`App`] or an axum router, as the flags and variables say, until SIGTERM or SIGINT.
pub fn run(about: About, app: impl Into<App>) -> ExitCode {
    Program::new(about).serve(|_| Ok::<_, Infallible>(app))
}

fn serve(settings: Settings, about: About, app: App) -> Result<ExitCode, StartError> {
    let name = settings.name.clone();
    let server = Server::bind(settings, app)?.with_version(about.version);
    server.stop_on_signals().map_err(StartError::Resources)?;
    let address = server.address().map_err(StartError::Resources)?;
    let admin = server.admin_address().map_err(StartError::Resources)?;
    // Written at once, before the access log's own thread has the stream. A closed standard output is no
    // reason not to serve.
    let mut standard_output = io::stdout();
    let _ = writeln!(
        standard_output,
        "{}",
        diagnostics::line(&name, "INFO", &format!("Webserver listening: http://{address}"))
    );
    let _ = writeln!(
        standard_output,
        "{}",
        diagnostics::line(&name, "INFO", &format!("Probes and metrics: http://{admin}"))
    );
    let _ = standard_output.flush();
    match server.run(Box::new(standard_output))? {
        Outcome::Drained(_) => Ok(ExitCode::SUCCESS),
        Outcome::Forced(stop) => Ok(ExitCode::from(stop.exit_code())),
    }
}
