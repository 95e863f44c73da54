//! Aeron's many-to-one ring buffer behind a C ABI, for benchmarks/transports/aeron_ring.cc.
//!
//! The functions take the ring's own C structure by pointer; only what C++ cannot know, its size,
//! is hidden.
use std::os::raw::{c_char, c_int, c_void};

#[repr(C)]
struct Ring {
    buffer: *mut u8,
    descriptor: *mut c_void,
    capacity: usize,
    max_message_length: usize,
}

type Handler = extern "C" fn(i32, *const c_void, usize, *mut c_void);

extern "C" {
    fn aeron_mpsc_rb_init(ring: *mut Ring, buffer: *mut c_void, length: usize) -> c_int;
    fn aeron_mpsc_rb_write(ring: *mut Ring, id: i32, bytes: *const c_void, size: usize) -> c_int;
    fn aeron_mpsc_rb_try_claim(ring: *mut Ring, id: i32, size: usize) -> i32;
    fn aeron_mpsc_rb_commit(ring: *mut Ring, offset: i32) -> c_int;
    fn aeron_mpsc_rb_read(ring: *mut Ring, handler: Handler, data: *mut c_void, limit: usize) -> usize;
}

/// Called by the ring for a capacity that it does not take. `init` returns that error itself.
#[no_mangle]
pub extern "C" fn aeron_err_set() {}

#[no_mangle]
pub extern "C" fn peer_aeron_version() -> *const c_char {
    concat!(env!("AERON_VERSION"), "\0").as_ptr().cast()
}

/// A ring over `length` bytes of shared memory; null if Aeron does not take the length.
///
/// # Safety
/// The memory stays mapped until `peer_aeron_detach`.
#[no_mangle]
pub unsafe extern "C" fn peer_aeron_attach(memory: *mut c_void, length: usize) -> *mut c_void {
    let mut ring = Box::new(Ring {
        buffer: std::ptr::null_mut(),
        descriptor: std::ptr::null_mut(),
        capacity: 0,
        max_message_length: 0,
    });
    if aeron_mpsc_rb_init(&mut *ring, memory, length) != 0 {
        return std::ptr::null_mut();
    }
    Box::into_raw(ring).cast()
}

/// # Safety
/// `ring` is of `peer_aeron_attach`, as below.
#[no_mangle]
pub unsafe extern "C" fn peer_aeron_detach(ring: *mut c_void) {
    drop(Box::from_raw(ring.cast::<Ring>()));
}

/// 0: written; -1: full; -2: wrong size.
///
/// # Safety
/// `bytes` has `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn peer_aeron_write(ring: *mut c_void, bytes: *const c_void, size: usize) -> c_int {
    aeron_mpsc_rb_write(ring.cast(), 1, bytes, size)
}

/// The offset of `size` bytes in the ring's memory; -1: full; -2: wrong size.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_aeron_try_claim(ring: *mut c_void, size: usize) -> i32 {
    aeron_mpsc_rb_try_claim(ring.cast(), 1, size)
}

/// # Safety
/// As above; `offset` is of `peer_aeron_try_claim`.
#[no_mangle]
pub unsafe extern "C" fn peer_aeron_commit(ring: *mut c_void, offset: i32) -> c_int {
    aeron_mpsc_rb_commit(ring.cast(), offset)
}

/// Calls `handler` for at most `limit` messages; returns how many they were.
///
/// # Safety
/// As above; one process reads.
#[no_mangle]
pub unsafe extern "C" fn peer_aeron_read(
    ring: *mut c_void,
    handler: Handler,
    data: *mut c_void,
    limit: usize,
) -> usize {
    aeron_mpsc_rb_read(ring.cast(), handler, data, limit)
}
