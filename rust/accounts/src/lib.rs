//! Who may sync: accounts, the devices that are logged in to them, and how one gets in.
//!
//! [`Registry`] keeps accounts and devices in a database; [`Pairings`] lets devices in for a short
//! time with passwords made for the occasion; [`Gate`] slows down guessing, counted per [`Origin`];
//! a [`Permit`] says whether a device that was let in still has access. Nothing here knows what
//! an account's folder holds, or how a request came: the clock and the data folder are passed in,
//! and waiting is left to the caller.

mod new_password;
mod origin;
mod pairing;
mod permit;
mod registry;
mod throttle;

pub use new_password::generate_password;
pub use origin::{AddressKey, Origin};
pub use pairing::{PairingWindow, Pairings};
pub use permit::{Permit, PermitError};
pub use registry::{
    Account, ConfiguredAccount, Device, FormerDevice, Identity, Login, LoginError, Registry,
    RegistryError, Secret,
};
pub use throttle::{Gate, Ticket, TooManyLogins};
