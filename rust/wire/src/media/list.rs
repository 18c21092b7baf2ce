//! The `_meta` entry of both zips: which entry holds which file (`media-sync` 5.1, 5.2).

use std::collections::BTreeMap;

use serde::{Deserialize, Serializer};

/// One line of an upload's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadEntry {
    /// File name.
    pub name: String,
    /// Name of the zip entry with the content; `None` for a deletion.
    pub content: Option<String>,
}

/// The forms in which a line is accepted.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Pair(String, Option<String>),
    Object { actual_filename: String, filename_in_zip: Option<String> },
}

impl From<Line> for UploadEntry {
    fn from(line: Line) -> UploadEntry {
        let (name, content) = match line {
            Line::Pair(name, content) => (name, content),
            Line::Object { actual_filename, filename_in_zip } => (actual_filename, filename_in_zip),
        };
        // Legacy AnkiDroid writes a deletion as an empty text, all others as null.
        UploadEntry { name, content: content.filter(|entry| !entry.is_empty()) }
    }
}

/// Reads the list of an upload.
///
/// # Errors
/// When the JSON is not an array of such lines.
pub fn parse_upload_list(json: &[u8]) -> Result<Vec<UploadEntry>, serde_json::Error> {
    let lines: Vec<Line> = serde_json::from_slice(json)?;
    Ok(lines.into_iter().map(UploadEntry::from).collect())
}

/// The list of an upload, in the form that most clients send.
///
/// # Errors
/// Never in practice: texts can always be written as JSON.
pub fn upload_list(entries: &[UploadEntry]) -> Result<Vec<u8>, serde_json::Error> {
    let lines: Vec<_> = entries.iter().map(|entry| (&entry.name, &entry.content)).collect();
    serde_json::to_vec(&lines)
}

/// Reads the list of a download: entry name → file name.
///
/// # Errors
/// When the JSON is not an object of strings.
pub fn parse_download_list(json: &[u8]) -> Result<BTreeMap<String, String>, serde_json::Error> {
    serde_json::from_slice(json)
}

/// The list of a download: an object of entry name → file name, for entries named `0`, `1`, ….
///
/// # Errors
/// Never in practice: texts can always be written as JSON.
pub fn download_list<'a>(
    names: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut json = Vec::new();
    serde_json::Serializer::new(&mut json).collect_map(
        names.into_iter().enumerate().map(|(entry, name)| (entry.to_string(), name)),
    )?;
    Ok(json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_lists_arrive_as_they_were_sent(
            lines: Vec<(String, Option<String>)>,
        ) {
            let names: Vec<&str> = lines.iter().map(|(name, _)| &**name).collect();
            let read = parse_download_list(&download_list(names.iter().copied()).unwrap()).unwrap();
            let expected = names.iter().enumerate().map(|(entry, name)| (entry.to_string(), (*name).to_owned()));
            prop_assert_eq!(read, expected.collect::<BTreeMap<_, _>>());
            // An empty text means a deletion, too.
            let entries: Vec<UploadEntry> = lines
                .into_iter()
                .map(|(name, content)| UploadEntry { name, content: content.filter(|c| !c.is_empty()) })
                .collect();
            prop_assert_eq!(parse_upload_list(&upload_list(&entries).unwrap()).unwrap(), entries);
        }
    }

    fn entry(name: &str, content: Option<&str>) -> UploadEntry {
        UploadEntry { name: name.to_owned(), content: content.map(str::to_owned) }
    }

    #[test]
    fn lists_of_all_client_generations_are_read() {
        let list = parse_upload_list(
            br#"[["new.txt","0"],["gone.txt",null],["old.txt",""],
                {"actual_filename":"x","filename_in_zip":"3"}]"#,
        );
        assert_eq!(
            list.unwrap(),
            [
                entry("new.txt", Some("0")),
                entry("gone.txt", None),
                entry("old.txt", None),
                entry("x", Some("3")),
            ]
        );
        assert_eq!(parse_upload_list(b"[]").unwrap(), []);
    }

    #[test]
    fn other_shapes_are_refused() {
        for json in ["", "{}", "null", "[1]", r#"[["a"]]"#, r#"[["a","b","c"]]"#, r#"[["a",1]]"#] {
            assert!(parse_upload_list(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn a_download_list_is_an_object() {
        let json = download_list(["f1.txt", "a \"b\".txt"]).unwrap();
        assert_eq!(json, br#"{"0":"f1.txt","1":"a \"b\".txt"}"#);
        assert_eq!(download_list([]).unwrap(), b"{}");
    }
}
