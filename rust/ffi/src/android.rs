//! The library inside a Java virtual machine: the log, and threads that call Java.
//!
//! It works whether the library was loaded by `System.loadLibrary`, which calls [`JNI_OnLoad`], or
//! by JNA, which does not: JNA then attaches and detaches a thread with each call, which is slower
//! but otherwise the same. Load it with `System.loadLibrary` first. No part of it is left out on
//! other systems, so that it is tested there.
//!
//! All unsafe code of the workspace is here.

#![allow(unsafe_code, reason = "the JVM's interface is one of C")]

use std::ffi::c_void;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicPtr, Ordering};

use jni_sys::{JNI_OK, JNI_VERSION_1_6, JavaVM, jint};

/// The JVM that loaded this library; null when none did. There is at most one in a process.
static JVM: AtomicPtr<JavaVM> = AtomicPtr::new(ptr::null_mut());

/// The tag of the log's lines.
const TAG: &str = "deckport";

/// Called by the JVM when `System.loadLibrary` has loaded the library. `vm` is what it passes.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the JVM looks for this name")]
pub extern "system" fn JNI_OnLoad(vm: *mut JavaVM, _reserved: *mut c_void) -> jint {
    JVM.store(vm, Ordering::Release);
    start_logging();
    JNI_VERSION_1_6
}

/// Sends what is logged to Android's log. Does nothing on other systems, and the second time.
pub(crate) fn start_logging() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let config = android_logger::Config::default()
            .with_max_level(::log::LevelFilter::Warn)
            .with_tag(TAG);
        android_logger::init_once(config);
    });
}

/// Lets a new thread of ours call Java, as a daemon, so that it never keeps the JVM
/// from ending. Does nothing without a JVM.
pub(crate) fn attach_thread() {
    let vm = JVM.load(Ordering::Acquire);
    if vm.is_null() {
        return;
    }
    let mut env = ptr::null_mut();
    // SAFETY: `vm` came from the JVM in `JNI_OnLoad` and is valid as long as the process; the
    // table it points to has this function since version 1.4 and `JNI_OnLoad` demands 1.6. `env` is
    // ours to be written, and null arguments mean that name and group do not matter.
    let attached =
        unsafe { ((**vm).v1_4.AttachCurrentThreadAsDaemon)(vm, &raw mut env, ptr::null_mut()) };
    if attached != JNI_OK {
        ::log::warn!("a thread could not be attached to the JVM ({attached})");
    }
}

/// The end of a thread that was attached. A thread that ends attached ends the JVM on Android.
pub(crate) fn detach_thread() {
    let vm = JVM.load(Ordering::Acquire);
    if !vm.is_null() {
        // SAFETY: as in `attach_thread`. Detaching a thread that is not attached does nothing, and
        // no Java frame is on this thread's stack: it is about to end.
        let _ = unsafe { ((**vm).v1_4.DetachCurrentThread)(vm) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_jvm_nothing_happens() {
        attach_thread();
        detach_thread();
        start_logging();
        start_logging();
    }
}
