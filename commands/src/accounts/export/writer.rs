//! A zip file that is handed on as it grows.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::mpsc;
use zip::{ZipWriter, write::SimpleFileOptions, write::StreamWriter};

use crate::CommandError;

/// Sent on once there is so much of it.
const PART: usize = 256 << 10;

pub(super) type Sender = mpsc::Sender<Result<Bytes, CommandError>>;

pub(super) struct Writer<'a> {
    zip: ZipWriter<StreamWriter<Buffer>>,
    buffer: Buffer,
    sender: &'a Sender,
}

impl<'a> Writer<'a> {
    pub(super) fn new(sender: &'a Sender) -> Self {
        let buffer = Buffer::default();
        Self { zip: ZipWriter::new_stream(buffer.clone()), buffer, sender }
    }

    /// Begins an entry; what is written from now on is in it.
    pub(super) fn begin(&mut self, name: &str) -> Result<(), CommandError> {
        let options = SimpleFileOptions::default().large_file(true);
        self.zip.start_file(name, options).map_err(|_| CommandError::Archive)
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), CommandError> {
        self.zip.write_all(bytes).map_err(|_| CommandError::Archive)?;
        self.hand_on(PART).await
    }

    /// One line of NDJSON.
    pub(super) async fn line(&mut self, value: &impl Serialize) -> Result<(), CommandError> {
        let mut line = serde_json::to_vec(value).map_err(|_| CommandError::Archive)?;
        line.push(b'\n');
        self.write(&line).await
    }

    /// A whole entry of JSON.
    pub(super) async fn json(&mut self, name: &str, value: &impl Serialize) -> Result<(), CommandError> {
        self.begin(name)?;
        let json = serde_json::to_vec_pretty(value).map_err(|_| CommandError::Archive)?;
        self.write(&json).await
    }

    /// A whole entry.
    pub(super) async fn entry(&mut self, name: &str, bytes: &[u8]) -> Result<(), CommandError> {
        self.begin(name)?;
        self.write(bytes).await
    }

    pub(super) async fn finish(self) -> Result<(), CommandError> {
        let Self { zip, buffer, sender } = self;
        zip.finish().map_err(|_| CommandError::Archive)?;
        let rest = buffer.take();
        sender.send(Ok(rest)).await.map_err(|_| CommandError::Archive)
    }

    /// Waits for the reader. One that is gone ends it.
    async fn hand_on(&mut self, at_least: usize) -> Result<(), CommandError> {
        if self.buffer.len() < at_least {
            return Ok(());
        }
        let part = self.buffer.take();
        self.sender.send(Ok(part)).await.map_err(|_| CommandError::Archive)
    }
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
