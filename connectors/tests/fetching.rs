//! Requests as they go over the wire: validators, redirects, encodings, limits, and addresses that are refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use rstest::rstest;
use stage_connectors::{Connectors, Document, FetchError, Fetched, Settings};
use stage_domain::source::{Cursor, FailureKind, Network};
use support::{FEED, Piece, Server, answer, fetch, fetch_with, settings};

fn document(fetched: Result<Fetched, FetchError>) -> Document {
    match fetched {
        Ok(Fetched::Document(document)) => document,
        other => panic!("no document: {other:?}"),
    }
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

async fn failure(server: &Server, path: &str) -> (FailureKind, String) {
    let failure = fetch(&format!("{}{path}", server.address)).await.unwrap_err().failure;
    (failure.kind, failure.detail)
}

#[tokio::test]
async fn a_document_comes_with_the_validators_that_the_next_request_sends() {
    let headers =
        "ETag: W/\"v1\"\r\nLast-Modified: Sat, 31 Jul 2004 12:29:29 GMT\r\nCache-Control: max-age=600\r\n";
    let server = Server::start(move |path| match path {
        "/new" => answer("200 OK", headers, FEED),
        _ => answer("304 Not Modified", "", ""),
    })
    .await;
    let connectors = Connectors::new(settings()).unwrap();
    let feed = connectors.of(Network::Feed);
    assert_eq!(feed.network(), Network::Feed);
    let first = document(feed.fetch(&format!("{}/new", server.address), &Cursor::default()).await);
    assert_eq!(first.title.as_deref(), Some("Feed"));
    assert_eq!(first.posts[0].network_id, "1");
    assert_eq!(first.wait, Some(Duration::from_secs(600)));
    assert_eq!(first.cursor.etag.as_deref(), Some("W/\"v1\""));
    assert_eq!(first.cursor.last_modified.as_deref(), Some("Sat, 31 Jul 2004 12:29:29 GMT"));
    let second = feed.fetch(&format!("{}/old", server.address), &first.cursor).await;
    assert_eq!(second, Ok(Fetched::NotModified));

    let requests: Vec<String> =
        server.requests().iter().map(|request| request.to_ascii_lowercase()).collect();
    assert!(!requests[0].contains("if-none-match") && !requests[0].contains("if-modified-since"));
    assert!(requests[0].contains("accept: application/atom+xml"));
    assert!(requests[0].contains("user-agent: stage/"));
    assert!(requests[0].contains("accept-encoding: ") && requests[0].contains("br"));
    assert!(requests[1].contains("if-none-match: w/\"v1\"\r\n"));
    assert!(requests[1].contains("if-modified-since: sat, 31 jul 2004 12:29:29 gmt\r\n"));
    assert!(requests.iter().all(|request| !request.contains("cookie") && !request.contains("referer")));
}

#[tokio::test]
async fn two_fetches_of_one_document_are_equal() {
    let body = include_str!("fixtures/rss-2.0.xml");
    let server = Server::start(move |_| answer("200 OK", "", body)).await;
    let (one, two) = (fetch(&server.address).await, fetch(&server.address).await);
    assert_eq!(document(one.clone()).posts.len(), 3);
    assert_eq!(one, two);
}

#[tokio::test]
async fn redirects_are_followed_and_relative_addresses_belong_to_the_last() {
    let server = Server::start(|path| match path {
        "/a" => answer("301 Moved Permanently", "Location: /b?x=1\r\n", ""),
        "/b?x=1" => answer("302 Found", "Location: c/\r\n", ""),
        "/c/" => answer("307 Temporary Redirect", "Location: //HOST/d/e\r\n", "").into_iter().collect(),
        "/d/feed" => {
            answer("200 OK", "", "<rss><channel><item><title>t</title><link>x</link></item></channel></rss>")
        }
        _ => answer("308 Permanent Redirect", "Location: /d/feed\r\n", ""),
    })
    .await;
    let found = document(fetch(&format!("{}/b?x=1", server.address).replace("/b?x=1", "/d/e")).await);
    let link = found.posts[0].content.permalink.clone().unwrap();
    assert_eq!(link.as_str(), format!("{}/d/x", server.address));
    let (kind, _) = failure(&server, "/a").await;
    assert_eq!(kind, FailureKind::Unreachable, "the last host does not exist");
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn a_redirect_without_end_is_refused() {
    let server = Server::start(|_| answer("302 Found", "Location: /again?secret=1\r\n", "")).await;
    let (kind, detail) = failure(&server, "/").await;
    assert_eq!((kind, detail.as_str()), (FailureKind::Refused, "127.0.0.1 redirects more than 5 times."));
    assert_eq!(server.requests().len(), 6);
}

#[rstest]
#[case("file:///etc/passwd")]
#[case("gopher://127.0.0.1/")]
#[case("javascript:alert(1)")]
#[tokio::test]
async fn a_redirect_leads_nowhere_but_to_the_web(#[case] to: &'static str) {
    let server = Server::start(move |_| answer("302 Found", &format!("Location: {to}\r\n"), FEED)).await;
    assert_eq!(failure(&server, "/").await.0, FailureKind::Refused);
}

#[tokio::test]
async fn a_password_in_a_redirect_is_not_sent() {
    let server = Server::start(|path| match path {
        "/" => answer("302 Found", "Location: //me:secret@127.0.0.1:PORT/x\r\n", ""),
        _ => answer("200 OK", "", FEED),
    })
    .await;
    let port = server.address.rsplit(':').next().unwrap().to_owned();
    let other = Server::start(move |_| {
        answer("302 Found", &format!("Location: http://me:secret@127.0.0.1:{port}/x\r\n"), "")
    })
    .await;
    document(fetch(&other.address).await);
    let request = server.requests().remove(0).to_ascii_lowercase();
    assert!(!request.contains("authorization"), "{request}");
}

#[rstest]
#[case::gzip(
    "gzip",
    "1f8b0800000000000203b3292a2eb6b349ce48cccb4bcdb1b329c92cc949b5734b4d4db1d187b06d324b5273ed6cd24b3353ec0c6df4c1345459407e71095c993e449d3edc287d90c900f44f5d135f000000"
)]
#[case::brotli(
    "br",
    "1b5e00201c076eac78f62e6a95aa79628ca0826e2c17594b3e8ae0ac9734a79c61201c6425d2c1bedf53962491612f7f4e310ae159d285dbcfe00586906ae2eb1be23e4d4f01"
)]
#[case::deflate(
    "deflate",
    "789cb3292a2eb6b349ce48cccb4bcdb1b329c92cc949b5734b4d4db1d187b06d324b5273ed6cd24b3353ec0c6df4c1345459407e71095c993e449d3edc287d90c90061e921b8"
)]
#[tokio::test]
async fn a_compressed_document_is_read(#[case] encoding: &'static str, #[case] body: &'static str) {
    let headers = format!("Content-Encoding: {encoding}\r\n");
    let server = Server::start(move |_| answer("200 OK", &headers, unhex(body))).await;
    assert_eq!(document(fetch(&server.address).await).posts.len(), 1);
}

