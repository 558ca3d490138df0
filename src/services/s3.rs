//! An S3 endpoint in this process, over files in the data directory.

use std::{path::Path, time::Duration};

use axum::{Router, error_handling::HandleError, http::StatusCode};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use stage_store::ObjectsSettings;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    data_dir::{DataDir, secret_of},
    failure::Failure,
    services::files::{Files, forget_the_deleted},
    stop::Stop,
};

/// The names of the secrets.
const ACCESS_KEY: &str = "s3-access-key";
const SECRET_KEY: &str = "s3-secret-key";

pub(crate) struct S3 {
    stop: CancellationToken,
    server: JoinHandle<()>,
}

impl S3 {
    pub(crate) async fn end(self, stop: &Stop) {
        self.stop.cancel();
        let abort = self.server.abort_handle();
        if stop.grant(Duration::from_secs(2), self.server).await.is_none() {
            abort.abort();
        }
    }
}

/// Serves on a free port of the loopback interface, for whoever has the generated keys.
pub(crate) async fn start(data: &DataDir) -> Result<(S3, ObjectsSettings), Failure> {
    let files = data.join("objects");
    forget_the_deleted(&files).map_err(|source| Failure::DataDir { path: files.clone(), source })?;
    serve(&files, data.secret(ACCESS_KEY)?, data.secret(SECRET_KEY)?).await
}

/// A second endpoint over the files of a data directory that another process uses.
pub(crate) async fn beside(data: &Path) -> Result<(S3, ObjectsSettings), Failure> {
    let secret = |name| secret_of(data, name)?.ok_or_else(|| Failure::NotUp(data.to_owned()));
    serve(&data.join("objects"), secret(ACCESS_KEY)?, secret(SECRET_KEY)?).await
}

async fn serve(
    files: &Path,
    access_key: SecretString,
    secret_key: SecretString,
) -> Result<(S3, ObjectsSettings), Failure> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| Failure::S3(error);
    let files = Files::open(files).map_err(|error| failed(format!("{error:?}").into()))?;
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(access_key.expose_secret(), secret_key.expose_secret()));
    let refused = |_error| async { StatusCode::INTERNAL_SERVER_ERROR };
    let router = Router::new().fallback_service(HandleError::new(service.build(), refused));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| failed(error.into()))?;
    let endpoint = format!("http://{}", listener.local_addr().map_err(|error| failed(error.into()))?);
    let stop = CancellationToken::new();
    let told = stop.clone();
    let server = tokio::spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(told.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!(%error, "the S3 endpoint ended");
        }
    });
    let settings = ObjectsSettings {
        endpoint,
        region: "local".into(),
        bucket: "stage".into(),
        access_key: access_key.expose_secret().into(),
        secret_key,
    };
    Ok((S3 { stop, server }, settings))
}
