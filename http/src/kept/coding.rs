//! Compressed forms of a page.

use std::io::Write as _;

use axum::http::{HeaderMap, header};
use bytes::Bytes;

/// Smaller bodies gain nothing.
const SMALLEST: usize = 1024;

/// The content codings that we speak (RFC 9110, 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    Brotli,
}

impl Coding {
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// The one with the highest weight in `Accept-Encoding`; of equals, the smallest result.
    pub(crate) fn preferred(headers: &HeaderMap) -> Self {
        let mut best = (0.0_f32, Self::Identity);
        let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
        for range in lines.flat_map(|line| line.split(',')) {
            let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
            let coding = match name.trim() {
                name if name.eq_ignore_ascii_case("br") => Self::Brotli,
                name if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => {
                    Self::Gzip
                }
                _ => continue,
            };
            let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.trim().parse().ok());
            let Some(weight) = weight.filter(|weight: &f32| *weight > 0.0) else { continue };
            if weight > best.0 || (weight - best.0).abs() < f32::EPSILON && coding == Self::Brotli {
                best = (weight, coding);
            }
        }
        best.1
    }

    /// The coding that a body of this size is really sent in.
    pub(crate) fn of(self, size: usize) -> Self {
        if size < SMALLEST { Self::Identity } else { self }
    }

    /// Levels that take about a millisecond for a page of 20 kB.
    pub(crate) fn encode(self, body: &Bytes) -> std::io::Result<Bytes> {
        match self {
            Self::Identity => Ok(body.clone()),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
                encoder.write_all(body)?;
                encoder.finish().map(Bytes::from)
            }
            Self::Brotli => {
                let mut encoded = Vec::new();
                let mut encoder = brotli::CompressorWriter::new(&mut encoded, 4096, 5, 22);
                encoder.write_all(body)?;
                encoder.flush()?;
                drop(encoder);
                Ok(encoded.into())
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn preferred(accept: &str) -> Coding {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, accept.parse().unwrap());
        Coding::preferred(&headers)
    }

    #[test]
    fn the_reader_chooses_the_coding() {
        assert_eq!(preferred("gzip, deflate, br, zstd"), Coding::Brotli);
        assert_eq!(preferred("br;q=0.5, gzip"), Coding::Gzip);
        assert_eq!(preferred("gzip;q=0, br;q=0"), Coding::Identity);
        assert_eq!(preferred("GZIP"), Coding::Gzip);
        assert_eq!(preferred("identity"), Coding::Identity);
        assert_eq!(preferred("deflate;q=1, *;q=0"), Coding::Identity);
        assert_eq!(Coding::preferred(&HeaderMap::new()), Coding::Identity);
    }

    #[test]
    fn what_was_compressed_reads_back() {
        let body = Bytes::from("Am Samstag öffnet das Rathaus. ".repeat(100));
        let (gzip, brotli) = (Coding::Gzip.encode(&body).unwrap(), Coding::Brotli.encode(&body).unwrap());
        let mut text = String::new();
        flate2::read::GzDecoder::new(&gzip[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, body);
        let mut text = String::new();
        brotli::Decompressor::new(&brotli[..], 4096).read_to_string(&mut text).unwrap();
        assert_eq!(text, body);
        assert!(gzip.len() < body.len() / 5 && brotli.len() < body.len() / 5);
        assert_eq!(Coding::Brotli.of(100), Coding::Identity);
    }
}
