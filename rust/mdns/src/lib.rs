//! A name of one's own in the local network: the answering half of multicast DNS (RFC 6762) and of
//! DNS service discovery (RFC 6763).
//!
//! A [`Claim`] decides what is said, on which link and when. It holds no socket, reads no clock and
//! draws no lots: packets, moments and chance are passed in, and what is to be sent comes back. So
//! the interfaces can be those that an app knows of, as on Android, where no library may ask for
//! them.

mod claim;
mod host_name;
mod message;
mod records;

pub use claim::{Claim, Outgoing, To};
pub use host_name::{BadHostName, HostName};
pub use message::{MAX_PACKET, Message, Question, Record};
pub use records::{Link, LinkAddress, SERVICE, Service};
