//! Tests of the store as a whole, by promise.

mod additions;
mod batches;
mod damage;
mod downloads;
mod failures;
mod folding;
mod takeover;
mod unused;
