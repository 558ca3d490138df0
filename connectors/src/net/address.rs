//! Which addresses are on the public internet, after the registries of special-purpose addresses that IANA
//! keeps (RFC 6890 and what came after it).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Which addresses a request may reach.
pub(super) type Reach = fn(IpAddr) -> bool;

/// Also private ones, where whoever runs the program says so.
pub(super) fn is_any(_: IpAddr) -> bool {
    true
}

/// Whether anybody on the internet may reach this address, so that we may as well.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// The address that a URL names without a resolver's help. `url` has already turned the odd forms (decimal,
/// octal, hexadecimal, shortened) into plain ones.
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
        Host::Domain(_) => None,
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // This network, private, loopback, link-local.
        [0 | 10 | 127, ..] | [169, 254, ..] | [192, 168, ..] => true,
        [172, second, ..] => (16..32).contains(&second),
        // Shared by carriers (CGNAT).
        [100, second, ..] => (64..128).contains(&second),
        // Protocol assignments, documentation, 6to4 relays, benchmarks.
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] => true,
        [198, 51, 100, _] | [203, 0, 113, _] => true,
        // Multicast, reserved, broadcast.
        [224..=255, ..] => true,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // NAT64 (RFC 6052): as public as the IPv4 address inside it.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Teredo, benchmarks, ORCHID and the rest of the protocol assignments; documentation; 6to4.
        [0x2001, 0..0x200, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..0x1000, ..] => false,
        // Global unicast. All else is not: loopback, IPv4-mapped and -compatible, unique-local, link-local,
        // multicast.
        [0x2000..0x4000, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::public("8.8.8.8", true)]
    #[case::public("172.32.0.1", true)]
    #[case::public("100.128.0.1", true)]
    #[case::public("2606:4700::1111", true)]
    #[case::public("2001:4860:4860::8888", true)]
    #[case::nat64_of_public("64:ff9b::808:808", true)]
    #[case::unspecified("0.0.0.0", false)]
    #[case::this_network("0.1.2.3", false)]
    #[case::private("10.1.2.3", false)]
    #[case::private("172.16.0.1", false)]
    #[case::private("172.31.255.255", false)]
    #[case::private("192.168.1.1", false)]
    #[case::loopback("127.0.0.1", false)]
    #[case::loopback("127.255.255.254", false)]
    #[case::link_local_metadata("169.254.169.254", false)]
    #[case::cgnat("100.64.0.1", false)]
    #[case::protocol("192.0.0.1", false)]
    #[case::documentation("192.0.2.1", false)]
    #[case::documentation("198.51.100.1", false)]
    #[case::documentation("203.0.113.1", false)]
    #[case::relay("192.88.99.1", false)]
    #[case::benchmark("198.19.0.1", false)]
    #[case::multicast("224.0.0.1", false)]
    #[case::reserved("250.0.0.1", false)]
    #[case::broadcast("255.255.255.255", false)]
    #[case::unspecified("::", false)]
    #[case::loopback("::1", false)]
    #[case::mapped("::ffff:127.0.0.1", false)]
    #[case::mapped_public("::ffff:8.8.8.8", false)]
    #[case::compatible("::127.0.0.1", false)]
    #[case::nat64_of_private("64:ff9b::a00:1", false)]
    #[case::nat64_local("64:ff9b:1::1", false)]
    #[case::discard("100::1", false)]
    #[case::teredo("2001::1", false)]
    #[case::orchid("2001:20::1", false)]
    #[case::documentation("2001:db8::1", false)]
    #[case::documentation("3fff::1", false)]
    #[case::six_to_four("2002:7f00:1::1", false)]
    #[case::unique_local("fd12:3456::1", false)]
    #[case::link_local("fe80::1", false)]
    #[case::site_local("fec0::1", false)]
    #[case::multicast("ff02::1", false)]
    fn only_what_the_whole_internet_can_reach_is_public(#[case] address: IpAddr, #[case] public: bool) {
        assert_eq!(is_public(address), public, "{address}");
    }

    #[rstest]
    #[case("http://2130706433/")]
    #[case("http://0x7f.1/")]
    #[case("http://0177.0.0.1/")]
    #[case("http://127.1/")]
    #[case("http://127.0.0.1./")]
    #[case("http://[::ffff:127.0.0.1]/")]
    #[case("http://[::ffff:7f00:1]/")]
    #[case("http://[0:0:0:0:0:0:0:1]/")]
    #[case("http://①②⑦.0.0.1/")]
    #[case("http://%31%32%37.0.0.1/")]
    fn loopback_is_seen_however_it_is_written(#[case] url: Url) {
        let address = literal(&url).unwrap();
        assert!(!is_public(address), "{url} is {address}");
    }
}
