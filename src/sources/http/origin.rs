//! The one place that a source's credentials may go to.

use std::sync::Arc;

use url::{Host, Url};

use crate::sources::error::SourceError;

/// Scheme, host and port, and the path in front of all paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    base: Url,
    /// More hosts of the same vendor, and those below them, to which its own links may lead.
    hosts: Arc<[String]>,
    /// Whether one host that the configuration names stands in for all of the vendor's.
    stands_in: bool,
}

impl Origin {
    /// Takes a URL that credentials may be sent to: https, or plain http on this machine alone.
    pub(super) fn new(
        source_name: &str,
        what: &'static str,
        text: &str,
    ) -> Result<Self, SourceError> {
        let bad = |reason: &str| SourceError::BadUrl {
            source_name: source_name.to_owned(),
            what,
            url: text.split(['?', '#']).next().unwrap_or_default().to_owned(),
            reason: reason.to_owned(),
        };
        let base = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
        // Told without the URL, which would have the password in it.
        if !base.username().is_empty() || base.password().is_some() {
            return Err(SourceError::BadUrl {
                source_name: source_name.to_owned(),
                what,
                url: base.host_str().unwrap_or_default().to_owned(),
                reason: "a user or password in a URL ends up in logs".to_owned(),
            });
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(bad("it has a query"));
        }
        let origin = Self {
            base,
            hosts: Arc::default(),
            stands_in: false,
        };
        match origin.base.scheme() {
            "https" => Ok(origin),
            "http" if origin.is_loopback() => Ok(origin),
            "http" => Err(bad("plain http is accepted for this machine only")),
            _ => Err(bad("it is no https URL")),
        }
    }

    /// The same place, with the vendor's further hosts. Where it stands in for all of them, what
    /// lies on them is asked for here.
    pub(super) fn with_hosts(self, hosts: Vec<String>, stands_in: bool) -> Self {
        Self {
            base: self.base,
            hosts: hosts.into(),
            stands_in,
        }
    }

    /// Scheme, host, port and path, as they stand.
    pub(super) fn text(&self) -> &str {
        self.base.as_str()
    }

    /// Scheme, host and port alone.
    pub(super) fn scheme_and_host(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// The place that the vendor itself names for this customer: on one of the connector's own
    /// hosts, or below one. A path that it lacks stays the present one.
    pub(super) fn moved_to(
        &self,
        source_name: &str,
        text: &str,
        hosts: &[String],
    ) -> Result<Self, SourceError> {
        let mut url = self.on_known_host(source_name, text, hosts)?;
        if url.path().trim_matches('/').is_empty() {
            url.set_path(self.base.path());
        }
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self {
            base: url,
            ..self.clone()
        })
    }

    /// A URL that the vendor names on one of the connector's own hosts, or below one.
    fn on_known_host(
        &self,
        source_name: &str,
        text: &str,
        hosts: &[String],
    ) -> Result<Url, SourceError> {
        let foreign = |target: String| SourceError::ForeignLink {
            source_name: source_name.to_owned(),
            target,
            origin: self.base.origin().ascii_serialization(),
        };
        let url = Url::parse(text).map_err(|_| foreign("no URL".to_owned()))?;
        if !is_on(&url, hosts) {
            return Err(foreign(target_of(&url)));
        }
        Ok(url)
    }

    /// The URL of a file that lies elsewhere: on one of these hosts, or below one; on the
    /// overridden host, where one stands in for all of a vendor's.
    pub(super) fn file_at(
        &self,
        source_name: &str,
        text: &str,
        hosts: &[String],
        is_overridden: bool,
    ) -> Result<Url, SourceError> {
        if !is_overridden {
            return self.on_known_host(source_name, text, hosts);
        }
        let mut url = self.with_path_of(text).base;
        let query = text.split_once('?').map(|(_, query)| query);
        url.set_query(query);
        Ok(url)
    }

    /// The URL of a job that the vendor names in an answer: on the same host, or on the overridden
    /// one in its place.
    pub(super) fn job_at(
        &self,
        source_name: &str,
        present: &Url,
        text: &str,
        is_overridden: bool,
    ) -> Result<Url, SourceError> {
        match self.follow(source_name, present, text) {
            Err(_) if is_overridden => self.file_at(source_name, text, &[], true),
            followed => followed,
        }
    }

