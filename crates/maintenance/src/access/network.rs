//! Sets of addresses, written as networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::{IpNetwork, Ipv4Network, Ipv6Network};

/// All addresses of IPv4 and of IPv6.
pub(crate) fn everything() -> [IpNetwork; 2] {
    [
        host_bits_gone(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
        host_bits_gone(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0),
    ]
}

/// The addresses by which a machine speaks to itself.
pub(crate) fn loopback() -> [IpNetwork; 2] {
    [host_bits_gone(IpAddr::V4(Ipv4Addr::LOCALHOST), 8), host_bits_gone(IpAddr::V6(Ipv6Addr::LOCALHOST), 128)]
}

/// The network that the address is in. More bits than an address has are all of them.
pub(crate) fn host_bits_gone(address: IpAddr, prefix: u8) -> IpNetwork {
    match address {
        IpAddr::V4(address) => {
            let prefix = prefix.min(32);
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpNetwork::V4(
                Ipv4Network::new_checked(Ipv4Addr::from_bits(address.to_bits() & mask), prefix)
                    .unwrap_or(Ipv4Network::from(address)),
            )
        }
        IpAddr::V6(address) => {
            let prefix = prefix.min(128);
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpNetwork::V6(
                Ipv6Network::new_checked(Ipv6Addr::from_bits(address.to_bits() & mask), prefix)
                    .unwrap_or(Ipv6Network::from(address)),
            )
        }
    }
}

/// Whether all addresses of `inner` are in `outer`.
pub(crate) fn contains(outer: IpNetwork, inner: IpNetwork) -> bool {
    outer.is_ipv4() == inner.is_ipv4() && outer.prefix() <= inner.prefix() && outer.contains(inner.network())
}

/// Whether each address of `network` is in one of `set`.
pub(crate) fn covers(set: &[IpNetwork], network: IpNetwork) -> bool {
    if set.iter().any(|it| contains(*it, network)) {
        return true;
    }
    let inside: Vec<IpNetwork> = set.iter().copied().filter(|it| contains(network, *it)).collect();
    !inside.is_empty() && halves(network).into_iter().all(|half| covers(&inside, half))
}

/// The two halves of a network that is larger than one address.
fn halves(network: IpNetwork) -> [IpNetwork; 2] {
    let prefix = network.prefix() + 1;
    let upper = match network.network() {
        IpAddr::V4(address) => IpAddr::V4((address.to_bits() | 1 << (32 - u32::from(prefix))).into()),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() | 1 << (128 - u32::from(prefix))).into()),
    };
    [host_bits_gone(network.network(), prefix), host_bits_gone(upper, prefix)]
}

/// The same addresses by the fewest of these networks: without what is in another one, in order.
pub(crate) fn simplified(networks: &[IpNetwork]) -> Vec<IpNetwork> {
    let mut all: Vec<IpNetwork> = networks.iter().map(|it| host_bits_gone(it.ip(), it.prefix())).collect();
    all.sort_by_key(|it| (it.is_ipv6(), it.network(), it.prefix()));
    all.dedup();
    let whole = all.clone();
    all.retain(|network| !whole.iter().any(|other| other != network && contains(*other, *network)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(text: &str) -> Vec<IpNetwork> {
        text.split(' ').map(|it| it.parse().unwrap()).collect()
    }

    #[test]
    fn a_network_is_covered_by_its_parts_and_not_by_most_of_them() {
        let all = everything();
        assert!(covers(&networks("0.0.0.0/1 128.0.0.0/1"), all[0]));
        assert!(!covers(&networks("0.0.0.0/1 128.0.0.0/2"), all[0]));
        assert!(!covers(&networks("0.0.0.0/0"), all[1]));
        assert!(covers(&networks("::/1 8000::/1"), all[1]));
        assert!(covers(&networks("10.0.0.0/8"), "10.1.2.3/32".parse().unwrap()));
        assert!(!covers(&[], "10.1.2.3/32".parse().unwrap()));
        let parts = networks("10.0.0.0/9 10.128.0.0/10 10.192.0.0/11 10.224.0.0/11");
        assert!(covers(&parts, "10.0.0.0/8".parse().unwrap()));
        assert!(!covers(&parts[1..], "10.0.0.0/8".parse().unwrap()));
        assert!(!covers(&networks("10.0.0.1/32"), "10.0.0.0/31".parse().unwrap()));
        assert!(covers(&networks("10.0.0.1/32 10.0.0.0/32"), "10.0.0.0/31".parse().unwrap()));
    }

    #[test]
    fn networks_are_told_once_and_without_the_bits_of_a_host() {
        let all = networks("10.1.2.3/8 10.7.0.0/16 192.0.2.7/32 ::1/128 192.0.2.7/32 10.0.0.0/8");
        let told: Vec<String> = simplified(&all).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["10.0.0.0/8", "192.0.2.7/32", "::1/128"]);
    }
}
