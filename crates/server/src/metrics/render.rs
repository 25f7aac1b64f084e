//! The numbers as Prometheus text (exposition format 0.0.4).

use super::{Metrics, Series};
use crate::clock::{Seconds, Tick};
use crate::progress::Cut;
use std::fmt::{Display, Write as _};
use std::sync::atomic::Ordering::Relaxed;

/// The media type of [`render`]'s text.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Numbers that are counted elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Elsewhere<'a> {
    /// The access log's lines that were lost.
    pub(crate) dropped_lines: u64,
    /// Upgraded connections.
    pub(crate) upgraded: usize,
    /// The version of the service.
    pub(crate) version: &'a str,
}

/// All numbers.
pub(crate) fn render(metrics: &Metrics, elsewhere: &Elsewhere<'_>) -> String {
    let Elsewhere { dropped_lines, upgraded, version } = elsewhere;
    let mut text = String::with_capacity(4 * 1024);
    durations(metrics, &mut text);
    let mut number = |name: &str, kind: &str, help: &str, labels: &str, value: &dyn Display| {
        let _ =
            write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name}{labels} {value}\n");
    };
    number("http_server_active_requests", "gauge", "Requests under way.", "", &metrics.active());
    let open = metrics.open_connections.load(Relaxed);
    number("http_server_open_connections", "gauge", "Open connections.", "", &open);
    number(
        "http_server_upgraded_connections",
        "gauge",
        "Open connections that are upgraded, such as websockets.",
        "",
        upgraded,
    );
    let shed = metrics.shed_connections.load(Relaxed);
    number(
        "http_server_shed_connections_total",
        "counter",
        "Connections turned away with 503 at the limit.",
        "",
        &shed,
    );
    let evicted = metrics.evicted_connections.load(Relaxed);
    number(
        "http_server_evicted_connections_total",
        "counter",
        "Idle connections closed at the limit, to make room for new ones.",
        "",
        &evicted,
    );
    let panics = metrics.panics.load(Relaxed);
    number("http_server_panics_total", "counter", "Panics of handlers.", "", &panics);
    let refused = metrics.accept_errors.load(Relaxed);
    number(
        "http_server_accept_errors_total",
        "counter",
        "Connections that the system could not accept.",
        "",
        &refused,
    );
    number(
        "skyward_service_log_lines_dropped_total",
        "counter",
        "Lines that standard output did not take.",
        "",
        dropped_lines,
    );
    let uptime = Seconds(Tick::now().since(metrics.started));
    number("skyward_service_uptime_seconds", "gauge", "Time since the start.", "", &uptime);
    let version = format!("{{version=\"{version}\"}}");
    number("skyward_service_build_info", "gauge", "The build that runs.", &version, &1);
    cuts(metrics, &mut text);
    text
}

fn cuts(metrics: &Metrics, text: &mut String) {
    const NAME: &str = "http_server_cut_requests_total";
    let _ = write!(
        text,
        "# HELP {NAME} Requests whose answers did not reach their end.\n# TYPE {NAME} counter\n"
    );
    for (cut, count) in Cut::ALL.iter().zip(&metrics.cut) {
        let (reason, count) = (cut.as_str(), count.load(Relaxed));
        let _ = writeln!(text, "{NAME}{{reason=\"{reason}\"}} {count}");
    }
}

fn durations(metrics: &Metrics, text: &mut String) {
    const NAME: &str = "http_server_request_duration_seconds";
    let _ =
        write!(text, "# HELP {NAME} Duration of HTTP server requests.\n# TYPE {NAME} histogram\n");
    for (series, histogram) in metrics.durations() {
        let labels = labels(&series);
        for (bound, count) in histogram.cumulative() {
            let _ = writeln!(text, "{NAME}_bucket{{{labels},le=\"{bound}\"}} {count}");
        }
        let _ = writeln!(text, "{NAME}_sum{{{labels}}} {}", Seconds(histogram.sum()));
        let _ = writeln!(text, "{NAME}_count{{{labels}}} {}", histogram.count());
    }
}

/// A series' labels. `http_route` is left out where there is none, as the conventions ask.
fn labels(series: &Series) -> String {
    let mut labels = format!("http_request_method=\"{}\"", series.method);
    if !series.route.is_empty() {
        let route = series.route.replace('\\', "\\\\").replace('"', "\\\"");
        let _ = write!(labels, ",http_route=\"{route}\"");
    }
    let _ = write!(labels, ",http_response_status_code=\"{}\"", series.status.as_u16());
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;
    use std::time::Duration;

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let metrics = Metrics::new(1);
        metrics.workers[0].begin();
        metrics.workers[0].end(
            Series { method: "GET", route: "/", status: StatusCode::OK },
            Duration::from_millis(7),
        );
        metrics.workers[1].begin();
        metrics.workers[1].end(
            Series { method: "_OTHER", route: "", status: StatusCode::BAD_REQUEST },
            Duration::ZERO,
        );
        let text = render(
            &metrics,
            &Elsewhere { dropped_lines: 5, version: "0.1.0", ..Elsewhere::default() },
        );
        for line in [
            "# TYPE http_server_request_duration_seconds histogram",
            r#"http_server_request_duration_seconds_bucket{http_request_method="GET",http_route="/",http_response_status_code="200",le="0.005"} 0"#,
            r#"http_server_request_duration_seconds_bucket{http_request_method="GET",http_route="/",http_response_status_code="200",le="+Inf"} 1"#,
            r#"http_server_request_duration_seconds_sum{http_request_method="GET",http_route="/",http_response_status_code="200"} 0.007000000"#,
            r#"http_server_request_duration_seconds_count{http_request_method="_OTHER",http_response_status_code="400"} 1"#,
            "http_server_active_requests 0",
            "skyward_service_log_lines_dropped_total 5",
            r#"skyward_service_build_info{version="0.1.0"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
