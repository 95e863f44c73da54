//! The crate ipmpsc behind a C ABI, for benchmarks/transports/rust_ipmpsc.cc.
use crate::Handler;
use ipmpsc::{Error, Receiver, Sender, SharedRingBuffer};
use serde_bytes::Bytes;
use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_int, c_void};
use std::sync::OnceLock;
use std::time::Duration;

const DONE: c_int = 0;
/// Full, or empty.
const NOT_NOW: c_int = 1;
const FAILED: c_int = -1;

fn failed(what: &str, error: Error) -> c_int {
    eprintln!("ipmpsc: {what}: {error}");
    FAILED
}

unsafe fn text<'a>(path: *const c_char) -> &'a str {
    CStr::from_ptr(path).to_str().expect("a path in UTF-8")
}

#[no_mangle]
pub extern "C" fn peer_ipmpsc_version() -> *const c_char {
    static VERSION: OnceLock<CString> = OnceLock::new();
    VERSION.get_or_init(|| CString::new(ipmpsc::VERSION).unwrap()).as_ptr()
}

/// Creates the file of a ring of `capacity` bytes.
///
/// # Safety
/// `path` ends with a zero, as below.
#[no_mangle]
pub unsafe extern "C" fn peer_ipmpsc_create(path: *const c_char, capacity: u32) -> c_int {
    match SharedRingBuffer::create(text(path), capacity) {
        Ok(_) => DONE,
        Err(error) => failed("create", error),
    }
}

/// A sender, or null.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_ipmpsc_attach_sender(path: *const c_char) -> *mut c_void {
    match SharedRingBuffer::open(text(path)) {
        Ok(ring) => Box::into_raw(Box::new(Sender::new(ring))).cast(),
        Err(error) => {
            failed("open", error);
            std::ptr::null_mut()
        }
    }
}

/// # Safety
/// `sender` is of `peer_ipmpsc_attach_sender`, as below.
#[no_mangle]
pub unsafe extern "C" fn peer_ipmpsc_detach_sender(sender: *mut c_void) {
    drop(Box::from_raw(sender.cast::<Sender>()));
}

/// Sends; sleeps while the ring is full.
///
/// # Safety
/// `bytes` has `size` bytes, as below.
#[no_mangle]
pub unsafe extern "C" fn peer_ipmpsc_send(sender: *mut c_void, bytes: *const u8, size: usize) -> c_int {
    let sender = &*sender.cast::<Sender>();
    match sender.send(&Bytes::new(std::slice::from_raw_parts(bytes, size))) {
        Ok(()) => DONE,
        Err(error) => failed("send", error),
    }
}

/// Sends, unless the ring is full.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_ipmpsc_try_send(sender: *mut c_void, bytes: *const u8, size: usize) -> c_int {
    let sender = &*sender.cast::<Sender>();
    match sender.send_timeout(&Bytes::new(std::slice::from_raw_parts(bytes, size)), Duration::ZERO) {
        Ok(true) => DONE,
        Ok(false) => NOT_NOW,
        Err(error) => failed("send_timeout", error),
    }
}

/// A receiver, or null.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_ipmpsc_attach_receiver(path: *const c_char) -> *mut c_void {
    match SharedRingBuffer::open(text(path)) {
        Ok(ring) => Box::into_raw(Box::new(Receiver::new(ring))).cast(),
        Err(error) => {
            failed("open", error);
            std::ptr::null_mut()
        }
    }
}

/// # Safety
/// `receiver` is of `peer_ipmpsc_attach_receiver`, as below.
#[no_mangle]
pub unsafe extern "C" fn peer_ipmpsc_detach_receiver(receiver: *mut c_void) {
    drop(Box::from_raw(receiver.cast::<Receiver>()));
}

/// Calls `handler` for one message, where it lies; sleeps while there is none.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_ipmpsc_receive(
    receiver: *mut c_void,
    handler: Handler,
    data: *mut c_void,
) -> c_int {
    let mut context = (*receiver.cast::<Receiver>()).zero_copy_context();
    match context.recv::<&Bytes>() {
        Ok(bytes) => {
            handler(bytes.as_ptr(), bytes.len(), data);
            DONE
        }
        Err(error) => failed("recv", error),
    }
}

/// The same, but does not wait.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_ipmpsc_try_receive(
    receiver: *mut c_void,
    handler: Handler,
    data: *mut c_void,
) -> c_int {
    let mut context = (*receiver.cast::<Receiver>()).zero_copy_context();
    match context.try_recv::<&Bytes>() {
        Ok(Some(bytes)) => {
            handler(bytes.as_ptr(), bytes.len(), data);
            DONE
        }
        Ok(None) => NOT_NOW,
        Err(error) => failed("try_recv", error),
    }
}
