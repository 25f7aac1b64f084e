//! The route that a request has matched, and the short way to it.

use axum::body::Body;
use axum::http::header::ALLOW;
use axum::http::{Extensions, Method, Response, StatusCode};
use axum::routing::Route;
use axum::routing::future::RouteFuture;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError, RwLock};
use tower_service::Service as _;

/// Templates that are told apart; there are as many as routes, so that only a program that makes routes for its clients
/// could have more.
const MOST_TEMPLATES: usize = 10_000;

/// All templates that a request has matched, by their numbers from 1 on. A template lives as long as the process.
static TEMPLATES: RwLock<Vec<&'static str>> = RwLock::new(Vec::new());

/// The number of `template`; 0 if there are too many.
pub(crate) fn intern(template: &str) -> u32 {
    let mut templates = TEMPLATES.write().unwrap_or_else(PoisonError::into_inner);
    let known = templates.iter().position(|known| *known == template);
    let place = known.unwrap_or_else(|| {
        if templates.len() < MOST_TEMPLATES {
            templates.push(Box::leak(template.into()));
        }
        templates.len() - 1
    });
    let is_known = templates.get(place).is_some_and(|known| *known == template);
    if is_known { u32::try_from(place + 1).unwrap_or(0) } else { 0 }
}

/// The route of the request under way.
#[derive(Debug, Default)]
pub(crate) struct Matched {
    /// The number of its template; 0 for none.
    pub(crate) template: AtomicU32,
    /// It was chosen by axum, and not by its fallback.
    pub(crate) found: AtomicBool,
    /// The number of extensions that the request had before axum saw it.
    pub(crate) extensions: AtomicUsize,
    /// The stage of the lane, so that a request that is on one takes no lock.
    stage: AtomicU8,
    lane: Mutex<Option<Box<Lane>>>,
}

/// The stages of a lane: nobody wants one; one is wanted; the route has handed it out; its answer may be all the
/// route's own, so that the next request may take it.
const NONE: u8 = 0;
const WANTED: u8 = 1;
const HANDED_OUT: u8 = 2;
const OPEN: u8 = 3;

impl Matched {
    /// A request begins, for which no route is known. Returns the lane that the one before it has opened.
    pub(crate) fn begin(&self) -> Option<Lane> {
        self.template.store(0, Relaxed);
        self.found.store(false, Relaxed);
        let stage = self.stage.load(Relaxed);
        if stage == NONE {
            return None;
        }
        self.stage.store(NONE, Relaxed);
        let lane = self.lane.lock().unwrap_or_else(PoisonError::into_inner).take();
        lane.filter(|_| stage == OPEN).map(|lane| *lane)
    }

    /// Asks the route of the request under way for its lane.
    pub(crate) fn want_lane(&self) {
        self.stage.store(WANTED, Relaxed);
    }

    /// Tells whether a lane was asked for.
    pub(crate) fn wants_lane(&self) -> bool {
        self.stage.load(Relaxed) == WANTED
    }

    /// Hands out the `lane` of the route under way.
    pub(crate) fn hand_out(&self, lane: Lane) {
        *self.lane.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(lane));
        self.stage.store(HANDED_OUT, Relaxed);
    }

    /// Opens the lane that was handed out, if `response`, which came over the longer way, is all the route's own. What
    /// axum adds outside of it is the `Allow` of a method that has no handler.
    pub(crate) fn open_lane<B>(&self, response: &Response<B>) {
        if self.stage.load(Relaxed) == HANDED_OUT
            && response.status() != StatusCode::METHOD_NOT_ALLOWED
            && !response.headers().contains_key(ALLOW)
        {
            self.stage.store(OPEN, Relaxed);
        }
    }

    /// The template; empty where no route has matched, or a service that routes by itself.
    pub(crate) fn template(&self) -> &'static str {
        match self.template.load(Relaxed) {
            0 => "",
            number => {
                let templates = TEMPLATES.read().unwrap_or_else(PoisonError::into_inner);
                templates.get(number as usize - 1).copied().unwrap_or("")
            }
        }
    }

    /// Tells whether a route answers, and not the fallback.
    pub(crate) fn is_found(&self) -> bool {
        self.found.load(Relaxed)
    }
}

/// The short way to one route.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) template: &'static str,
    pub(crate) number: u32,
    pub(crate) route: Route,
    /// All that axum says of a request on the route.
    pub(crate) extensions: Extensions,
}

impl Lane {
    /// Tells whether `request` would be answered by the route too.
    pub(crate) fn leads<B>(&self, request: &axum::http::Request<B>) -> bool {
        request.method() == Method::GET
            && request.uri().path() == self.template
            && request.extensions().is_empty()
    }

    /// Asks the route with `request`, whose body is empty.
    pub(crate) fn ask<B>(
        &mut self,
        mut request: axum::http::Request<B>,
        matched: &Matched,
    ) -> RouteFuture<Infallible> {
        matched.template.store(self.number, Relaxed);
        matched.found.store(true, Relaxed);
        *request.extensions_mut() = self.extensions.clone();
        // An empty body of axum's own needs no memory.
        self.route.call(request.map(|_| Body::empty()))
    }
}
