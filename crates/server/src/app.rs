//! An application: axum routes, and the names under which the metrics count them.

use axum::Router;
use axum::routing::MethodRouter;

/// Routes to serve. Everything else (limits, deadlines, 404 and 405 as problem details, OPTIONS, logs,
/// metrics) is the server's.
#[derive(Clone, Debug, Default)]
pub struct App {
    router: Router,
    routes: matchit::Router<Route>,
}

/// A route that a path was found to match.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Its template: the metrics' label, since a path would make a series for every guess of a client's.
    pub(crate) template: &'static str,
    /// What answers, where the template is a plain path. axum's router would look the path up a second time,
    /// and allocate a table of parameters that are not there: a tenth of all instructions of a small answer
    /// (counted with callgrind).
    pub(crate) methods: Option<MethodRouter>,
}

impl App {
    /// An application that answers every path with 404.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route; `template` is axum's, such as `/users/{id}`.
    ///
    /// # Panics
    /// When the template is malformed or conflicts with an earlier one: that is a mistake in the program,
    /// found by its first test.
    #[must_use]
    pub fn route(mut self, template: &'static str, methods: MethodRouter) -> Self {
        let is_plain = !template.contains(['{', '}']);
        let route = Route { template, methods: is_plain.then(|| methods.clone()) };
        self.router = self.router.route(template, methods);
        self.routes.insert(template, route).expect("axum has accepted the same template");
        self
    }

    /// The router that answers where [`Self::find`] names nothing else: routes with parameters, and paths
    /// that are not found.
    pub(crate) fn router(&self) -> &Router {
        &self.router
    }

    /// The route that `path` matches.
    pub(crate) fn find(&self, path: &str) -> Option<&Route> {
        self.routes.at(path).ok().map(|found| found.value)
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
            let found = app.find(path);
            assert_eq!(found.map_or("", |route| route.template), template, "{path}");
            assert_eq!(found.is_some_and(|route| route.methods.is_some()), path == "/", "{path}");
        }
    }
}
