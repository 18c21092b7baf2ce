//! How much is written to the log.

/// How much is written to the system's log (logcat on Android; nothing elsewhere, unless the
/// program has a logger for Rust).
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What went wrong.
    Error,
    /// And what is odd.
    Warn,
    /// And what is worth knowing.
    Info,
    /// And every event.
    Debug,
}

/// Sets how much is written to the log. `Warn` until it is called. For the whole process.
#[uniffi::export]
pub fn set_log_level(level: LogLevel) {
    crate::android::start_logging();
    ::log::set_max_level(match level {
        LogLevel::Off => ::log::LevelFilter::Off,
        LogLevel::Error => ::log::LevelFilter::Error,
        LogLevel::Warn => ::log::LevelFilter::Warn,
        LogLevel::Info => ::log::LevelFilter::Info,
        LogLevel::Debug => ::log::LevelFilter::Debug,
    });
}
