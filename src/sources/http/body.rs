//! Reading a body up to a limit. The limit counts decoded bytes, so a small file that unpacks into
//! a large one is stopped as well.

use reqwest::Response;

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
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Unread::Broken)? {
        if body.len() as u64 + chunk.len() as u64 > bytes_max {
            return Err(Unread::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
