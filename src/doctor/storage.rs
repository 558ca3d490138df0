//! The object store: whether an object can be written, read and deleted.

use std::time::Duration;

use stage_store::{Object, Objects, StoreError};
use tokio::time::timeout;

use super::finding::Finding;
use crate::{
    config::HouseArgs,
    failure::{Failure, sentence},
    secret,
};

const CHECK: &str = "storage";
const PATIENCE: Duration = Duration::from_secs(30);
const REMEDY: &str = "look whether the object store runs, whether the bucket is there, and at STAGE_S3_ENDPOINT, \
                      STAGE_S3_BUCKET, STAGE_S3_ACCESS_KEY and STAGE_S3_SECRET_KEY";

pub(super) async fn examine(house: &HouseArgs) -> Finding {
    // The endpoint lives as long as this is held.
    let (_files, settings) = match house.files().await {
        Ok(found) => found,
        Err(Failure::NotUp(_)) => {
            return Finding::unknown(CHECK, "not looked at", "start `stage up`, or name its --data-dir");
        }
        Err(failure @ Failure::NoObjects) => {
            return Finding::unknown(CHECK, "not looked at", sentence(&failure));
        }
        Err(failure) => return Finding::wrong(CHECK, sentence(&failure), REMEDY),
    };
    match timeout(PATIENCE, there_and_back(&Objects::of(settings))).await {
        Ok(Ok(true)) => Finding::well(CHECK, "an object was written, read and deleted"),
        Ok(Ok(false)) => Finding::wrong(CHECK, "an object did not come back as it was written", REMEDY),
        Ok(Err(error)) => Finding::wrong(CHECK, sentence(&error), REMEDY),
        Err(_) => Finding::wrong(CHECK, format!("no answer within {} s", PATIENCE.as_secs()), REMEDY),
    }
}

/// Under a name of its own, so that two doctors are not in each other's way.
async fn there_and_back(objects: &Objects) -> Result<bool, StoreError> {
    let written = secret::bytes();
    let key = format!("doctor/{}", hex::encode(&written[..8]));
    let object =
        Object { content_type: "application/octet-stream".to_owned(), bytes: written.to_vec().into() };
    objects.put(&key, object).await?;
    let read = objects.get(&key).await?;
    objects.delete(&key).await?;
    let gone = objects.get(&key).await?.is_none();
    Ok(gone && read.is_some_and(|read| read.bytes == written[..]))
}
