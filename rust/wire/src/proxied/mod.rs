//! What a reverse proxy says about whom it speaks for: the headers `X-Forwarded-For` and
//! `Forwarded`, and the PROXY protocol.
//!
//! Everything here may come from a stranger as well; the caller decides whom to believe.

mod headers;
mod preamble;

pub use headers::{Hops, forwarded, x_forwarded_for};
pub use preamble::{MAX_PREAMBLE, Preamble, PreambleError, preamble};
