//! An application: axum routes, and the names under which the metrics count them.
//!
//! axum's own router would do, but for two things: it does not tell which template a path matched, and it looks plain
//! paths up in a tree and allocates for parameters that are not there. So templates are kept beside it, and plain paths
//! take a fast lane that leaves it out.

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::{self, MethodRouter};
use std::convert::Infallible;
use tower_layer::Layer;
use tower_service::Service;

/// Routes to serve. Everything else (limits, deadlines, 404 and 405 as problem details, OPTIONS, logs, metrics) is the
/// server's.
///
/// State goes to a handler as axum gives it: `get(handler).with_state(state)`.
#[derive(Clone, Debug, Default)]
pub struct App {
    router: Router,
    routes: Vec<Route>,
    /// The routes by their templates, as places in `routes`.
    index: matchit::Router<usize>,
}

/// A route that a path was found to match.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Its template: the metrics' label, since a path would make a series for every guess of a client's.
    pub(crate) template: &'static str,
    /// The fast lane: the handlers, where the template is a plain path. axum's router would look the path up a second
    /// time, and allocate a table of parameters that are not there: a tenth of all instructions of a small answer
    /// (counted with callgrind).
    pub(crate) methods: Option<MethodRouter>,
}

impl App {
    /// Makes an application that answers every path with 404.
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
        self.index
            .insert(template, self.routes.len())
            .expect("axum has accepted the same template");
        self.routes.push(route);
        self
    }

    /// Wraps the routes that were added so far, and the answer to paths that are not found, in a layer of tower's.
    ///
    /// The layer works within the server's limits: a request that the server itself refuses never reaches it, and the
    /// deadline of the request counts its time too.
    #[must_use]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<routing::Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        for route in &mut self.routes {
            let methods = route.methods.take();
            route.methods = methods.map(|methods| methods.layer(layer.clone()));
        }
        self.router = self.router.layer(layer);
        self
    }

    /// The router that answers where [`Self::find`] names nothing else: routes with parameters, and paths
    /// that are not found.
    pub(crate) fn router(&self) -> &Router {
        &self.router
    }

    /// Finds the route that `path` matches.
    pub(crate) fn find(&self, path: &str) -> Option<&Route> {
        self.index.at(path).ok().map(|found| &self.routes[*found.value])
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
