//! What a connection speaks: its first byte tells a handshake of TLS from a request in plain http.

use std::io;
use std::net::SocketAddr;

use rustls::{AlertDescription, Error};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use deckport_household::RefusalKind;

use super::Shared;
use super::stall::StallGuard;

/// The first byte of a handshake (RFC 8446, 5.1); none of a request.
const HANDSHAKE: u8 = 0x16;
/// Encrypted bytes that may wait to be sent; the connection asks for more only when they have left.
const QUEUE_BYTES: usize = 16 * 1024;

/// What requests are read from and answers are written to.
pub(super) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// A connection on which requests may come now.
pub(super) struct Begun {
    pub(super) stream: Box<dyn Transport>,
    /// Whether it is one of TLS.
    pub(super) is_secure: bool,
}

/// Looks at what comes first, and does the handshake if it is one. Waits for as long as the client
/// wants; who calls must not. `None`: nothing can come of it.
pub(super) async fn begin(stream: TcpStream, peer: SocketAddr, shared: &Shared) -> Option<Begun> {
    let (timings, limits) = (&shared.options.timings, &shared.options.limits);
    let guarded = |stream| StallGuard::new(stream, timings.body_stall, limits.min_bytes_per_second);
    let Some(tls) = &shared.tls else {
        return Some(Begun { stream: Box::new(guarded(stream)), is_secure: false });
    };
    let mut first = [0];
    // What has been seen stays there to be read.
    if stream.peek(&mut first).await.ok()? == 0 {
        return None;
    }
    if first != [HANDSHAKE] {
        return Some(Begun { stream: Box::new(guarded(stream)), is_secure: false });
    }
    let ours = stream.local_addr().ok()?.ip();
    let limit = |connection: &mut rustls::ServerConnection| {
        connection.set_buffer_limit(Some(QUEUE_BYTES));
    };
    // On the heap: while it waits for the client it should not make every connection larger.
    let handshake = Box::pin(tls.acceptor(ours).accept_with(guarded(stream), limit));
    match handshake.await {
        Ok(stream) => Some(Begun { stream: Box::new(stream), is_secure: true }),
        Err(error) => {
            if let Some(reason) = why(&error) {
                shared.tell_refused(peer.ip(), RefusalKind::TlsFailed, &reason);
            }
            None
        }
    }
}

/// Why a handshake failed, where a person can do something about it.
fn why(error: &io::Error) -> Option<String> {
    use AlertDescription::{
        BadCertificate, CertificateExpired, CertificateUnknown, UnknownCA, UnsupportedCertificate,
    };
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::AlertReceived(UnknownCA | CertificateUnknown | BadCertificate) => {
            "the device does not trust this endpoint's certificate: install it there".to_owned()
        }
        Error::AlertReceived(CertificateExpired) => {
            "the device thinks that the certificate has ended: look at both clocks".to_owned()
        }
        Error::AlertReceived(UnsupportedCertificate) => {
            "the device cannot use the certificate".to_owned()
        }
        error => format!("the handshake of TLS failed: {error}"),
    })
}
