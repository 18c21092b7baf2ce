//! A connection that fails when the other side takes nothing any more.
//!
//! Without it a client that vanishes in mid-download would hold its connection and its snapshot
//! for ever. Reading has its own limits, see `body`.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::pace::Pace;

/// Bytes that the system may keep for a connection beyond what the other side has room for.
#[cfg(any(target_os = "linux", target_os = "android"))]
const QUEUE_BYTES: u32 = 64 * 1024;
/// Elsewhere it cannot be told apart from what is under way.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const QUEUE_BYTES: usize = 256 * 1024;

/// Makes a connection ask for more only when what it got has nearly left.
///
/// To a program on the same machine (a proxy, an ssh tunnel, a userspace VPN) the system would
/// take megabytes at once, and then say nothing until a third of them has drained: on a slow link
/// behind it that takes minutes in which nothing seems to move, and in which an answer that we
/// believe to be delivered is still under way. What is in flight is not limited by this on Linux,
/// so fast links stay fast.
pub(super) fn keep_queue_short(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    // Without it everything works but the judgement of slow links.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket.set_tcp_notsent_lowat(QUEUE_BYTES);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = socket.set_send_buffer_size(QUEUE_BYTES);
}

/// Wraps a stream; a write that makes too little progress fails.
#[derive(Debug)]
pub(super) struct StallGuard<S> {
    stream: S,
    pace: Pace,
    /// While a write waits: since when, and until when it may.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<S> StallGuard<S> {
    /// Writes may stand still for `patience`, and must make `least_rate` bytes a second in the
    /// long run.
    pub(super) fn new(stream: S, patience: Duration, least_rate: u64) -> StallGuard<S> {
        StallGuard { stream, pace: Pace::new(patience, least_rate), waiting: None }
    }

    fn watch(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(result) = written {
            if let Some((since, _)) = self.waiting.take() {
                self.pace.waited(since.elapsed());
            }
            if let Ok(bytes) = &result {
                self.pace.moved(*bytes as u64);
            }
            return Poll::Ready(result);
        }
        let left = self.pace.left();
        let (since, timer) =
            self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
        ready!(timer.as_mut().poll(context));
        self.pace.waited(since.elapsed());
        self.waiting = None;
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for StallGuard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for StallGuard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, data);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, data);
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_nothing_ends_the_connection() {
        let (near, far) = duplex(8);
        let mut near = StallGuard::new(near, Duration::from_secs(60), 1);
        let started = Instant::now();
        let error = near.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(started.elapsed(), Duration::from_secs(60));
        drop(far);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_waited_for() {
        let (near, mut far) = duplex(8);
        let mut near = StallGuard::new(near, Duration::from_secs(60), 1);
        let reader = tokio::spawn(async move {
            let mut piece = [0; 8];
            for _ in 0..8 {
                sleep(Duration::from_secs(5)).await;
                far.read_exact(&mut piece).await.unwrap();
            }
        });
        near.write_all(&[0; 64]).await.unwrap();
        reader.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_only_pretends_to_read_ends_the_connection() {
        let (near, mut far) = duplex(8);
        let mut near = StallGuard::new(near, Duration::from_secs(60), 100);
        tokio::spawn(async move {
            let mut piece = [0; 1];
            while far.read_exact(&mut piece).await.is_ok() {
                sleep(Duration::from_secs(20)).await;
            }
        });
        let started = Instant::now();
        let error = near.write_all(&[0; 6400]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(started.elapsed() < Duration::from_secs(65));
    }
}
