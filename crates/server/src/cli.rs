//! The command line: reads the settings, says what went wrong, and gives the exit code.

use crate::app::App;
use crate::arguments::{About, Request, read};
use crate::diagnostics;
use crate::drain::Outcome;
use crate::startup::{Server, StartError};
use skyward_config::Settings;
use std::io::{self, Write as _};
use std::panic;
use std::process::ExitCode;

/// Wrong usage.
const USAGE: u8 = 2;

/// Serves `app` as the flags and variables say, until SIGTERM or SIGINT.
///
/// A panic ends the process in every build (in the image's it could not be caught anyway): a service that
/// broke one of its own rules does not continue with what is left; its supervisor starts it again.
pub fn run(about: About, app: App) -> ExitCode {
    match read(&about, std::env::args_os().skip(1), std::env::vars_os()) {
        Ok(Request::Serve(settings, warnings)) => {
            for warning in warnings {
                diagnostics::on_standard_error(&settings.name, "WARNING", &warning);
            }
            let name = settings.name.clone();
            serve(*settings, about, app).unwrap_or_else(|error| {
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

fn serve(settings: Settings, about: About, app: App) -> Result<ExitCode, StartError> {
    end_on_panic(settings.name.clone());
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

fn end_on_panic(name: String) {
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map_or_else(String::new, |location| {
            format!(" at {}:{}", location.file(), location.line())
        });
        let reason = info.payload_as_str().unwrap_or("for an unknown reason");
        diagnostics::on_standard_error(
            &name,
            "ERROR",
            &format!("Panicked{place}: {reason}; this is a mistake in the program, which ends"),
        );
        std::process::abort();
    }));
}
