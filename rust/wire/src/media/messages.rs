//! The JSON bodies of the media methods (`media-sync` 4).

use serde::{Deserialize, Serialize};

use super::MediaChange;
use crate::time::Usn;

/// The object around every answer but that of `downloadFiles` (`media-sync` 3.4).
///
/// Both members are always sent: old clients fail without `err`, and legacy AnkiDroid takes an
/// `err` that is not empty for a failure even when there is data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaAnswer<T> {
    /// The result, `None` for a refusal.
    pub data: Option<T>,
    /// Text that every client shows to the person; empty on success.
    pub err: String,
}

impl<T> MediaAnswer<T> {
    /// A success.
    pub fn ok(data: T) -> MediaAnswer<T> {
        MediaAnswer { data: Some(data), err: String::new() }
    }

    /// A refusal with a text for the person. Not for `downloadFiles`: clients take the JSON for a
    /// broken zip there.
    pub fn refused(text: impl Into<String>) -> MediaAnswer<T> {
        MediaAnswer { data: None, err: text.into() }
    }
}

/// `begin` by POST: a media sync starts (`media-sync` 4.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaBeginRequest {
    /// Client version text, e.g. `anki,26.09.3 (29bb700b),linux`. Must not be empty.
    #[serde(rename = "v")]
    pub client_version: String,
}

/// Answer to `begin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaBeginResponse {
    /// The current media usn.
    pub usn: Usn,
    /// What old clients send as `sk` from now on; must be present for all.
    #[serde(rename = "sk")]
    pub session_key: String,
}

/// `mediaChanges`: asks for a page of changes (`media-sync` 4.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaChangesRequest {
    /// The client has everything up to here. May be negative or larger than the endpoint's usn.
    #[serde(rename = "lastUsn")]
    pub last_usn: Usn,
}

/// Answer to `mediaChanges`: a page, ascending by usn; empty when nothing is newer.
pub type MediaChangesResponse = Vec<MediaChange>;

/// `downloadFiles`: asks for a zip of these files (`media-sync` 4.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadFilesRequest {
    /// Names, at most 25 from released clients.
    #[serde(rename = "files")]
    pub names: Vec<String>,
}

/// Answer to `uploadChanges` (`media-sync` 4.4): travels as an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadChangesResponse(
    /// Number of entries in the list of the request, also those that changed nothing.
    pub u32,
    /// Media usn after the batch.
    pub Usn,
);

/// `mediaSanity`: compares the number of files (`media-sync` 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaSanityRequest {
    /// Files that the client holds.
    pub local: u32,
}

/// Answer to `mediaSanity`. Clients know no other text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MediaSanityResponse {
    /// Both sides hold the same number of files.
    #[serde(rename = "OK")]
    Ok,
    /// They do not: the client forgets its media database and starts from scratch next time.
    #[serde(rename = "mediaSanity")]
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json<T: Serialize>(value: T) -> String {
        serde_json::to_string(&value).unwrap()
    }

    #[test]
    fn answers_always_have_both_members() {
        let begin = MediaBeginResponse { usn: 5, session_key: "26ae".to_owned() };
        assert_eq!(json(MediaAnswer::ok(begin)), r#"{"data":{"usn":5,"sk":"26ae"},"err":""}"#);
        assert_eq!(
            json(MediaAnswer::<MediaBeginResponse>::refused("no space")),
            r#"{"data":null,"err":"no space"}"#
        );
        assert_eq!(json(MediaAnswer::ok(MediaSanityResponse::Ok)), r#"{"data":"OK","err":""}"#);
        assert_eq!(
            json(MediaAnswer::ok(MediaSanityResponse::Failed)),
            r#"{"data":"mediaSanity","err":""}"#
        );
    }

    #[test]
    fn the_upload_answer_is_an_array() {
        assert_eq!(json(UploadChangesResponse(3, 70)), "[3,70]");
    }

    #[test]
    fn changes_are_arrays_with_an_empty_text_for_deletions() {
        let page: MediaChangesResponse = vec![
            MediaChange { name: "a.txt".to_owned(), usn: 67, sha1: Some([0xab; 20]) },
            MediaChange { name: "b.txt".to_owned(), usn: 68, sha1: None },
        ];
        assert_eq!(
            json(MediaAnswer::ok(page)),
            format!(r#"{{"data":[["a.txt",67,"{}"],["b.txt",68,""]],"err":""}}"#, "ab".repeat(20))
        );
    }

    #[test]
    fn requests_of_real_clients_are_read() {
        let begin: MediaBeginRequest =
            serde_json::from_str(r#"{"v":"anki,26.09.3 (29bb700b),linux"}"#).unwrap();
        assert_eq!(begin.client_version, "anki,26.09.3 (29bb700b),linux");
        let changes: MediaChangesRequest = serde_json::from_str(r#"{"lastUsn":-1}"#).unwrap();
        assert_eq!(changes.last_usn, -1);
        let files: DownloadFilesRequest =
            serde_json::from_str(r#"{"files":["f1.txt","f2.txt"]}"#).unwrap();
        assert_eq!(files.names, ["f1.txt", "f2.txt"]);
        let sanity: MediaSanityRequest = serde_json::from_str(r#"{"local":65}"#).unwrap();
        assert_eq!(sanity.local, 65);
        assert!(serde_json::from_str::<MediaSanityRequest>(r#"{"local":-1}"#).is_err());
        assert!(serde_json::from_str::<MediaChangesRequest>("{}").is_err());
    }
}
