//! Reading a body up to a limit. The limit counts decoded bytes, so a small file that unpacks into
//! a large one is stopped as well.

use reqwest::Response;

/// Bytes that are set aside because a server says that it sends so many.
const TOLD_MAX: usize = 4 << 20;

/// Why a body was not read to its end.
#[derive(Debug)]
pub(super) enum Unread {
    /// It is larger than the limit.
    TooLarge,
    /// The connection or the encoding broke.
    Broken(reqwest::Error),
}

/// The whole body, unless it is larger than `bytes_max`.
pub(super) async fn read(mut response: Response, bytes_max: u64) -> Result<Vec<u8>, Unread> {
    // Told lengths are believed up to a page's usual size only.
    let told = response.content_length().unwrap_or_default().min(bytes_max);
    let mut body = Vec::with_capacity(usize::try_from(told).map_or(0, |told| told.min(TOLD_MAX)));
    while let Some(chunk) = response.chunk().await.map_err(Unread::Broken)? {
        if body.len() as u64 + chunk.len() as u64 > bytes_max {
            return Err(Unread::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
