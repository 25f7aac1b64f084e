//! `WWW-Authenticate` challenges (RFC 9110, section 11.6.1) and the token service's answer
//! (distribution, `docs/spec/auth/token.md`). Pure.

use std::time::Duration;

use serde::Deserialize;

/// The login that a registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User name and password with each request.
    Basic,
    /// A token from the service at `realm`.
    Bearer { realm: String, service: Option<String> },
}

/// Picks the challenge that can be met, Bearer before Basic.
pub(super) fn parse<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let mut basic = None;
    for (scheme, parameters) in headers.flat_map(challenges) {
        let parameter = |name: &str| {
            parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
        };
        match scheme.as_str() {
            "bearer" => {
                if let Some(realm) = parameter("realm") {
                    return Some(Challenge::Bearer { realm, service: parameter("service") });
                }
            }
            "basic" => basic = Some(Challenge::Basic),
            _ => {}
        }
    }
    basic
}

type Parameters = Vec<(String, String)>;

/// Splits one header into its challenges: `scheme key=value, key="quoted, value", scheme …`.
fn challenges(header: &str) -> Vec<(String, Parameters)> {
    let mut found: Vec<(String, Parameters)> = Vec::new();
    for item in split_outside_quotes(header) {
        let (head, value) = match item.split_once('=') {
            Some((head, value)) => (head.trim(), Some(value.trim())),
            None => (item.trim(), None),
        };
        // `Bearer realm` is a new scheme with its first parameter, `service` one more parameter.
        let key = match head.rsplit_once(char::is_whitespace) {
            Some((scheme, key)) => {
                found.push((scheme.trim().to_ascii_lowercase(), Vec::new()));
                key
            }
            None if value.is_none() => {
                found.push((head.to_ascii_lowercase(), Vec::new()));
                continue;
            }
            None => head,
        };
        if let (Some((_, parameters)), Some(value)) = (found.last_mut(), value) {
            parameters.push((key.to_ascii_lowercase(), unquote(value)));
        }
    }
    found
}

fn split_outside_quotes(header: &str) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    header
        .split(|letter| {
            if escaped {
                escaped = false;
            } else if letter == '\\' && quoted {
                escaped = true;
            } else if letter == '"' {
                quoted = !quoted;
            }
            letter == ',' && !quoted
        })
        .filter(|item| !item.trim().is_empty())
        .collect()
}

fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut letters = inner.chars();
    let mut plain = String::with_capacity(inner.len());
    while let Some(letter) = letters.next() {
        plain.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    plain
}

/// The token service's answer.
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
    /// Seconds; some services write a text or a fraction.
    #[serde(default)]
    expires_in: serde_json::Value,
}

/// The life of a token that does not say how long it lives, in seconds (distribution, `docs/spec/auth/token.md`).
const UNSTATED_LIFETIME: f64 = 60.0;
/// The longest time that a token is used, in seconds: longer than any push, and no clock overflows.
const LONGEST_LIFETIME: f64 = 86_400.0;

impl TokenAnswer {
    /// The token: `OAuth2`'s name for it counts as much as Docker's.
    pub(super) fn token(&self) -> Option<&str> {
        let tokens = [&self.token, &self.access_token].into_iter().flatten();
        tokens.map(String::as_str).find(|token| !token.is_empty())
    }

    /// The time for which it is used: a tenth less than it lives, so that it does not end on its way. Less than a second
    /// does not count: a token would be asked for before each request.
    pub(super) fn lifetime(&self) -> Duration {
        let stated = self.expires_in.as_f64().or_else(|| self.expires_in.as_str()?.parse().ok());
        let seconds = stated.filter(|seconds| *seconds >= 1.0).unwrap_or(UNSTATED_LIFETIME);
        Duration::from_secs_f64(seconds.min(LONGEST_LIFETIME)).mul_f64(0.9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Challenge {
        Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) }
    }

    #[test]
    fn challenges_are_read() {
        for (headers, expected) in [
            (vec!["Basic realm=\"r\""], Some(Challenge::Basic)),
            (vec!["basic"], Some(Challenge::Basic)),
            (
                vec![
                    "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:a:pull,push\"",
                ],
                Some(bearer("https://auth.docker.io/token", Some("registry.docker.io"))),
            ),
            (vec!["Bearer realm=https://a/t , SERVICE=s"], Some(bearer("https://a/t", Some("s")))),
            (vec!["Negotiate", "Basic realm=x"], Some(Challenge::Basic)),
            (
                vec!["Basic realm=\"a, b\", Bearer realm=\"https://a\""],
                Some(bearer("https://a", None)),
            ),
            (vec!["Bearer realm=\"say \\\"hi\\\", you\""], Some(bearer("say \"hi\", you", None))),
            (vec!["Bearer service=\"s\""], None),
            (vec!["Negotiate"], None),
            (vec![""], None),
        ] {
            assert_eq!(parse(headers.iter().copied()), expected, "{headers:?}");
        }
    }

    #[test]
    fn both_names_of_a_token_are_read() {
        let answer = |text: &str| serde_json::from_str::<TokenAnswer>(text).expect("JSON");
        assert_eq!(answer(r#"{"token":"a","expires_in":300}"#).token(), Some("a"));
        assert_eq!(answer(r#"{"access_token":"b"}"#).token(), Some("b"));
        assert_eq!(answer("{}").token(), None);
        assert_eq!(answer(r#"{"expires_in":300}"#).lifetime(), Duration::from_secs(270));
        assert_eq!(answer("{}").lifetime(), Duration::from_secs(54));
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics(text in "[ -~]{0,60}") {
            parse(std::iter::once(text.as_str()));
        }
    }
}
