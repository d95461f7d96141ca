//! Where webhooks may go: not into the network that the server stands in. Part of `pager`: floor 2.
//!
//! Whoever may add a webhook could otherwise make the server call what only it can reach (server-side
//! request forgery). The address is judged when the connection is made, after the name was resolved, so
//! that a name that resolves to another address the second time gains nothing.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Why a connection was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address is not a public one")]
pub struct NotPublic;

impl NotPublic {
    /// Whether this is why a request failed.
    #[must_use]
    pub fn is_cause_of(error: &(dyn Error + 'static)) -> bool {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if error.is::<Self>() {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// Whether anybody on the internet could reach this address: not private, not of this machine or link,
/// not set aside (IANA's special-purpose address registries, RFC 6890).
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    // This network · shared (RFC 6598) · protocol assignments and 6to4 relays · benchmarks · reserved.
    let set_aside = matches!(
        (a, b, c),
        (0 | 240.., ..) | (100, 64..=127, _) | (192, 0, 0) | (192, 88, 99) | (198, 18..=19, _)
    );
    let of_here = address.is_private() || address.is_loopback() || address.is_link_local();
    let of_nobody = address.is_documentation() || address.is_multicast() || address.is_broadcast();
    !(set_aside || of_here || of_nobody)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let [first, second, ..] = segments;
    // An IPv4 address in IPv6 clothes is judged as what it is.
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        // mapped, translated (RFC 6052), 6to4
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            inner(high, low)
        }
        [0x2002, high, low, ..] => inner(high, low),
        // Global unicast but for protocol assignments (Teredo among them) and documentation.
        _ => {
            let documentation =
                (first == 0x2001 && second == 0xdb8) || (first == 0x3fff && second < 0x1000);
            (0x2000..=0x3fff).contains(&first)
                && !(first == 0x2001 && second < 0x200)
                && !documentation
        }
    }
}

/// Whether a URL may be called as far as it can be told without asking for the name: web, without
/// credentials in it, and encrypted and not an address of this network, unless those are allowed.
///
/// # Errors
/// What is wrong with it, as half of a sentence.
pub fn check_url(url: &str, allow_private: bool) -> Result<Url, &'static str> {
    let url = Url::parse(url).map_err(|_| "this is not a web address")?;
    let encrypted = url.scheme() == "https";
    if !encrypted && url.scheme() != "http" {
        return Err("this is not a web address");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "it holds a user name or a password, which would be shown to whoever sees the address",
        );
    }
    if allow_private {
        return Ok(url);
    }
    if !encrypted {
        return Err("it is not https: anybody on the way could read it");
    }
    let public = match url.host() {
        Some(Host::Ipv4(address)) => is_public_v4(address),
        Some(Host::Ipv6(address)) => is_public_v6(address),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name != "localhost" && !name.ends_with(".localhost")
        }
        None => false,
    };
    if public {
        Ok(url)
    } else {
        Err("it leads into the server's own network")
    }
}

/// Resolves names to public addresses only.
#[derive(Clone, Copy, Debug)]
pub struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            Ok::<Addrs, _>(Box::new(public.into_iter()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_network_are_not_public() {
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2002:0a00:0001::1",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "8.8.8.8",
            "223.255.255.254",
            "2606:4700::1111",
            "2a00:1450::1",
            "64:ff9b::8.8.8.8",
            "2002:0808:0808::1",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_url_is_judged_before_anything_is_asked() {
        for url in ["https://hooks.example.org/T1/B1", "https://1.1.1.1/x"] {
            check_url(url, false).unwrap();
        }
        for (url, why) in [
            ("hooks.example.org", "not a web address"),
            ("ftp://hooks.example.org/", "not a web address"),
            ("http://hooks.example.org/", "not https"),
            ("https://user:secret@hooks.example.org/", "password"),
            ("https://localhost/", "own network"),
            ("https://a.localhost./", "own network"),
            ("https://127.1/", "own network"),
            ("https://0x7f000001/", "own network"),
            ("https://[::1]/", "own network"),
            ("https://192.168.0.10:9093/", "own network"),
            ("https://0/", "own network"),
            ("https://0.0.0.0/", "own network"),
            ("https://2130706433/", "own network"),
            ("https://017700000001/", "own network"),
            ("https://169.254.169.254/latest/meta-data", "own network"),
            ("https://[::ffff:127.0.0.1]/", "own network"),
            ("https://[::ffff:a9fe:a9fe]/", "own network"),
            ("https://[64:ff9b::7f00:1]/", "own network"),
            ("https://[2002:7f00:1::]/", "own network"),
            ("https://[fe80::1]/", "own network"),
            ("https://[fd00:ec2::254]/", "own network"),
        ] {
            let refused = check_url(url, false).unwrap_err();
            assert!(refused.contains(why), "{url}: {refused}");
        }
        for url in [
            "http://192.168.0.10:9093/",
            "http://localhost/x",
            "https://[::1]/",
        ] {
            check_url(url, true).unwrap();
        }
        check_url("https://user@localhost/", true).unwrap_err();
    }

    #[tokio::test]
    async fn a_name_of_this_network_is_not_called() {
        let here = PublicOnly.resolve("localhost".parse().unwrap()).await;
        assert!(here.is_err_and(|error| NotPublic::is_cause_of(&*error)));
        let listens = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/", listens.local_addr().unwrap().port());
        let limit = std::time::Duration::from_secs(5);
        let client = crate::gateway::client::guarded_client(limit, PublicOnly).unwrap();
        let refused = client.get(url).send().await.unwrap_err();
        assert!(NotPublic::is_cause_of(&refused), "{refused:?}");
    }

    #[test]
    fn the_cause_is_found_however_deep_it_is() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] NotPublic);
        assert!(NotPublic::is_cause_of(&Outer(NotPublic)));
        assert!(!NotPublic::is_cause_of(&std::fmt::Error));
    }
}
