//! Paths of requests (`transport` 2).

/// A method on the collection, below `/sync/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyncMethod {
    /// Log in.
    HostKey,
    /// State of the collection.
    Meta,
    /// Begin a sync.
    Start,
    /// Send deletions.
    ApplyGraves,
    /// Exchange small objects.
    ApplyChanges,
    /// Fetch cards, notes and reviews.
    Chunk,
    /// Send cards, notes and reviews.
    ApplyChunk,
    /// Compare counts.
    SanityCheck2,
    /// Commit.
    Finish,
    /// Roll back.
    Abort,
    /// Replace the stored collection.
    Upload,
    /// Fetch the stored collection.
    Download,
}

/// A method on the media, below `/msync/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaMethod {
    /// Begin a media sync.
    Begin,
    /// List changes.
    MediaChanges,
    /// Send files.
    UploadChanges,
    /// Fetch files.
    DownloadFiles,
    /// Compare counts.
    MediaSanity,
}

/// A method of either group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// On the collection.
    Sync(SyncMethod),
    /// On the media.
    Media(MediaMethod),
}

impl Method {
    /// The path below an endpoint's address.
    pub fn path(self) -> String {
        match self {
            Method::Sync(method) => format!("sync/{}", method.name()),
            Method::Media(method) => format!("msync/{}", method.name()),
        }
    }

    /// Whether the data of its request is a file rather than JSON.
    pub fn carries_file(self) -> bool {
        matches!(self, Method::Sync(SyncMethod::Upload) | Method::Media(MediaMethod::UploadChanges))
    }

    /// Whether it is a step of a normal sync, from `meta` to `finish` or `abort`.
    pub fn is_step(self) -> bool {
        use SyncMethod::{Download, HostKey, Upload};
        matches!(self, Method::Sync(method) if !matches!(method, HostKey | Upload | Download))
    }

    /// Whether a device's run begins with it, whatever the device wants.
    pub fn begins_a_run(self) -> bool {
        matches!(
            self,
            Method::Sync(SyncMethod::Meta | SyncMethod::Upload | SyncMethod::Download)
                | Method::Media(MediaMethod::Begin)
        )
    }
}

/// What a path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// A collection method.
    Sync(SyncMethod),
    /// A media method.
    Media(MediaMethod),
    /// A path below `sync/` or `msync/` whose method does not exist.
    UnknownMethod,
    /// The health check.
    Health,
    /// Anything else.
    Other,
}

impl SyncMethod {
    /// Every method with its name on the wire. Names are case-sensitive.
    pub const ALL: [(&'static str, SyncMethod); 12] = [
        ("hostKey", SyncMethod::HostKey),
        ("meta", SyncMethod::Meta),
        ("start", SyncMethod::Start),
        ("applyGraves", SyncMethod::ApplyGraves),
        ("applyChanges", SyncMethod::ApplyChanges),
        ("chunk", SyncMethod::Chunk),
        ("applyChunk", SyncMethod::ApplyChunk),
        ("sanityCheck2", SyncMethod::SanityCheck2),
        ("finish", SyncMethod::Finish),
        ("abort", SyncMethod::Abort),
        ("upload", SyncMethod::Upload),
        ("download", SyncMethod::Download),
    ];

    /// The method's name on the wire.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, method)| *method == self).map_or("", |(name, _)| name)
    }
}

impl MediaMethod {
    /// Every method with its name on the wire. Names are case-sensitive.
    pub const ALL: [(&'static str, MediaMethod); 5] = [
        ("begin", MediaMethod::Begin),
        ("mediaChanges", MediaMethod::MediaChanges),
        ("uploadChanges", MediaMethod::UploadChanges),
        ("downloadFiles", MediaMethod::DownloadFiles),
        ("mediaSanity", MediaMethod::MediaSanity),
    ];

    /// The method's name on the wire.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, method)| *method == self).map_or("", |(name, _)| name)
    }
}

impl Route {
    /// The method, if it is one that exists.
    pub fn method(self) -> Option<Method> {
        match self {
            Route::Sync(method) => Some(Method::Sync(method)),
            Route::Media(method) => Some(Method::Media(method)),
            Route::UnknownMethod | Route::Health | Route::Other => None,
        }
    }

    /// Finds the route of a path. Only the last two segments count, empty segments are skipped:
    /// every plausible base address that a person types works (`transport` 2.2). Clients put the number
    /// of a host that they had in the cloud before `sync`, and some ask for a login at the root.
    pub fn parse(path: &str) -> Route {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty()).rev();
        let last = segments.next().unwrap_or_default();
        let group = segments.next();
        match group.map(|group| group.trim_start_matches(|c: char| c.is_ascii_digit())) {
            Some("sync") => find(&SyncMethod::ALL, last).map_or(Route::UnknownMethod, Route::Sync),
            Some("msync") => {
                find(&MediaMethod::ALL, last).map_or(Route::UnknownMethod, Route::Media)
            }
            None if last == SyncMethod::HostKey.name() => Route::Sync(SyncMethod::HostKey),
            _ if last == "health" => Route::Health,
            _ => Route::Other,
        }
    }
}

fn find<T: Copy>(methods: &[(&str, T)], name: &str) -> Option<T> {
    methods.iter().find(|(known, _)| *known == name).map(|(_, method)| *method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_a_person_types_reaches_the_method() {
        for path in [
            "/sync/meta",
            "/sync/meta/",
            "/sync/sync/meta",
            "//sync/meta",
            "/a//sync//meta",
            "/a/b/sync/meta",
            "/msync/sync/meta",
        ] {
            assert_eq!(Route::parse(path), Route::Sync(SyncMethod::Meta), "{path}");
        }
        assert_eq!(Route::parse("/sync/msync/begin"), Route::Media(MediaMethod::Begin));
        assert_eq!(Route::parse("/5sync/meta"), Route::Sync(SyncMethod::Meta));
        assert_eq!(Route::parse("/5msync/begin"), Route::Media(MediaMethod::Begin));
        assert_eq!(Route::parse("/hostKey"), Route::Sync(SyncMethod::HostKey));
    }

    #[test]
    fn other_paths_are_told_apart() {
        assert_eq!(Route::parse("/sync/nonsense"), Route::UnknownMethod);
        assert_eq!(Route::parse("/sync/Meta"), Route::UnknownMethod);
        assert_eq!(Route::parse("/health"), Route::Health);
        assert_eq!(Route::parse("/"), Route::Other);
        assert_eq!(Route::parse("/sync/"), Route::Other);
        assert_eq!(Route::parse("/meta"), Route::Other);
    }

    #[test]
    fn names_round_trip() {
        for (name, method) in SyncMethod::ALL {
            assert_eq!(method.name(), name);
            assert_eq!(Route::parse(&format!("/sync/{name}")), Route::Sync(method));
            assert_eq!(Route::parse(&Method::Sync(method).path()), Route::Sync(method));
        }
        for (name, method) in MediaMethod::ALL {
            assert_eq!(method.name(), name);
            assert_eq!(Route::parse(&format!("/msync/{name}")), Route::Media(method));
            assert_eq!(Route::parse(&Method::Media(method).path()), Route::Media(method));
        }
    }
}
