//! Counting tests: the closing lines of cargo, of pytest, of Maven and of node, added up.

use std::fmt;

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
}

impl Tally {
    /// Adds what a closing line says; other lines are ignored.
    ///
    /// Cargo ends each test program with `test result: ok. 12 passed; 0 failed; 1 ignored; …`,
    /// pytest ends with `12 passed, 1 failed, 2 xfailed in 3.21s`, Maven ends each of its runs with
    /// `[INFO] Tests run: 12, Failures: 0, Errors: 0, Skipped: 1`, and node with one line for each count:
    /// `# pass 12`.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            let counts = result.split_once(". ").map_or(result, |(_, counts)| counts);
            self.add(counts.split(';'));
        } else if is_closing_line_of_pytest(line) {
            let (counts, _) = line.rsplit_once(" in ").unwrap_or((line, ""));
            self.add(counts.trim_matches(['=', ' ']).split(','));
        } else if let Some(count) = line.strip_prefix("# ") {
            self.add_node(count);
        } else if let Some((_, counts)) = line.split_once("] Tests run: ") {
            self.add_maven(counts);
        }
    }

    /// `12, Failures: 0, Errors: 0, Skipped: 1`; the line of one class also has its time.
    fn add_maven(&mut self, counts: &str) {
        let numbers: Option<Vec<u32>> = counts
            .split(", ")
            .map(|part| part.rsplit(' ').next().and_then(|number| number.parse().ok()))
            .collect();
        let Some(&[run, failures, errors, skipped]) = numbers.as_deref() else { return };
        self.failed += failures + errors;
        self.skipped += skipped;
        self.passed += run.saturating_sub(failures + errors + skipped);
    }

    fn add_node(&mut self, count: &str) {
        let Some((what, number)) = count.split_once(' ') else { return };
        let Ok(number) = number.parse::<u32>() else { return };
        match what {
            "pass" => self.passed += number,
            "fail" | "cancelled" => self.failed += number,
            "skipped" | "todo" => self.skipped += number,
            _ => {}
        }
    }

    fn add<'a>(&mut self, counts: impl Iterator<Item = &'a str>) {
        for count in counts {
            let Some((number, what)) = count.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<u32>() else { continue };
            match what.trim() {
                "passed" => self.passed += number,
                // An expected failure that did not happen is a broken expectation.
                "failed" | "error" | "errors" | "xpassed" => self.failed += number,
                "ignored" | "skipped" | "xfailed" => self.skipped += number,
                _ => {}
            }
        }
    }
}

fn is_closing_line_of_pytest(line: &str) -> bool {
    let words = line.trim_matches(['=', ' ']);
    let Some((counts, time)) = words.rsplit_once(" in ") else { return false };
    let duration = time.split(' ').next().unwrap_or_default();
    duration.ends_with('s')
        && duration.starts_with(|first: char| first.is_ascii_digit())
        && counts.starts_with(|first: char| first.is_ascii_digit())
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(formatter, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        for line in lines {
            tally.read(line);
        }
        tally
    }

    #[test]
    fn closing_lines_of_cargo_and_pytest_are_added_up() {
        let tally = tally(&[
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "===== 1 failed, 70 passed, 2 skipped, 3 xfailed, 1 error in 125.31s (0:02:05) =====",
            "5 passed in 0.12s",
        ]);
        assert_eq!(tally, Tally { passed: 90, failed: 4, skipped: 6 });
        assert_eq!(tally.to_string(), "90 passed, 4 failed, 6 skipped");
    }

    #[test]
    fn closing_lines_of_maven_are_added_up_and_those_of_classes_are_not() {
        let tally = tally(&[
            "[INFO] Tests run: 6, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 16.31 s -- in a.B",
            "[ERROR] Tests run: 25, Failures: 2, Errors: 1, Skipped: 3",
            "[INFO] Tests run: 1, Failures: 0, Errors: 0, Skipped: 0",
        ]);
        assert_eq!(tally, Tally { passed: 20, failed: 3, skipped: 3 });
    }

    #[test]
    fn closing_lines_of_node_are_added_up() {
        let tally = tally(&[
            "# tests 15",
            "# pass 12",
            "# fail 1",
            "# cancelled 1",
            "# skipped 1",
            "# todo 0",
        ]);
        assert_eq!(tally, Tally { passed: 12, failed: 2, skipped: 1 });
    }

    #[test]
    fn other_lines_count_nothing() {
        let tally = tally(&[
            "running 3 tests",
            "test wire::passed ... ok",
            "3 passed in review",
            "# Subtest: 2 that pass",
            "FAILED test_uploads.py::test_x - 2 passed in 3s",
            "",
        ]);
        assert_eq!(tally, Tally::default());
    }

    #[test]
    fn nothing_skipped_is_not_mentioned() {
        assert_eq!(tally(&["1 passed in 1.0s"]).to_string(), "1 passed, 0 failed");
    }
}
