//! Peers that are written in Rust, or that a crate brings, behind a C ABI: benchmarks/transports has
//! the other side of each.
use std::os::raw::c_void;

pub mod aeron;
pub mod iceoryx2;
mod iceoryx2_common;
pub mod iceoryx2_service;
pub mod ipmpsc;

/// Is called with a message where it lies; the last argument is the caller's.
pub type Handler = extern "C" fn(*const u8, usize, *mut c_void);
