//! An application: axum routes, and the names under which the metrics count them.

use axum::Router;
use axum::routing::MethodRouter;

/// Routes to serve. Everything else (limits, deadlines, 404 and 405 as problem details, OPTIONS, logs, metrics) is the server's.
#[derive(Clone, Debug, Default)]
pub struct App {
    router: Router,
    templates: matchit::Router<&'static str>,
}

impl App {
    /// An application that answers every path with 404.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route; `template` is axum's, such as `/users/{id}`.
    ///
    /// # Panics
    /// When the template is malformed or conflicts with an earlier one: that is a mistake in the program, found by its first test.
    #[must_use]
    pub fn route(mut self, template: &'static str, methods: MethodRouter) -> Self {
        self.router = self.router.route(template, methods);
        self.templates.insert(template, template).expect("axum has accepted the same template");
        self
    }

    /// The router that answers.
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// The template that `path` matches; empty for none. It is the metrics' label: a path would make a series for every guess of a client's.
    pub fn template(&self, path: &str) -> &'static str {
        self.templates.at(path).map_or("", |found| found.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;

    #[test]
    fn a_path_counts_under_its_template() {
        let app = App::new()
            .route("/", get(""))
            .route("/users/{id}", get(""))
            .route("/files/{*path}", get(""));
        for (path, template) in [
            ("/", "/"),
            ("/users/7", "/users/{id}"),
            ("/files/a/b", "/files/{*path}"),
            ("/users/7/x", ""),
            ("*", ""),
            ("", ""),
        ] {
            assert_eq!(app.template(path), template, "{path}");
        }
    }
}
