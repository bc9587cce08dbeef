//! A connection that is read byte by byte.
//!
//! An attacker between us and the server can append answers in the clear to the answer to
//! `STARTTLS`. A buffered reader would keep them and take them for answers of the secured server
//! (CVE-2011-0411). Read byte by byte, nothing beyond the answer's line is ever taken: what was
//! appended meets the TLS handshake, which fails. Answers are short, so this costs nothing.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A TCP connection that gives one byte at a time.
#[derive(Debug)]
pub(super) struct NarrowStream(pub(super) TcpStream);

impl AsyncRead for NarrowStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let mut byte = [0_u8; 1];
        let mut narrow = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.0).poll_read(context, &mut narrow))?;
        buffer.put_slice(narrow.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for NarrowStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

impl AsyncTokioStream for NarrowStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}
