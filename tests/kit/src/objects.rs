use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use stage_store::{Objects, ObjectsSettings};
use tempfile::TempDir;
use tokio::task::{JoinHandle, JoinSet};

/// An object store of one test's own, in this process, that speaks S3.
pub struct TestObjects {
    pub settings: ObjectsSettings,
    pub objects: Objects,
    _files: TempDir,
    server: JoinHandle<()>,
}

impl TestObjects {
    /// From now on it is away.
    pub async fn end(&mut self) {
        self.server.abort();
        let _ = (&mut self.server).await;
    }
}

/// Starts an object store and connects to it.
pub async fn objects() -> TestObjects {
    let files = tempfile::tempdir().expect("makes a folder for objects");
    let mut service = S3ServiceBuilder::new(FileSystem::new(files.path()).expect("opens the folder"));
    service.set_auth(SimpleAuth::from_single("test", "test-secret"));
    let service = service.build();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("has an address");
    let server = tokio::spawn(async move {
        // Dropped with the task, and the connections with it.
        let mut connections = JoinSet::new();
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            connections.spawn(async move {
                let _ =
                    Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    let settings = ObjectsSettings {
        endpoint: format!("http://{address}"),
        region: "local".to_owned(),
        bucket: "stage".to_owned(),
        access_key: "test".to_owned(),
        secret_key: "test-secret".into(),
    };
    let objects = Objects::connect(settings.clone()).await.expect("connects to the object store");
    TestObjects { settings, objects, _files: files, server }
}
