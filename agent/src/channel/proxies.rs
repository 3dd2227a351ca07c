//! Which HTTP proxy leads to a server.

use microstack::http::{Proxy, percent_decode};
use microstack::wire::{Msh, ServerUrl};

/// The proxy in use, if any, and the hosts that are reached without it.
#[derive(Debug, Default)]
pub struct Proxies {
    proxy: Option<Proxy>,
    source: &'static str,
    direct: Vec<String>,
}

impl Proxies {
    /// Takes `WebProxy` of the `.msh` file (unless `ignoreProxyFile` is set), else `HTTPS_PROXY` of the environment
    /// with `NO_PROXY`.
    pub fn find(msh: &Msh, environment: impl Fn(&str) -> Option<String>) -> Proxies {
        let from_file = msh.get("WebProxy").filter(|_| msh.get("ignoreProxyFile").is_none());
        let variable = |upper: &str| environment(&upper.to_lowercase()).or_else(|| environment(upper));
        let (text, source) = match from_file {
            Some(text) => (text.to_owned(), "WebProxy in the .msh file"),
            None => match variable("HTTPS_PROXY").filter(|text| !text.is_empty()) {
                Some(text) => (text, "HTTPS_PROXY"),
                None => return Proxies::default(),
            },
        };
        let Some(proxy) = parse(&text) else {
            tracing::warn!("the proxy in {source} is not http://[user:password@]host:port; going without");
            return Proxies::default();
        };
        let direct = variable("NO_PROXY").unwrap_or_default();
        let direct = direct.split(',').map(|host| host.trim().to_lowercase()).filter(|host| !host.is_empty());
        Proxies { proxy: Some(proxy), source, direct: direct.collect() }
    }

    /// The proxy for this host. This machine itself is never asked for through one.
    pub fn for_host(&self, host: &str) -> Option<Proxy> {
        let local = host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        let direct = |pattern: &String| {
            let suffix = pattern.trim_start_matches('*').trim_start_matches('.');
            pattern == "*"
                || host == suffix
                || host.strip_suffix(suffix).is_some_and(|head| head.ends_with('.'))
        };
        self.proxy.clone().filter(|_| !local && !self.direct.iter().any(direct))
    }

    /// Which proxy is used and why, for the log; `None` without one.
    pub fn describe(&self) -> Option<String> {
        let proxy = self.proxy.as_ref()?;
        Some(format!("using the proxy {}:{} from {}", proxy.host, proxy.port, self.source))
    }
}

fn parse(text: &str) -> Option<Proxy> {
    let rest = match text.split_once("://") {
        Some(("http", rest)) => rest,
        Some(_) => return None,
        None => text,
    };
    let rest = rest.trim_end_matches('/');
    let (credentials, place) = match rest.rsplit_once('@') {
        Some((credentials, place)) => {
            let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
            (Some((percent_decode(user, false), percent_decode(password, false))), place)
        }
        None => (None, rest),
    };
    // The reader of server addresses knows hosts, IPv6 and ports.
    let url = ServerUrl::parse_allowing_plain(&format!("http://{place}/")).ok()?;
    Some(Proxy { host: url.host, port: url.port, credentials })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(msh: &str, environment: &[(&str, &str)]) -> Proxies {
        let msh = Msh::parse(format!("A=b\n{msh}").as_bytes()).unwrap();
        Proxies::find(&msh, |name| {
            environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_file_comes_before_the_environment() {
        let environment = [("HTTPS_PROXY", "http://env:1"), ("NO_PROXY", "inner.lan,.example.org")];
        let proxy = find("WebProxy=http://u:p%40w@file:3128", &environment).for_host("h").unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("file", 3128));
        assert_eq!(proxy.credentials, Some(("u".into(), "p@w".into())));
        let proxies = find("", &environment);
        assert_eq!(proxies.for_host("h").unwrap().host, "env");
        assert!(proxies.describe().unwrap().contains("HTTPS_PROXY"));
        for host in
            ["inner.lan", "a.inner.lan", "example.org", "x.example.org", "localhost", "127.0.0.1", "::1"]
        {
            assert_eq!(proxies.for_host(host), None, "{host}");
        }
        assert!(proxies.for_host("notexample.org").is_some());
    }

    #[test]
    fn what_is_no_proxy_is_left_out() {
        assert_eq!(find("WebProxy=ftp://x", &[]).for_host("h"), None);
        assert_eq!(find("", &[]).for_host("h"), None);
        assert_eq!(find("WebProxy=http://x\nignoreProxyFile=1", &[]).for_host("h"), None);
    }
}
