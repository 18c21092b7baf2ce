//! Media: the messages below `/msync/` and the zips that carry files (`media-sync` 4, 5).
//!
//! Nothing here opens a file or knows a folder: zips are read from anything that can be read and
//! sought in, and written as bytes that the caller puts where they belong.

mod change;
mod list;
mod messages;
pub mod zip;

pub use change::MediaChange;
pub use list::{UploadEntry, download_list, parse_download_list, parse_upload_list, upload_list};
pub use messages::{
    DownloadFilesRequest, MediaAnswer, MediaBeginRequest, MediaBeginResponse, MediaChangesRequest,
    MediaChangesResponse, MediaSanityRequest, MediaSanityResponse, UploadChangesResponse,
};

/// Name of the entry that lists the files of a zip (`media-sync` 5).
pub const LIST_ENTRY: &str = "_meta";
/// A batch takes no further file once its files have more than this many bytes (`media-sync` 6).
pub const BATCH_TARGET_BYTES: u64 = 2_621_440;
/// The largest file that clients synchronise (`media-sync` 6).
pub const LARGEST_FILE_BYTES: u64 = 104_857_600;