#[tokio::test]
async fn characters_follow_the_header() {
    let body = b"<rss><channel><title>Gr\xfc\xdfe f\xfcr 5 \xa4</title></channel></rss>";
    let server =
        Server::start(move |_| answer("200 OK", "Content-Type: text/xml; charset=ISO-8859-15\r\n", body))
            .await;
    assert_eq!(document(fetch(&server.address).await).title.as_deref(), Some("Grüße für 5 €"));
}

#[tokio::test]
async fn a_bomb_is_too_large_after_decompression() {
    // 64 MiB of spaces.
    let bomb = "cfffff7ff82540e2b14020f7fe9ffffffff04b00c4610180eefd3fffffffe1970088c32200ddfbfffcffffc72f0110870500baf7ff";
    let server = Server::start(move |_| answer("200 OK", "Content-Encoding: br\r\n", unhex(bomb))).await;
    let (kind, detail) = failure(&server, "/").await;
    assert_eq!(kind, FailureKind::TooLarge);
    assert_eq!(detail, "The document of 127.0.0.1 is larger than the 8 MiB that we read.");
}

#[tokio::test]
async fn a_document_is_too_large_whether_or_not_its_length_is_told() {
    let small = Settings { max_bytes: 1000, ..settings() };
    let server = Server::start(|path| match path {
        "/told" => vec![Piece::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n".to_vec())],
        _ => vec![
            Piece::Bytes(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec()),
            Piece::Forever(vec![b' '; 100], Duration::ZERO),
        ],
    })
    .await;
    for path in ["/told", "/endless"] {
        let fetched =
            fetch_with(small.clone(), &format!("{}{path}", server.address), &Cursor::default()).await;
        assert_eq!(fetched.unwrap_err().failure.kind, FailureKind::TooLarge, "{path}");
    }
}

#[tokio::test]
async fn a_slow_server_times_out_wherever_it_is_slow() {
    let hasty = Settings { timeout: Duration::from_millis(300), ..settings() };
    let drop = || Piece::Forever(b"<".to_vec(), Duration::from_millis(20));
    let server = Server::start(move |path| match path {
        "/head" => vec![Piece::Wait(Duration::from_secs(60))],
        "/headers" => vec![
            Piece::Bytes(b"HTTP/1.1 200 OK\r\n".to_vec()),
            Piece::Forever(b"A: b\r\n".to_vec(), Duration::from_millis(20)),
        ],
        "/redirects" => {
            let location = answer("302 Found", "Location: /redirects\r\n", "");
            [Piece::Wait(Duration::from_millis(100))].into_iter().chain(location).collect()
        }
        _ => vec![Piece::Bytes(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec()), drop()],
    })
    .await;
    for path in ["/head", "/headers", "/redirects", "/body"] {
        let fetched =
            fetch_with(hasty.clone(), &format!("{}{path}", server.address), &Cursor::default()).await;
        let failure = fetched.unwrap_err().failure;
        assert_eq!(failure.kind, FailureKind::TimedOut, "{path}");
        assert_eq!(failure.detail, "127.0.0.1 took too long to answer.");
    }
}

#[rstest]
#[case("404 Not Found", "", FailureKind::Gone, None)]
#[case("410 Gone", "", FailureKind::Gone, None)]
#[case("401 Unauthorized", "", FailureKind::Refused, None)]
#[case("403 Forbidden", "", FailureKind::Refused, None)]
#[case("418 I'm a teapot", "", FailureKind::Refused, None)]
#[case("500 Internal Server Error", "Retry-After: 9\r\n", FailureKind::Refused, Some(9))]
#[case("503 Service Unavailable", "", FailureKind::Refused, None)]
#[case("503 Service Unavailable", "Retry-After: 120\r\n", FailureKind::RateLimited, Some(120))]
#[case("429 Too Many Requests", "", FailureKind::RateLimited, None)]
#[case("429 Too Many Requests", "Retry-After: 3600\r\n", FailureKind::RateLimited, Some(3600))]
#[case(
    "429 Too Many Requests",
    "Date: Fri, 31 Dec 1999 23:00:00 GMT\r\nRetry-After: Fri, 31 Dec 1999 23:10:00 GMT\r\n",
    FailureKind::RateLimited,
    Some(600)
)]
#[case("300 Multiple Choices", "", FailureKind::Refused, None)]
#[tokio::test]
async fn a_status_is_told_in_a_sentence_without_the_query(
    #[case] status: &'static str,
    #[case] headers: &'static str,
    #[case] kind: FailureKind,
    #[case] retry_after: Option<u64>,
) {
    let server = Server::start(move |_| answer(status, headers, FEED)).await;
    let error = fetch(&format!("{}/path?token=secret", server.address)).await.unwrap_err();
    assert_eq!((error.failure.kind, error.retry_after.map(|wait| wait.as_secs())), (kind, retry_after));
    assert!(
        error.failure.detail.contains(&status[..3]) && !error.failure.detail.contains("secret"),
        "{error}"
    );
}

