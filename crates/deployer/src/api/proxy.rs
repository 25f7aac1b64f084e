//! The proxy on the way to the API server: the kubeconfig's own, or that of the environment, by client-go's rules.
//!
//! A cluster's `proxy-url` is always used. `HTTPS_PROXY` and `HTTP_PROXY` are used for servers that `NO_PROXY` does not name (a host, a
//! suffix, an address or a network), and never for this machine's own addresses. Source: golang.org/x/net/http/httpproxy, which client-go
//! asks where a kubeconfig has no `proxy-url`.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// The variables that name a proxy, by the scheme of the server; what is written small counts where the other is not set.
const VARIABLES: [(&str, [&str; 2]); 2] =
    [("https", ["HTTPS_PROXY", "https_proxy"]), ("http", ["HTTP_PROXY", "http_proxy"])];

/// The proxy for `server`, where there is one: `own` is the cluster's `proxy-url`, `variable` looks an environment variable up.
///
/// # Errors
/// The variable or field that holds no URL, and the text that it holds.
pub(super) fn of(
    server: &Uri,
    own: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Uri>, String> {
    if let Some(own) = own.filter(|own| !own.is_empty()) {
        return parse("proxy-url", own).map(Some);
    }
    let host = server.host().unwrap_or_default();
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let either =
        |names: &[&'static str; 2]| names.iter().find_map(|name| Some((*name, set(name)?)));
    let names = VARIABLES.iter().find(|(scheme, _)| server.scheme_str() == Some(scheme));
    let Some((name, proxy)) = names.and_then(|(_, names)| either(names)) else { return Ok(None) };
    let exceptions = either(&["NO_PROXY", "no_proxy"]).map(|(_, list)| list).unwrap_or_default();
    // The matcher decides by the exceptions alone: which proxy it is, kube learns from the URL itself, with its user and password.
    let anywhere = "http://proxy.invalid";
    let matcher = Matcher::builder().all(anywhere).no(exceptions).build();
    if is_this_machine(host) || matcher.intercept(server).is_none() {
        return Ok(None);
    }
    parse(name, &proxy).map(Some)
}

/// Parses a proxy's URL as client-go does: without a scheme it is an HTTP proxy. kube calls SOCKS5 with names resolved by the proxy
/// `socks5`, curl and others `socks5h`.
fn parse(name: &str, text: &str) -> Result<Uri, String> {
    let text = match text.split_once("://") {
        None => format!("http://{text}"),
        Some(("socks5h", rest)) => format!("socks5://{rest}"),
        Some(_) => text.to_owned(),
    };
    let uri = text.parse::<Uri>().ok().filter(|uri| uri.host().is_some());
    uri.ok_or_else(|| format!("{name} holds no URL of a proxy: {}", shown(&text)))
}

/// The proxy as it may be shown: without its user and password.
pub(super) fn shown(proxy: &str) -> String {
    match (proxy.split_once("://"), proxy.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => proxy.to_owned(),
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(server: &str, own: Option<&str>, variables: &[(&str, &str)]) -> Option<String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(it, _)| *it == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let proxy = of(&server.parse().expect("a server"), own, variable).expect("a proxy or none");
        proxy.map(|uri| uri.to_string())
    }

    #[test]
    fn the_proxy_is_that_of_client_go() {
        let https = ("HTTPS_PROXY", "http://proxy:3128");
        let by = |server: &str, exceptions: &str| {
            chosen(server, None, &[https, ("NO_PROXY", exceptions)]).is_some()
        };
        for (server, exceptions, is_used) in [
            ("https://api.example.com:6443", "", true),
            ("https://api.example.com:6443", "example.org", true),
            ("https://api.example.com:6443", "api.example.com", false),
            ("https://api.example.com:6443", ".example.com", false),
            ("https://api.example.com:6443", "localhost, example.com", false),
            ("https://api.example.com:6443", "*", false),
            ("https://10.1.2.3:6443", "10.1.2.3", false),
            ("https://10.1.2.3:6443", "10.0.0.0/8", false),
            ("https://11.1.2.3:6443", "10.0.0.0/8", true),
            ("https://[fd00::1]:6443", "fd00::/8", false),
            ("https://127.0.0.1:6443", "", false),
            ("https://[::1]:6443", "", false),
            ("https://localhost:6443", "", false),
            ("http://api.example.com", "", false),
        ] {
            assert_eq!(by(server, exceptions), is_used, "{server} with NO_PROXY={exceptions}");
        }
    }

    #[test]
    fn the_kubeconfigs_own_proxy_is_always_used() {
        let variables = [("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", "*")];
        for server in ["https://api.example.com", "https://127.0.0.1:6443"] {
            let proxy = chosen(server, Some("socks5h://bastion:1080"), &variables);
            assert_eq!(proxy.as_deref(), Some("socks5://bastion:1080/"));
        }
        let small = chosen("http://api", None, &[("HTTP_PROXY", ""), ("http_proxy", "proxy:8080")]);
        assert_eq!(small.as_deref(), Some("http://proxy:8080/"));
    }

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(shown("http://user:p@ss@proxy:3128/"), "http://proxy:3128/");
        assert_eq!(shown("socks5://proxy:1080/"), "socks5://proxy:1080/");
        let error = of(&"https://a".parse().expect("a server"), Some("http://u:secret@"), |_| None);
        let error = error.expect_err("no host");
        assert!(
            error.starts_with("proxy-url holds no URL of a proxy") && !error.contains("secret")
        );
    }
}
