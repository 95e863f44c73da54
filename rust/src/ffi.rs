//! The structures and functions of ipmpsc/c that this crate uses, under the names there.

use crate::wait_set::Ready;
use std::os::raw::{c_char, c_int, c_void};

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
pub struct Tap {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct Snapshot {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct WaitSet {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct PostMortem {
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
    pub on_full: i32,
    pub accept_smaller: bool,
    pub reserved_too: [bool; 3],
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
    pub timeout: i64,
}

#[repr(C)]
pub struct ReceiverOptions {
    pub size: usize,
    pub name: *const c_char,
    pub timeout: i64,
    pub end_without_senders: bool,
    pub require_path: bool,
    pub reserved: [bool; 6],
    pub start: i32,
    pub reserved_too: i32,
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

#[repr(C)]
pub struct TapOptions {
    pub size: usize,
    pub start: i32,
    pub reserved: i32,
}

#[repr(C)]
pub struct TapMessage {
    pub size: usize,
    pub data: *const c_void,
    pub data_size: usize,
    pub position: u64,
    pub sequence: u64,
    pub sent_at: i64,
    pub lost_before: u64,
    pub sender: u16,
    pub reserved: [u16; 3],
}

#[repr(C)]
pub struct TapLoss {
    pub size: usize,
    pub bytes: u64,
    pub messages: u64,
    pub overtakings: u64,
    pub holes: u64,
    pub hole_bytes: u64,
    pub messages_are_exact: bool,
    pub reserved: [bool; 7],
}

#[repr(C)]
pub struct ChannelStats {
    pub size: usize,
    pub id: [c_char; 33],
    pub timestamps: bool,
    pub huge_pages: bool,
    pub full_barriers: bool,
    pub closed: bool,
    pub replaced: bool,
    pub damaged: bool,
    pub senders_wait: bool,
    pub created_at: i64,
    pub capacity: u64,
    pub max_payload: u64,
    pub claim_position: u64,
    pub release_position: u64,
    pub fill: u64,
    pub high_water: u64,
    pub max_senders: u32,
    pub attached_senders: u32,
    pub has_turn: bool,
    pub has_oldest_open_claim: bool,
    pub has_oldest_record: bool,
    pub oldest_record_committed: bool,
    pub turn_sender: u16,
    pub oldest_open_claim_sender: u16,
    pub turn_bytes: u64,
    pub turn_left: i64,
    pub oldest_open_claim_position: u64,
    pub oldest_open_claim_bytes: u64,
    pub oldest_record_position: u64,
    pub oldest_record_payload_bytes: u64,
    pub oldest_record_sender: u16,
    pub reserved: [u16; 3],
    pub dropped_messages: u64,
    pub drops_newest: bool,
    pub stale_turn: bool,
    pub reserved_too: [bool; 6],
}

#[repr(C)]
pub struct SenderStats {
    pub size: usize,
    pub name: [c_char; 65],
    pub pid_is_ours: bool,
    pub died: bool,
    pub has_open_claim: bool,
    pub liveness: i32,
    pub pid: u32,
    pub owners: u32,
    pub slot: u16,
    pub reserved: [u16; 3],
    pub attached_at: i64,
    pub sent_messages: u64,
    pub sent_bytes: u64,
    pub last_sequence: u64,
    pub full_waits: u64,
    pub waited: i64,
    pub lost_races: u64,
    pub turns: u64,
    pub refused: u64,
    pub high_water: u64,
    pub open_claim_position: u64,
    pub open_claim_bytes: u64,
    pub dropped_messages: u64,
}

#[repr(C)]
pub struct ReceiverStats {
    pub size: usize,
    pub name: [c_char; 65],
    pub pid_is_ours: bool,
    pub died: bool,
    pub reserved: bool,
    pub liveness: i32,
    pub pid: u32,
    pub epoch: u32,
    pub wait: i32,
    pub reserved_too: u32,
    pub attached_at: i64,
    pub received_messages: u64,
    pub received_bytes: u64,
    pub discarded_records: u64,
    pub orphaned_records: u64,
    pub orphaned_bytes: u64,
    pub sleeps: u64,
    pub redelivered_bytes: u64,
    pub skipped_messages: u64,
}

#[repr(C)]
pub struct WaitSetOptions {
    pub size: usize,
    pub mechanism: i32,
    pub reserved: i32,
}

#[repr(C)]
pub struct PostMortemMessage {
    pub size: usize,
    pub data: *const c_void,
    pub data_size: usize,
    pub position: u64,
    pub sequence: u64,
    pub sent_at: i64,
    pub lost_before: u64,
    pub sender: u16,
    pub released: bool,
    pub reserved: [bool; 5],
}

#[repr(C)]
pub struct Orphan {
    pub size: usize,
    pub position: u64,
    pub bytes: u64,
    pub sender: u16,
    pub has_sender: bool,
    pub released: bool,
    pub reserved: [bool; 4],
}

/// A structure of results, all zero but its size, for a function to fill.
///
/// # Safety
/// All bits zero are a value of `T`, whose first field is `size: usize`.
pub unsafe fn result_of<T>() -> T {
    let mut zeroed: T = std::mem::zeroed();
    (&mut zeroed as *mut T).cast::<usize>().write(std::mem::size_of::<T>());
    zeroed
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
    pub fn ipmpsc_channel_open_read_only(
        path: *const c_char,
        options: *const OpenOptions,
        out: *mut *mut Channel,
    ) -> i32;
    pub fn ipmpsc_channel_free(channel: *mut *mut Channel);
    pub fn ipmpsc_channel_close(channel: *mut Channel) -> i32;
    pub fn ipmpsc_channel_path(channel: *const Channel) -> *const c_char;
    pub fn ipmpsc_channel_max_payload(channel: *const Channel) -> usize;
    pub fn ipmpsc_channel_released_position(channel: *const Channel) -> u64;
    pub fn ipmpsc_channel_description(channel: *const Channel, size: *mut usize) -> *const c_void;

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

    pub fn ipmpsc_sender_dropped(sender: *const Sender) -> u64;
    pub fn ipmpsc_sender_sent_position(sender: *const Sender) -> u64;
    pub fn ipmpsc_sender_set_next_sequence(sender: *mut Sender, sequence: u64) -> i32;
    pub fn ipmpsc_wait_until_released(sender: *mut Sender, position: u64, timeout: i64) -> i32;
    pub fn ipmpsc_sender_interrupt(sender: *mut Sender);
    pub fn ipmpsc_sender_fd(sender: *mut Sender, payload_size: usize, fd: *mut c_int) -> i32;
    pub fn ipmpsc_sender_arm(sender: *mut Sender) -> bool;

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
    pub fn ipmpsc_try_receive_latest(
        receiver: *mut Receiver,
        out: *mut *mut Lease,
        message: *mut Message,
    ) -> i32;
    pub fn ipmpsc_receive_latest(
        receiver: *mut Receiver,
        timeout: i64,
        out: *mut *mut Lease,
        message: *mut Message,
    ) -> i32;
    pub fn ipmpsc_lease_release(lease: *mut *mut Lease);
    pub fn ipmpsc_receiver_skipped(receiver: *const Receiver, bytes: *mut u64) -> u64;
    pub fn ipmpsc_receiver_dropped(receiver: *const Receiver) -> u64;
    pub fn ipmpsc_receiver_interrupt(receiver: *mut Receiver);
    pub fn ipmpsc_receiver_fd(receiver: *mut Receiver, fd: *mut c_int) -> i32;
    pub fn ipmpsc_receiver_arm(receiver: *mut Receiver) -> bool;

    pub fn ipmpsc_tap_open(
        path: *const c_char,
        options: *const TapOptions,
        out: *mut *mut Tap,
    ) -> i32;
    pub fn ipmpsc_tap_over(
        channel: *const Channel,
        options: *const TapOptions,
        out: *mut *mut Tap,
    ) -> i32;
    pub fn ipmpsc_tap_free(tap: *mut *mut Tap);
    pub fn ipmpsc_tap_try_next(tap: *mut Tap, message: *mut TapMessage) -> i32;
    pub fn ipmpsc_tap_next(tap: *mut Tap, timeout: i64, message: *mut TapMessage) -> i32;
    pub fn ipmpsc_tap_position(tap: *const Tap) -> u64;
    pub fn ipmpsc_tap_get_loss(tap: *const Tap, loss: *mut TapLoss) -> i32;

    pub fn ipmpsc_snapshot_take(channel: *const Channel, out: *mut *mut Snapshot) -> i32;
    pub fn ipmpsc_snapshot_free(snapshot: *mut *mut Snapshot);
    pub fn ipmpsc_snapshot_channel(snapshot: *const Snapshot, stats: *mut ChannelStats) -> i32;
    pub fn ipmpsc_snapshot_sender(
        snapshot: *const Snapshot,
        i: usize,
        stats: *mut SenderStats,
    ) -> i32;
    pub fn ipmpsc_snapshot_receiver(snapshot: *const Snapshot, stats: *mut ReceiverStats) -> i32;
    pub fn ipmpsc_snapshot_senders(snapshot: *const Snapshot) -> usize;

    pub fn ipmpsc_wait_set_create(options: *const WaitSetOptions, out: *mut *mut WaitSet) -> i32;
    pub fn ipmpsc_wait_set_free(set: *mut *mut WaitSet);
    pub fn ipmpsc_wait_set_add_receiver(
        set: *mut WaitSet,
        receiver: *mut Receiver,
        tag: u64,
    ) -> i32;
    pub fn ipmpsc_wait_set_add_sender(
        set: *mut WaitSet,
        sender: *mut Sender,
        payload_size: usize,
        tag: u64,
    ) -> i32;
    pub fn ipmpsc_wait_set_add_fd(set: *mut WaitSet, fd: c_int, events: u32, tag: u64) -> i32;
    pub fn ipmpsc_wait_set_remove_receiver(set: *mut WaitSet, receiver: *mut Receiver) -> i32;
    pub fn ipmpsc_wait_set_remove_sender(set: *mut WaitSet, sender: *mut Sender) -> i32;
    pub fn ipmpsc_wait_set_remove_fd(set: *mut WaitSet, fd: c_int) -> i32;
    pub fn ipmpsc_wait_set_wait(
        set: *mut WaitSet,
        timeout: i64,
        ready: *mut Ready,
        capacity: usize,
        count: *mut usize,
    ) -> i32;
    pub fn ipmpsc_wait_set_fd(set: *mut WaitSet, fd: *mut c_int) -> i32;
    pub fn ipmpsc_wait_set_interrupt(set: *mut WaitSet);

    pub fn ipmpsc_post_mortem_open(path: *const c_char, out: *mut *mut PostMortem) -> i32;
    pub fn ipmpsc_post_mortem_free(post_mortem: *mut *mut PostMortem);
    pub fn ipmpsc_post_mortem_next(
        post_mortem: *mut PostMortem,
        message: *mut PostMortemMessage,
    ) -> i32;
    pub fn ipmpsc_post_mortem_orphans(post_mortem: *const PostMortem) -> usize;
    pub fn ipmpsc_post_mortem_orphan(
        post_mortem: *const PostMortem,
        i: usize,
        orphan: *mut Orphan,
    ) -> i32;
    pub fn ipmpsc_post_mortem_snapshot(
        post_mortem: *const PostMortem,
        out: *mut *mut Snapshot,
    ) -> i32;
    pub fn ipmpsc_post_mortem_channel(
        post_mortem: *const PostMortem,
        out: *mut *mut Channel,
    ) -> i32;
}