    /// The same host, with the path of a place that the vendor names behind the own path: one
    /// overridden host stands in for all of a vendor's.
    pub(super) fn with_path_of(&self, text: &str) -> Self {
        let Ok(other) = self.base.join(text) else {
            return self.clone();
        };
        let mut base = self.base.clone();
        if other.origin() == base.origin() {
            base.set_path(other.path());
        } else {
            let path = self.join(other.path());
            base.set_path(path.path());
        }
        Self {
            base,
            ..self.clone()
        }
    }

    /// Whether it is this machine.
    pub(super) fn is_loopback(&self) -> bool {
        match self.base.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// A path under the base.
    pub(super) fn join(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let front = self.base.path().trim_end_matches('/');
        url.set_path(&format!("{front}/{}", path.trim_start_matches('/')));
        url
    }

    /// A next page's URL, absolute or relative to the present one; an error when it leaves the
    /// origin, since credentials would go with it.
    pub(super) fn follow(
        &self,
        source_name: &str,
        present: &Url,
        next: &str,
    ) -> Result<Url, SourceError> {
        let foreign = |target: String| SourceError::ForeignLink {
            source_name: source_name.to_owned(),
            target,
            origin: self.base.origin().ascii_serialization(),
        };
        let front = self.base.path().trim_end_matches('/');
        let is_below_host = next.starts_with('/') && !next.starts_with("//");
        // The vendor does not know of the path that stands in front of all of its own.
        let next = if is_below_host && !next.starts_with(front) {
            format!("{front}{next}")
        } else {
            next.to_owned()
        };
        let url = present
            .join(&next)
            .map_err(|_| foreign("no URL".to_owned()))?;
        self.reached(&url).ok_or_else(|| foreign(target_of(&url)))
    }

    /// A place that a vendor's answer leads to, where it is the vendor's own: this origin, or one of
    /// its further hosts, which a host that stands in for all answers for.
    pub(super) fn reached(&self, url: &Url) -> Option<Url> {
        if url.origin() == self.base.origin() {
            return is_plain(url).then(|| url.clone());
        }
        if !is_on(url, &self.hosts) {
            return None;
        }
        if !self.stands_in {
            return Some(url.clone());
        }
        let mut here = self.join(url.path());
        here.set_query(url.query());
        Some(here)
    }
}

/// Whether a URL has no user in it.
fn is_plain(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

/// Whether a URL lies on one of these hosts, or below one, and is as safe as an origin must be.
fn is_on(url: &Url, hosts: &[String]) -> bool {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    let is_known = hosts.iter().any(|known| {
        let above = host.strip_suffix(known.as_str());
        above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    });
    url.scheme() == "https" && url.port().is_none() && is_known && is_plain(url)
}

/// Where a URL leads, without path and query, which may hold anything.
pub(super) fn target_of(url: &Url) -> String {
    match url.host_str() {
        Some(host) => match url.port() {
            Some(port) => format!("{}://{host}:{port}", url.scheme()),
            None => format!("{}://{host}", url.scheme()),
        },
        None => format!("{}:", url.scheme()),
    }
}

/// The host of a URL.
pub(super) fn host_of(text: &str) -> Option<String> {
    Url::parse(text).ok()?.host_str().map(str::to_owned)
}

/// A URL as it may be shown: without query and fragment.
pub(super) fn shown(url: &Url) -> String {
    let mut plain = url.clone();
    plain.set_query(None);
    plain.set_fragment(None);
    plain.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_are_origins() {
        for good in [
            "https://api.example.com",
            "http://127.0.0.1:18080",
            "http://localhost:1/x",
            "http://[::1]:9",
        ] {
            assert!(Origin::new("s", "base_url", good).is_ok(), "{good}");
        }
        for wrong in [
            "http://api.example.com",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "api",
            "https://user:pw@api.example.com",
            "https://api.example.com?token=x",
            "http://127.0.0.1.evil.example",
        ] {
            let error = Origin::new("s", "base_url", wrong).unwrap_err();
            assert!(!error.to_string().contains("pw"), "{error}");
        }
    }

    #[test]
    fn a_path_in_the_base_stays_in_front() {
        let origin = Origin::new("s", "base_url", "https://h.example/v2/").unwrap();
        assert_eq!(
            origin.join("/customers").as_str(),
            "https://h.example/v2/customers"
        );
    }

    #[test]
    fn a_vendor_may_name_its_own_hosts_only() {
        let origin = Origin::new("s", "base_url", "https://www.zohoapis.com").unwrap();
        let hosts = ["zohoapis.com".to_owned(), "zohoapis.eu".to_owned()];
        let moved = |text: &str| origin.moved_to("s", text, &hosts);
        assert_eq!(
            moved("https://www.zohoapis.eu")
                .unwrap()
                .join("/crm/v8")
                .as_str(),
            "https://www.zohoapis.eu/crm/v8"
        );
        for wrong in [
            "https://zohoapis.com.evil.example",
            "https://evilzohoapis.com",
            "http://www.zohoapis.com",
            "https://www.zohoapis.com:8443",
            "https://u:p@www.zohoapis.com",
            "https://169.254.169.254",
            "file:///etc/passwd",
            "",
        ] {
            assert!(moved(wrong).is_err(), "{wrong}");
        }
        let overridden = Origin::new("s", "base_url", "http://127.0.0.1:9/x").unwrap();
        for (named, expected) in [
            ("https://h.example/api/", "http://127.0.0.1:9/x/api/v1"),
            ("http://127.0.0.1:9/x/api/", "http://127.0.0.1:9/x/api/v1"),
        ] {
            assert_eq!(
                overridden.with_path_of(named).join("/v1").as_str(),
                expected
            );
        }
    }

    #[test]
    fn further_hosts_of_the_vendor_are_reached_or_stood_in_for() {
        // Goal: links may lead to the hosts that a connector lists and nowhere else, and one host
        // of the configuration stands in for all. Method: the same links on both ways.
        let hosts = || vec!["vendor.example".to_owned()];
        let real = Origin::new("s", "base_url", "https://api.vendor.example/v1").unwrap();
        let real = real.with_hosts(hosts(), false);
        let standing = Origin::new("s", "base_url", "http://127.0.0.1:9/front").unwrap();
        let standing = standing.with_hosts(hosts(), true);
        let here = real.join("/a");
        let link = "https://eu.vendor.example/v1/a?page=2";
        assert_eq!(real.follow("s", &here, link).unwrap().as_str(), link);
        assert_eq!(
            standing
                .follow("s", &standing.join("/a"), link)
                .unwrap()
                .as_str(),
            "http://127.0.0.1:9/front/v1/a?page=2"
        );
        for wrong in [
            "https://vendor.example.evil.example/a",
            "https://evilvendor.example/a",
            "http://eu.vendor.example/a",
            "https://eu.vendor.example:8443/a",
            "https://u:p@eu.vendor.example/a",
            "https://169.254.169.254/latest",
            "file:///etc/passwd",
            "gopher://eu.vendor.example/a",
        ] {
            for origin in [&real, &standing] {
                let here = origin.join("/a");
                assert!(origin.follow("s", &here, wrong).is_err(), "{wrong}");
            }
        }
    }

    #[test]
    fn next_links_stay_at_home() {
        let origin = Origin::new("s", "base_url", "https://h.example").unwrap();
        let here = origin.join("/a/b?x=1");
        for (next, expected) in [
            ("/c?page=2", "https://h.example/c?page=2"),
            ("?page=2", "https://h.example/a/b%3Fx=1?page=2"),
            ("https://h.example/d", "https://h.example/d"),
        ] {
            assert_eq!(origin.follow("s", &here, next).unwrap().as_str(), expected);
        }
        for wrong in [
            "https://evil.example/d",
            "http://h.example/d",
            "https://h.example:444/d",
            "//evil.example/",
            "file:///etc/passwd",
            "https://h.example@evil.example/",
            "https://u:p@h.example/d",
            "http://169.254.169.254/latest",
        ] {
            assert!(origin.follow("s", &here, wrong).is_err(), "{wrong}");
        }
    }
}
