//! The files behind the S3 endpoint, of which a deleted object leaves none.
//!
//! s3s-fs keeps an object's media type and digest in two files beside the bucket, and leaves them there when the object is
//! deleted. A digest of a person's picture still tells whoever has the picture that it was here.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use s3s::{
    S3, S3Error, S3Request, S3Response, S3Result,
    dto::{
        CreateBucketInput, CreateBucketOutput, DeleteObjectInput, DeleteObjectOutput, GetObjectInput,
        GetObjectOutput, HeadBucketInput, HeadBucketOutput, PutObjectInput, PutObjectOutput,
    },
};
use s3s_fs::FileSystem;

pub(super) struct Files {
    root: PathBuf,
    inner: FileSystem,
}

impl Files {
    pub(super) fn open(root: &Path) -> Result<Self, s3s_fs::Error> {
        Ok(Self { root: root.to_owned(), inner: FileSystem::new(root)? })
    }
}

/// What is kept about an object, as s3s-fs names it.
fn about(root: &Path, bucket: &str, key: &str) -> [PathBuf; 2] {
    let (bucket, key) = (BASE64.encode(bucket), BASE64.encode(key));
    ["internal", "metadata"].map(|what| root.join(format!(".bucket-{bucket}.object-{key}.{what}.json")))
}

/// The object that a file in the store's folder is about.
fn object_of(root: &Path, file: &str) -> Option<PathBuf> {
    let (bucket, rest) = file.strip_prefix(".bucket-")?.split_once(".object-")?;
    let (key, _) = rest.split_once('.')?;
    let decode = |text: &str| String::from_utf8(BASE64.decode(text).ok()?).ok();
    Some(root.join(decode(bucket)?).join(decode(key)?))
}

/// Removes what earlier versions of this program left of objects that they had deleted.
pub(super) fn forget_the_deleted(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let object = entry.file_name().to_str().and_then(|name| object_of(root, name));
        if object.is_some_and(|object| matches!(object.try_exists(), Ok(false))) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// What [`stage_store::Objects`] asks for. Anything else is answered as not implemented.
#[async_trait]
impl S3 for Files {
    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.inner.head_bucket(req).await
    }

    async fn create_bucket(
        &self,
        req: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        self.inner.create_bucket(req).await
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        self.inner.put_object(req).await
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        self.inner.get_object(req).await
    }

    /// The object last, and what is about it also where the object is gone: so wherever a delete breaks off, nothing is
    /// left once it is repeated.
    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        for file in about(&self.root, &req.input.bucket, &req.input.key) {
            match tokio::fs::remove_file(file).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(S3Error::internal_error(error));
                }
                _ => {}
            }
        }
        self.inner.delete_object(req).await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{fs, path::Path};

    use stage_store::{Object, Objects};
    use tempfile::TempDir;

    use super::{about, forget_the_deleted};
    use crate::{data_dir::DataDir, services::s3};

    const KEY: &str = "media/0193a1f2";

    /// A store with two objects; the second is there to stay.
    async fn store() -> (TempDir, DataDir, s3::S3, Objects) {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let (endpoint, settings) = s3::start(&data).await.unwrap();
        let objects = Objects::connect(settings).await.unwrap();
        for key in [KEY, "media/another"] {
            let picture = Object { content_type: "image/png".into(), bytes: b"picture".as_slice().into() };
            objects.put(key, picture).await.unwrap();
        }
        (folder, data, endpoint, objects)
    }

    fn are_there(files: &[std::path::PathBuf]) -> Vec<bool> {
        files.iter().map(|file| file.exists()).collect()
    }

    fn of(root: &Path, key: &str) -> Vec<std::path::PathBuf> {
        let [internal, metadata] = about(root, "stage", key);
        vec![internal, metadata, root.join("stage").join(key)]
    }

    #[tokio::test]
    async fn a_deleted_object_leaves_no_file_and_takes_none_of_another_object() {
        let (_folder, data, _endpoint, objects) = store().await;
        let root = data.join("objects");
        assert_eq!(are_there(&of(&root, KEY)), [true; 3], "these are the files that s3s-fs makes");
        objects.delete(KEY).await.unwrap();
        assert_eq!(are_there(&of(&root, KEY)), [false; 3]);
        assert_eq!(are_there(&of(&root, "media/another")), [true; 3]);
        assert_eq!(objects.get("media/another").await.unwrap().unwrap().content_type, "image/png");
    }

    #[tokio::test]
    async fn a_delete_that_is_repeated_removes_what_an_earlier_one_left() {
        let (_folder, data, _endpoint, objects) = store().await;
        let files = of(&data.join("objects"), KEY);
        fs::remove_file(&files[2]).unwrap();
        objects.delete(KEY).await.unwrap();
        assert_eq!(are_there(&files), [false; 3]);
    }

    #[tokio::test]
    async fn a_start_removes_what_is_about_objects_that_are_gone_and_nothing_else() {
        let (_folder, data, _endpoint, _objects) = store().await;
        let root = data.join("objects");
        fs::remove_file(&of(&root, KEY)[2]).unwrap();
        forget_the_deleted(&root).unwrap();
        assert_eq!(are_there(&of(&root, KEY)), [false; 3]);
        assert_eq!(are_there(&of(&root, "media/another")), [true; 3]);
    }
}
