//! Files, in an object store that speaks S3.

use std::time::Duration;

use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
        SharedHttpClient, retry::RetryConfig, timeout::TimeoutConfig,
    },
    error::{ProvideErrorMetadata, SdkError},
    primitives::ByteStream,
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};

use crate::StoreError;

#[derive(Clone)]
pub struct ObjectsSettings {
    /// `http://…` or `https://…`, without the bucket.
    pub endpoint: String,
    pub region: String,
    pub bucket: String,
    pub access_key: String,
    pub secret_key: SecretString,
}

pub struct Object {
    pub content_type: String,
    pub bytes: Bytes,
}

/// One bucket. Cheap to clone.
#[derive(Clone)]
pub struct Objects {
    client: Client,
    bucket: String,
}

impl Objects {
    /// Connects, and makes the bucket where it is missing.
    pub async fn connect(settings: ObjectsSettings) -> Result<Self, StoreError> {
        let objects = Self::of(settings);
        objects.make_bucket().await?;
        Ok(objects)
    }

    /// Without asking whether the bucket is there: for whoever comes beside a program that made it.
    #[must_use]
    pub fn of(settings: ObjectsSettings) -> Self {
        Self { client: client(&settings), bucket: settings.bucket }
    }

    async fn make_bucket(&self) -> Result<(), StoreError> {
        match self.client.head_bucket().bucket(&self.bucket).send().await {
            Ok(_) => return Ok(()),
            Err(error) if is_not_found(&error) => {}
            Err(error) => return Err(failed("looking for the bucket", &error)),
        }
        match self.client.create_bucket().bucket(&self.bucket).send().await {
            Ok(_) => Ok(()),
            // Another process was first.
            Err(error) if matches!(error.code(), Some("BucketAlreadyOwnedByYou" | "BucketAlreadyExists")) => {
                Ok(())
            }
            Err(error) => Err(failed("making the bucket", &error)),
        }
    }

    /// Writes the object, or writes over it.
    pub async fn put(&self, key: &str, object: Object) -> Result<(), StoreError> {
        let put = self.client.put_object().bucket(&self.bucket).key(key).content_type(object.content_type);
        put.body(ByteStream::from(object.bytes)).send().await.map_err(|error| failed("writing", &error))?;
        Ok(())
    }

    /// `None` when there is no such object.
    pub async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        let found = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(found) => found,
            Err(error) if is_not_found(&error) => return Ok(None),
            Err(error) => return Err(failed("reading", &error)),
        };
        let content_type = found.content_type.unwrap_or_else(|| "application/octet-stream".to_owned());
        let body = found.body.collect().await;
        let bytes =
            body.map_err(|_| StoreError::Objects("reading: the answer broke off".to_owned()))?.into_bytes();
        Ok(Some(Object { content_type, bytes }))
    }

    /// Does nothing when there is no such object.
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        match self.client.delete_object().bucket(&self.bucket).key(key).send().await {
            Err(error) if !is_not_found(&error) => Err(failed("deleting", &error)),
            _ => Ok(()),
        }
    }
}

/// Everything is said here, and nothing is looked for in the environment, in files of the home directory or at a
/// cloud's metadata address, as the default chain of providers would.
fn client(settings: &ObjectsSettings) -> Client {
    let credentials = Credentials::new(
        &settings.access_key,
        settings.secret_key.expose_secret(),
        None,
        None,
        "the program's settings",
    );
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_secs(20))
        .operation_attempt_timeout(Duration::from_secs(60))
        .operation_timeout(Duration::from_secs(120))
        .build();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http_client(&settings.endpoint))
        .endpoint_url(&settings.endpoint)
        .region(Region::new(settings.region.clone()))
        .credentials_provider(credentials)
        .force_path_style(true)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        // Not every S3 knows the newer checksums.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .build();
    Client::from_conf(config)
}

/// Certificates of the system are read only where the endpoint needs them.
fn http_client(endpoint: &str) -> SharedHttpClient {
    match endpoint.starts_with("https:") {
        true => Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https(),
        false => Builder::new().build_http(),
    }
}

fn is_not_found<E>(error: &SdkError<E>) -> bool {
    error.raw_response().is_some_and(|response| response.status().as_u16() == 404)
}

/// What failed and why, without the address and the request, which may say more than a log should know.
fn failed<E: ProvideErrorMetadata>(doing: &str, error: &SdkError<E>) -> StoreError {
    let why = match error {
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(_) => "no connection".to_owned(),
        SdkError::ServiceError(answer) => match answer.err().code() {
            Some(code) => code.to_owned(),
            None => format!("status {}", answer.raw().status()),
        },
        _ => "the answer could not be read".to_owned(),
    };
    StoreError::Objects(format!("{doing}: {why}"))
}
