//! The object store, against a real S3 endpoint in this process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use stage_store::{Object, Objects, ObjectsSettings, StoreError};
use tokio::net::TcpListener;

/// An S3 in a folder that goes when the test ends.
async fn s3() -> (tempfile::TempDir, ObjectsSettings) {
    let dir = tempfile::tempdir().unwrap();
    let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(dir.path()).unwrap());
    service.set_auth(SimpleAuth::from_single("stage", "secret"));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let service = service.clone();
            tokio::spawn(async move {
                let builder = Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    let settings = ObjectsSettings {
        endpoint,
        region: "eu-central-1".into(),
        bucket: "media".into(),
        access_key: "stage".into(),
        secret_key: "secret".into(),
    };
    (dir, settings)
}

fn picture(bytes: &'static [u8]) -> Object {
    Object { content_type: "image/png".into(), bytes: Bytes::from_static(bytes) }
}

#[tokio::test]
async fn an_object_is_there_until_it_is_deleted() {
    let (_dir, settings) = s3().await;
    let objects = Objects::connect(settings.clone()).await.unwrap();
    assert!(objects.get("a/b").await.unwrap().is_none());
    objects.put("a/b", picture(b"one")).await.unwrap();
    objects.put("a/b", picture(b"two")).await.unwrap();
    // Who connects later finds the bucket made.
    let objects = Objects::connect(settings).await.unwrap();
    let object = objects.get("a/b").await.unwrap().unwrap();
    assert_eq!((object.content_type.as_str(), &object.bytes[..]), ("image/png", &b"two"[..]));
    objects.delete("a/b").await.unwrap();
    objects.delete("a/b").await.unwrap();
    assert!(objects.get("a/b").await.unwrap().is_none());
}

#[tokio::test]
async fn a_wrong_secret_is_refused_without_being_told() {
    let (_dir, settings) = s3().await;
    let wrong = ObjectsSettings { secret_key: "mistaken".into(), ..settings };
    let Err(error) = Objects::connect(wrong).await else { panic!("must be refused") };
    assert!(matches!(error, StoreError::Objects(_)));
    assert!(!format!("{error} {error:?}").contains("mistaken"));
}

#[tokio::test]
async fn a_store_that_is_not_there_is_an_error_and_not_a_missing_object() {
    let (_dir, settings) = s3().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let gone = Objects::connect(ObjectsSettings { endpoint, ..settings }).await;
    assert!(matches!(gone, Err(StoreError::Objects(why)) if why == "looking for the bucket: no connection"));
}
