//! `Authorization` for a registry: remembers what it asked for, and gets tokens.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::http::Method;

use super::challenge::{Challenge, TokenAnswer};
use super::client::{Client, Failed};
use super::credentials::{Credentials, Secret, without_values};
use super::error::{RegistryError, connection, detail, refusal};
use super::http::{Payload, Response};
use super::retry::is_transient;
use super::url::{Scheme, Url, encode};

const OPERATION: &str = "getting a token";

/// The credentials of one registry, and the tokens got with them.
pub(super) struct Authority {
    credentials: Credentials,
    state: Mutex<TokenState>,
}

#[derive(Default)]
struct TokenState {
    challenge: Option<Challenge>,
    tokens: HashMap<String, Token>,
}

struct Token {
    value: String,
    ends: Instant,
}

impl Authority {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self { credentials, state: Mutex::default() }
    }

    /// The place where the credentials were found.
    pub(super) fn origin(&self) -> &str {
        &self.credentials.origin
    }

    /// Remembers what the registry asks for; tokens it has just refused are forgotten.
    pub(super) fn learn(&self, challenge: Challenge, refused: Option<&str>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.challenge = Some(challenge);
        state.tokens.retain(|_, token| Some(bearer(&token.value).as_str()) != refused);
    }

    /// The header's value, once the registry has asked for one. Threads that need a token at the
    /// same time wait for one request.
    pub(super) fn authorization(
        &self,
        client: &Client,
        scope: &str,
    ) -> Result<Option<String>, Failed> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (realm, service) = match &state.challenge {
            None => return Ok(None),
            Some(Challenge::Basic) => return Ok(self.basic()),
            Some(Challenge::Bearer { realm, service }) => (realm.clone(), service.clone()),
        };
        let now = client.settings.clock.now();
        if let Some(token) = state.tokens.get(scope).filter(|token| now < token.ends) {
            return Ok(Some(bearer(&token.value)));
        }
        let answer = self.fetch(client, &realm, service.as_deref(), scope)?;
        let Some(value) = answer.token() else {
            return Err(unusable(&realm, "its answer holds no token".to_owned()));
        };
        let token = Token { value: value.to_owned(), ends: now + answer.lifetime() };
        state.tokens.insert(scope.to_owned(), token);
        Ok(Some(bearer(value)))
    }

    fn basic(&self) -> Option<String> {
        match &self.credentials.secret {
            Secret::Basic { username, password } => {
                Some(format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))))
            }
            Secret::Anonymous | Secret::IdentityToken(_) => None,
        }
    }

    fn fetch(
        &self,
        client: &Client,
        realm: &str,
        service: Option<&str>,
        scope: &str,
    ) -> Result<TokenAnswer, Failed> {
        let url: Url = realm
            .parse()
            .map_err(|()| unusable(realm, "the registry names it as its realm".to_owned()))?;
        // A password in plain text leaves this machine only where the user allowed it.
        if url.scheme == Scheme::Http && !url.is_loopback() && !client.settings.plain_http {
            let reason =
                "the registry sends credentials there by plain http; --plain-http allows that";
            return Err(unusable(realm, reason.to_owned()));
        }
        let mut attempt = 1;
        loop {
            let fault = match self.request(client, &url, service, scope) {
                Ok(response) if is_transient(response.status) => client.fault(response),
                Ok(response) => return Self::read(client, &url, response),
                Err(Failed::Fault(fault)) => fault,
                Err(fatal) => return Err(fatal),
            };
            client.wait(OPERATION, &url, attempt, None, &fault).map_err(Failed::Fatal)?;
            attempt += 1;
        }
    }

    /// A GET with user and password, or a POST with the refresh token (distribution,
    /// `docs/spec/auth/{token,oauth}.md`).
    fn request(
        &self,
        client: &Client,
        url: &Url,
        service: Option<&str>,
        scope: &str,
    ) -> Result<Response, Failed> {
        let send = |method, url: &Url, headers: &[(&str, String)], payload| {
            let answer = client.request(&method, url, headers, payload);
            answer.map_err(|failure| connection(OPERATION, url, failure))
        };
        if let Secret::IdentityToken(token) = &self.credentials.secret {
            let form = format!(
                "grant_type=refresh_token&client_id=skyward&service={}&scope={}&refresh_token={}",
                encode(service.unwrap_or("")),
                encode(scope),
                encode(token)
            );
            let form_type = "application/x-www-form-urlencoded".to_owned();
            let headers = [("Content-Type", form_type)];
            return send(Method::POST, url, &headers, Payload::Bytes(form.as_bytes()));
        }
        let mut url = url.clone();
        if let Some(service) = service {
            url = url.with_query("service", service);
        }
        for one in scope.split(' ') {
            url = url.with_query("scope", one);
        }
        let headers: Vec<_> =
            self.basic().map(|value| ("Authorization", value)).into_iter().collect();
        send(Method::GET, &url, &headers, Payload::None)
    }

    fn read(client: &Client, url: &Url, mut response: Response) -> Result<TokenAnswer, Failed> {
        if matches!(response.status, 400 | 401 | 403) {
            let detail = detail(&mut response);
            return Err(Failed::Fatal(
                client.unauthorized(OPERATION, format!("refuses the login{detail}")),
            ));
        }
        if response.status != 200 {
            return Err(Failed::Fatal(refusal(OPERATION, response)));
        }
        let body =
            response.bytes(1 << 20).map_err(|failure| connection(OPERATION, url, failure))?;
        serde_json::from_slice(&body).map_err(|error| {
            let reason = format!("its answer is not a token: {}", without_values(&error));
            unusable(&url.without_query(), reason)
        })
    }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn unusable(realm: &str, reason: String) -> Failed {
    let (operation, url) = (OPERATION.to_owned(), realm.to_owned());
    Failed::Fatal(RegistryError::Answer { operation, url, reason })
}
