//! The functions of ipmpsc/c/ipmpsc.h that this crate calls.

use std::os::raw::{c_char, c_void};

#[repr(C)]
pub struct Channel {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct Sender {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct Loan {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct Receiver {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct Lease {
    _opaque: [u8; 0],
}

#[repr(C)]
pub struct ChannelOptions {
    pub size: usize,
    pub capacity: u64,
    pub max_senders: u32,
    pub mode: u32,
    pub exist_policy: i32,
    pub prefault: bool,
    pub huge_pages: bool,
    pub timestamps: bool,
    pub reserved: bool,
    pub description: *const c_void,
    pub description_size: usize,
}

#[repr(C)]
pub struct OpenOptions {
    pub size: usize,
    pub timeout: i64,
    pub prefault: bool,
    pub reserved: [bool; 7],
}

#[repr(C)]
pub struct SenderOptions {
    pub size: usize,
    pub name: *const c_char,
    pub require_receiver: bool,
    pub require_path: bool,
    pub reserved: [bool; 6],
}

#[repr(C)]
pub struct ReceiverOptions {
    pub size: usize,
    pub name: *const c_char,
    pub timeout: i64,
    pub end_without_senders: bool,
    pub require_path: bool,
    pub reserved: [bool; 6],
}

#[repr(C)]
pub struct Message {
    pub size: usize,
    pub data: *const c_void,
    pub data_size: usize,
    pub position: u64,
    pub sequence: u64,
    pub sent_at: i64,
    pub sender: u16,
    pub reserved: [u16; 3],
}

#[repr(C)]
pub struct Bytes {
    pub data: *const c_void,
    pub size: usize,
}

extern "C" {
    pub fn ipmpsc_status_name(status: i32) -> *const c_char;
    pub fn ipmpsc_error_text() -> *const c_char;

    pub fn ipmpsc_channel_create(
        path: *const c_char,
        options: *const ChannelOptions,
        out: *mut *mut Channel,
    ) -> i32;
    pub fn ipmpsc_channel_create_temp(
        options: *const ChannelOptions,
        out: *mut *mut Channel,
    ) -> i32;
    pub fn ipmpsc_channel_open(
        path: *const c_char,
        options: *const OpenOptions,
        out: *mut *mut Channel,
    ) -> i32;
    pub fn ipmpsc_channel_free(channel: *mut *mut Channel);
    pub fn ipmpsc_channel_close(channel: *mut Channel) -> i32;
    pub fn ipmpsc_channel_path(channel: *const Channel) -> *const c_char;
    pub fn ipmpsc_channel_max_payload(channel: *const Channel) -> usize;

    pub fn ipmpsc_sender_attach(
        channel: *const Channel,
        options: *const SenderOptions,
        out: *mut *mut Sender,
    ) -> i32;
    pub fn ipmpsc_sender_free(sender: *mut *mut Sender);
    pub fn ipmpsc_send(sender: *mut Sender, data: *const c_void, size: usize, timeout: i64) -> i32;
    pub fn ipmpsc_send_when_empty(
        sender: *mut Sender,
        data: *const c_void,
        size: usize,
        timeout: i64,
    ) -> i32;
    pub fn ipmpsc_send_batch(
        sender: *mut Sender,
        messages: *const Bytes,
        count: usize,
        timeout: i64,
    ) -> i32;
    pub fn ipmpsc_claim(
        sender: *mut Sender,
        size: usize,
        timeout: i64,
        out: *mut *mut Loan,
        data: *mut *mut c_void,
    ) -> i32;
    pub fn ipmpsc_loan_publish(loan: *mut *mut Loan, size: usize) -> i32;
    pub fn ipmpsc_loan_discard(loan: *mut *mut Loan);

    pub fn ipmpsc_receiver_attach(
        channel: *const Channel,
        options: *const ReceiverOptions,
        out: *mut *mut Receiver,
    ) -> i32;
    pub fn ipmpsc_receiver_free(receiver: *mut *mut Receiver);
    pub fn ipmpsc_try_receive(
        receiver: *mut Receiver,
        out: *mut *mut Lease,
        message: *mut Message,
    ) -> i32;
    pub fn ipmpsc_receive(
        receiver: *mut Receiver,
        timeout: i64,
        out: *mut *mut Lease,
        message: *mut Message,
    ) -> i32;
    pub fn ipmpsc_lease_release(lease: *mut *mut Lease);
}
