//! Lines on their way to a reader that may not read: a pipe that is full, a terminal that was
//! stopped with Ctrl-S, a Windows console in which text is selected.
//!
//! Writing a line never waits. A thread hands the lines on, and only it waits. What does not fit
//! is dropped, the oldest first; the next line that is read tells how many.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes that wait for the reader: about a thousand lines.
const CAPACITY: usize = 128 * 1024;

/// How long the end of the program waits for lines that perhaps nobody reads any more.
pub(crate) const LAST_LINES: Duration = Duration::from_millis(500);

/// Says in a line that this many were dropped.
type TellOfLoss = Box<dyn Fn(u64) -> String + Send>;

/// The way to one reader.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<String>,
    bytes: usize,
    dropped: u64,
    /// Taken out, but perhaps not read.
    writing: bool,
}

impl Queue {
    /// Starts the thread that writes to `out`. If the system gives none, each line is dropped.
    pub(crate) fn start(mut out: impl Write + Send + 'static, tell: TellOfLoss) -> Arc<Queue> {
        let queue = Arc::new(Queue::default());
        let own = Arc::clone(&queue);
        let write = move || {
            loop {
                let line = own.next(&tell);
                // A reader that has gone is not our failure. In a single write, so that lines
                // do not mix.
                let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
            }
        };
        // It lives as long as the process: nothing can end it while it waits for the reader.
        let _ = thread::Builder::new().name("deckport-log".to_owned()).spawn(write);
        queue
    }

    /// Puts a line at the end. Never waits for the reader.
    pub(crate) fn push(&self, line: &str) {
        let mut waiting = self.lock();
        waiting.bytes += line.len() + 1;
        waiting.lines.push_back(format!("{line}\n"));
        while waiting.bytes > CAPACITY && waiting.lines.len() > 1 {
            let oldest = waiting.lines.pop_front().unwrap_or_default();
            waiting.bytes -= oldest.len();
            waiting.dropped += 1;
        }
        drop(waiting);
        self.changed.notify_all();
    }

    /// Waits until everything is written, for at most this long.
    pub(crate) fn flush(&self, most: Duration) {
        let waiting = self.lock();
        let is_busy = |waiting: &mut Waiting| waiting.writing || !waiting.lines.is_empty();
        let _ = self.changed.wait_timeout_while(waiting, most, is_busy);
    }

    /// The next line, waiting for it. The caller has written the last one.
    fn next(&self, tell: &TellOfLoss) -> String {
        let mut waiting = self.lock();
        waiting.writing = false;
        self.changed.notify_all();
        let idle = |waiting: &mut Waiting| waiting.lines.is_empty();
        waiting = self.changed.wait_while(waiting, idle).unwrap_or_else(PoisonError::into_inner);
        waiting.writing = true;
        if waiting.dropped > 0 {
            let dropped = std::mem::take(&mut waiting.dropped);
            return format!("{}\n", tell(dropped));
        }
        let line = waiting.lines.pop_front().unwrap_or_default();
        waiting.bytes -= line.len();
        line
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    /// A pipe that holds nothing: each write waits until it is read.
    struct Unread(SyncSender<String>);

    impl Write for Unread {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.0.send(text).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn unread() -> (Arc<Queue>, Receiver<String>) {
        let (sender, receiver) = sync_channel(0);
        (Queue::start(Unread(sender), Box::new(|count| format!("{count} lost"))), receiver)
    }

    #[test]
    fn what_nobody_reads_is_bounded_and_its_loss_is_told_in_its_place() {
        let (queue, reader) = unread();
        let count = 20 * CAPACITY / 100;
        for number in 0..count {
            queue.push(&format!("{number:>99}"));
            assert!(queue.lock().bytes <= CAPACITY);
        }
        queue.push("x");
        let mut next = 0;
        for line in reader.iter().take_while(|line| line != "x\n") {
            match line.strip_suffix(" lost\n") {
                Some(lost) => next += lost.parse::<usize>().unwrap(),
                None => {
                    assert_eq!(line.trim().parse(), Ok(next), "what is missing was told before");
                    next += 1;
                }
            }
        }
        assert_eq!(next, count, "each line is read or counted, and the newest are read");
    }

    #[test]
    fn the_end_waits_for_a_reader_but_not_for_one_that_never_comes() {
        let (queue, reader) = unread();
        queue.push("the last words");
        queue.flush(Duration::from_millis(1));
        let reading = thread::spawn(move || reader.recv().unwrap());
        queue.flush(Duration::from_secs(60));
        assert!(!queue.lock().writing, "all is written");
        assert_eq!(reading.join().unwrap(), "the last words\n");
    }

    #[test]
    fn a_reader_that_has_gone_takes_the_lines_as_a_closed_pipe_does() {
        let (queue, reader) = unread();
        drop(reader);
        queue.push("nobody");
        queue.flush(Duration::from_secs(60));
        assert!(queue.lock().lines.is_empty());
    }
}
