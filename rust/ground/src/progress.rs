//! Telling how far a long task is, and ending it.

use std::io::{self, Read, Write};
use std::ops::ControlFlow;

/// What a task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Moving the collection; counted in bytes.
    Collection,
    /// Checking it; not counted.
    Checking,
    /// Moving media; counted in files.
    Media,
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub stage: Stage,
    /// Bytes or files that are done.
    pub done: u64,
    /// How many there are, where that is known.
    pub total: Option<u64>,
}

/// Hears of progress, on the thread that does the work; `Break` cancels. Must return fast.
pub type Watcher<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

/// Tells the watcher and hears whether to go on.
pub fn tell(
    watcher: &mut Watcher<'_>,
    stage: Stage,
    done: u64,
    total: Option<u64>,
) -> Result<(), Cancelled> {
    match watcher(Progress { stage, done, total }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Cancelled),
    }
}

/// A [`Watcher`] that only waits.
pub fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The watcher cancelled. Also travels through readers and writers of other crates.
#[derive(Debug, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

impl Cancelled {
    /// Whether this is why reading or writing failed.
    pub fn is_cause_of(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Cancelled>())
    }
}

/// A reader or writer of a collection's bytes that reports to the watcher.
pub struct Watched<'a, 'b, T> {
    /// What is read or written.
    pub inner: T,
    /// Who hears of it.
    pub watcher: &'a mut Watcher<'b>,
    /// Bytes so far.
    pub done: u64,
    /// All bytes, where that is known.
    pub total: Option<u64>,
}

impl<T> Watched<'_, '_, T> {
    fn moved(&mut self, bytes: usize) -> io::Result<usize> {
        self.done += bytes as u64;
        let progress = Progress { stage: Stage::Collection, done: self.done, total: self.total };
        match (self.watcher)(progress) {
            ControlFlow::Continue(()) => Ok(bytes),
            ControlFlow::Break(()) => Err(io::Error::other(Cancelled)),
        }
    }
}

impl<T: Write> Write for Watched<'_, '_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.moved(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Watched<'_, '_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.moved(read)
    }
}