#[tokio::test]
async fn a_web_page_names_its_feed() {
    let page = "<!doctype html><html><head><link rel=\"alternate\" type=\"application/rss+xml\" href=\"feed.xml\"></head>";
    let server = Server::start(move |_| answer("200 OK", "Content-Type: text/html\r\n", page)).await;
    let (kind, detail) = failure(&server, "/blog/?token=secret").await;
    assert_eq!(kind, FailureKind::NotAFeed);
    assert_eq!(
        detail,
        format!("The address leads to a web page; its feed is at {}/blog/feed.xml", server.address)
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_or_breaks_off_is_unreachable() {
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    let error = fetch(&gone).await.unwrap_err();
    assert_eq!(error.failure.kind, FailureKind::Unreachable);
    assert_eq!(error.failure.detail, "127.0.0.1 does not accept connections.");

    let unknown = fetch("http://no-such-host.invalid/").await.unwrap_err();
    assert_eq!(unknown.failure.kind, FailureKind::Unreachable);
    assert_eq!(unknown.failure.detail, "The name no-such-host.invalid could not be found.");

    let server = Server::start(|path| match path {
        "/half" => vec![Piece::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss>".to_vec())],
        "/gzip" => answer("200 OK", "Content-Encoding: gzip\r\n", "not gzip at all, not in the least"),
        _ => vec![Piece::Bytes(b"no http\r\n\r\n".to_vec())],
    })
    .await;
    for path in ["/half", "/gzip", "/noise"] {
        assert_eq!(failure(&server, path).await.0, FailureKind::Unreachable, "{path}");
    }
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}/", plain.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4096]).await;
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        // Until the other side gives up.
        while matches!(tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4096]).await, Ok(1..)) {}
    });
    let error = fetch(&address).await.unwrap_err();
    assert_eq!(error.failure.kind, FailureKind::Unreachable);
    assert!(
        error.failure.detail.starts_with("A secure connection to 127.0.0.1 could not be made"),
        "{error}"
    );
}

