//! What happened in the parts of the tests, and the closing lines that report it.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::TaskResult;
use crate::process::{self, run_watched};
use crate::tally::Tally;

/// A part of the tests, by its name.
pub(crate) type Part = (&'static str, fn(&mut Report));

/// What happened so far.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) tally: Tally,
    troubles: Vec<String>,
    times: Vec<(&'static str, Duration)>,
}

impl Report {
    /// Runs a part and notes how long it takes.
    pub(crate) fn timed(&mut self, (name, part): Part) {
        let begin = Instant::now();
        part(self);
        self.times.push((name, begin.elapsed()));
    }

    /// Notes the outcome of a part. One that failed without a failing test (it does not build, is
    /// not formatted) counts as one failure, so that the closing line shows it.
    pub(crate) fn note(&mut self, failed_before: u32, outcome: TaskResult) {
        if let Err(reason) = outcome {
            if self.tally.failed == failed_before {
                self.tally.failed += 1;
            }
            self.troubles.push(reason);
        }
    }

    pub(crate) fn check(&mut self, command: &mut Command, what: &str) {
        let outcome = process::run(command, what);
        self.note(self.tally.failed, outcome);
    }

    pub(crate) fn count(&mut self, command: &mut Command, what: &str) {
        let failed_before = self.tally.failed;
        let outcome = run_watched(command, what, |line| self.tally.read(line));
        self.note(failed_before, outcome);
    }

    /// Says that a part cannot run here and why; it counts as one skipped test.
    pub(crate) fn skip(&mut self, what: &str, why: &str) {
        println!("\nskipped: {what}: {why}");
        self.tally.skipped += 1;
    }

    /// Says what went wrong and, as the very last line, how many tests did what.
    pub(crate) fn close(self) -> ExitCode {
        for trouble in &self.troubles {
            eprintln!("{trouble}");
        }
        for (name, time) in &self.times {
            println!("{:>5} s  {name}", time.as_secs());
        }
        // Whatever an earlier program left unfinished is not part of this line.
        println!("\n{}", self.tally);
        if self.troubles.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
