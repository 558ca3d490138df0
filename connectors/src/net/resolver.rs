//! Names are resolved here and not by the HTTP client, which then connects to exactly the addresses that were
//! checked: a name that answers differently a moment later (DNS rebinding) gains nothing.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::Reach;

/// The name has addresses, and none of them is public. Found again in the chain of a request's error.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no public address")]
pub(super) struct NotPublic;

/// The name is not known.
#[derive(Debug, thiserror::Error)]
#[error("the name is not known")]
pub(super) struct UnknownName;

pub(super) struct Resolver {
    pub(super) reach: Reach,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| UnknownName)?.collect();
            let addresses = allowed(found, reach)?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn allowed(
    found: Vec<SocketAddr>,
    reach: Reach,
) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
    if found.is_empty() {
        return Err(UnknownName.into());
    }
    let addresses: Vec<SocketAddr> = found.into_iter().filter(|socket| reach(socket.ip())).collect();
    if addresses.is_empty() { Err(NotPublic.into()) } else { Ok(addresses) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::net::address::{is_any, is_public};

    fn sockets(addresses: &[&str]) -> Vec<SocketAddr> {
        addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect()
    }

    #[test]
    fn only_the_public_addresses_of_a_name_are_connected_to() {
        let mixed = sockets(&["127.0.0.1", "8.8.8.8", "fd00::1"]);
        assert_eq!(allowed(mixed.clone(), is_public).unwrap(), sockets(&["8.8.8.8"]));
        assert_eq!(allowed(mixed.clone(), is_any).unwrap(), mixed);
    }

    #[test]
    fn a_name_with_private_addresses_alone_is_refused() {
        assert!(allowed(sockets(&["10.0.0.1", "::1"]), is_public).unwrap_err().is::<NotPublic>());
        assert!(allowed(vec![], is_any).unwrap_err().is::<UnknownName>());
    }
}