#[rstest]
#[case("http://127.0.0.1:PORT/")]
#[case("http://localhost:PORT/")]
#[case("http://LOCALHOST:PORT/")]
#[case("http://2130706433:PORT/")]
#[case("http://0x7f000001:PORT/")]
#[case("http://0177.0.0.01:PORT/")]
#[case("http://127.1:PORT/")]
#[case("http://0.0.0.0:PORT/")]
#[case("http://[::1]:PORT/")]
#[case("http://[::]:PORT/")]
#[case("http://[::ffff:127.0.0.1]:PORT/")]
#[case("http://[64:ff9b::7f00:1]:PORT/")]
#[case("http://169.254.169.254/latest/meta-data/")]
#[case("http://10.0.0.1/")]
#[case("http://[fd00::1]/")]
#[tokio::test]
async fn no_request_reaches_a_private_address(#[case] address: &str) {
    let server = Server::start(|_| answer("200 OK", "", FEED)).await;
    let port = server.address.rsplit(':').next().unwrap();
    let address = address.replace("PORT", port);
    let fetched = fetch_with(Settings::default(), &address, &Cursor::default()).await;
    let failure = fetched.unwrap_err().failure;
    assert_eq!(failure.kind, FailureKind::ForbiddenAddress, "{address}");
    assert_eq!(failure.detail, "The address, or one that it redirects to, is not on the public internet.");
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn an_address_is_allowed_where_private_ones_are() {
    let server = Server::start(|_| answer("200 OK", "", FEED)).await;
    let port = server.address.rsplit(':').next().unwrap();
    document(fetch(&format!("http://localhost:{port}/")).await);
    document(fetch(&format!("http://2130706433:{port}/")).await);
}
