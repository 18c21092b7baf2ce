//! How much memory JSON takes once it is read, told from its text alone.
//!
//! `[{"":0},{"":0}]` becomes a hundred times as large in memory. So what there is of each kind is
//! counted while the text passes, before any of it is read.

/// What an element of a list takes, with the room that lists keep for more.
const VALUE_BYTES: u64 = 64;
/// What a map of a few keys takes.
const MAP_BYTES: u64 = 700;
/// The text itself, the strings read from it, and what is made of these on the way to the disk.
const COPIES: u64 = 3;
/// Depth of the rows of a chunk: `{"chunk":{"notes":[[`.
const ROW_DEPTH: u32 = 4;
/// What a row takes on its way: as text, as a row, and for the database. Measured with one long note.
const ROW_COPIES: u64 = 8;
/// What reading part by part takes besides one row.
const PART_BYTES: u64 = 1 << 20;

/// Counts what is in a text.
#[derive(Debug, Default)]
pub(super) struct Weigher {
    bytes: u64,
    values: u64,
    maps: u64,
    depth: u32,
    in_string: bool,
    escaped: bool,
    /// Length of the row, and of the string or number, that is passing.
    row: u64,
    scalar: u64,
    longest: u64,
}

impl Weigher {
    /// The next piece of the text.
    pub(super) fn push(&mut self, text: &[u8]) {
        self.bytes += text.len() as u64;
        for byte in text {
            self.take(*byte);
        }
    }

    fn take(&mut self, byte: u8) {
        self.row += 1;
        self.scalar += 1;
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => self.in_string = true,
            b',' | b':' => self.end_scalar(),
            b'{' | b'[' => {
                self.end_scalar();
                self.maps += u64::from(byte == b'{');
                self.depth = self.depth.saturating_add(1);
                if self.depth == ROW_DEPTH {
                    self.row = 0;
                }
            }
            b'}' | b']' => {
                self.end_scalar();
                if self.depth == ROW_DEPTH {
                    self.longest = self.longest.max(self.row);
                }
                self.depth = self.depth.saturating_sub(1);
            }
            _ => {}
        }
    }

    fn end_scalar(&mut self) {
        self.values += 1;
        self.longest = self.longest.max(self.scalar);
        self.scalar = 0;
    }

    /// Length of the text.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What it takes to read all of it.
    pub(super) fn whole(&self) -> u64 {
        let row = self.longest.max(self.scalar) * (ROW_COPIES - COPIES);
        self.bytes * COPIES + row + self.values * VALUE_BYTES + self.maps * MAP_BYTES
    }

    /// What it takes to read it row by row.
    pub(super) fn in_parts(&self) -> u64 {
        PART_BYTES + self.longest.max(self.scalar) * ROW_COPIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weigh(text: &str, piece: usize) -> Weigher {
        let mut weigher = Weigher::default();
        text.as_bytes().chunks(piece).for_each(|piece| weigher.push(piece));
        weigher
    }

    #[test]
    fn what_grows_when_it_is_read_weighs_more() {
        let maps = format!("[{}]", vec![r#"{"":0}"#; 1000].join(","));
        let numbers = format!("[{}]", vec!["1"; 1000].join(","));
        let text = format!("\"{}\"", r#"{\"a\":[1,2]},"#.repeat(1000));
        assert!(weigh(&maps, 7).whole() > 700_000);
        assert!(weigh(&numbers, 7).whole() > 64_000);
        assert_eq!(weigh(&text, 7).whole(), text.len() as u64 * ROW_COPIES);
    }

    #[test]
    fn the_longest_row_is_found_whatever_stands_in_its_fields() {
        let short = r#"[1,"a"]"#;
        let long = format!(r#"[2,"\\\"]],[{}"]"#, "x".repeat(500));
        let text = format!(r#"{{"chunk":{{"notes":[{short},{long},{short}],"done":true}}}}"#);
        for piece in [1, 3, 1000] {
            let rows = (weigh(&text, piece).in_parts() - PART_BYTES) / ROW_COPIES;
            assert!((505..530).contains(&rows), "{rows}");
        }
    }

    #[test]
    fn a_long_string_outside_the_rows_counts_like_a_row() {
        let text = format!(r#"{{"chunk":{{"done":"{}"#, "x".repeat(500));
        assert!(weigh(&text, 100).in_parts() >= PART_BYTES + 500 * ROW_COPIES);
    }
}
