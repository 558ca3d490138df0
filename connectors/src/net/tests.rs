//! Where a redirect may lead. Here 127.0.0.2 stands for the public internet and the rest of the machine for a
//! private network, so that nothing leaves the machine.

#![allow(clippy::unwrap_used)]

use std::net::IpAddr;

use rstest::rstest;
use stage_domain::source::{Cursor, FailureKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::client::Net;
use crate::Settings;

fn is_second(address: IpAddr) -> bool {
    address == IpAddr::from([127, 0, 0, 2])
}

/// Sends everybody to `location`; its port.
async fn redirecting(location: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let head = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        let _ = stream.write_all(head.as_bytes()).await;
    });
    port
}

#[rstest]
#[case::literal("http://127.0.0.1:PORT/")]
#[case::name("http://localhost:PORT/")]
#[case::decimal("//2130706433:PORT/")]
#[case::mapped("http://[::ffff:127.0.0.2]:PORT/")]
#[case::metadata("http://169.254.169.254/")]
#[tokio::test]
async fn a_redirect_into_a_private_network_is_refused_before_it_connects(#[case] location: &str) {
    let private = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let location = location.replace("PORT", &private.local_addr().unwrap().port().to_string());
    let port = redirecting(location).await;
    let net = Net::reaching(is_second, &Settings::default()).unwrap();
    let answer = net.get(&format!("http://127.0.0.2:{port}/"), "*/*", &Cursor::default()).await;
    let failure = answer.map(|_| ()).unwrap_err().failure;
    assert_eq!(failure.kind, FailureKind::ForbiddenAddress);
    assert!(!failure.detail.contains("127."), "{}", failure.detail);
    let connected = tokio::time::timeout(std::time::Duration::ZERO, private.accept()).await;
    assert!(connected.is_err(), "nobody knocked");
}

#[tokio::test]
async fn a_redirect_within_reach_is_followed() {
    let last = redirecting("gopher://end".into()).await;
    let port = redirecting(format!("http://127.0.0.2:{last}/")).await;
    let net = Net::reaching(is_second, &Settings::default()).unwrap();
    let answer = net.get(&format!("http://127.0.0.2:{port}/"), "*/*", &Cursor::default()).await;
    let failure = answer.map(|_| ()).unwrap_err().failure;
    assert_eq!(failure.kind, FailureKind::Refused, "it came as far as the second redirect");
}
