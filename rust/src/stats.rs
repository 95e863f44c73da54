//! Snapshots: the contents and the users of a channel.

use crate::error::{check, duration_of, time_of, Code, Result};
use crate::ffi;
use std::ffi::CStr;
use std::os::raw::c_char;
use std::time::{Duration, SystemTime};

/// Whether the owner of a slot lives, by the kernel's answer about its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    Dead,
    Alive,
    Unknown,
}

/// The owner of a slot: the present one, or the last one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Participant {
    /// Any bytes of another process, of which those that are no UTF-8 are replaced. Escape it to
    /// print it.
    pub name: String,
    pub liveness: Liveness,
    /// Whether it died without detaching.
    pub died: bool,
    /// 0: it has detached, or never attached.
    pub pid: u32,
    /// Whether `pid` is of this process's PID namespace. Otherwise it means nothing here.
    pub pid_is_ours: bool,
    pub attached: Option<SystemTime>,
}

/// A claimed record that is not committed: a loan that is being filled, or a dead sender's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenClaim {
    pub position: u64,
    /// With header and padding.
    pub bytes: u64,
    pub sender: u16,
}

/// A sender's slot. All counters are over all owners of the slot.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SenderStats {
    pub participant: Participant,
    pub slot: u16,
    /// So far.
    pub owners: u32,
    pub sent_messages: u64,
    /// Of payload.
    pub sent_bytes: u64,
    /// In channels with timestamps.
    pub last_sequence: u64,
    /// Waits for space, and their total time.
    pub full_waits: u64,
    pub waited: Duration,
    /// Claims that another sender made first.
    pub lost_races: u64,
    pub turns: u64,
    /// Sends that found no space and did not wait.
    pub refused: u64,
    /// In lossy channels: messages that found no space.
    pub dropped_messages: u64,
    /// Most bytes in use that it saw when it looked for space.
    pub high_water: u64,
    pub open_claim: Option<OpenClaim>,
}

/// For what a receiver sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiverWait {
    /// It does not sleep, or no receiver is attached.
    None,
    ForClaim,
    ForCommit,
}

/// The present receiver, or the last one. All counters are over all receivers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReceiverStats {
    pub participant: Participant,
    /// The number of receivers so far.
    pub epoch: u32,
    pub wait: ReceiverWait,
    /// Released, with the bytes of their payload.
    pub received_messages: u64,
    pub received_bytes: u64,
    pub discarded_records: u64,
    /// Claims of dead senders that it stepped over, with headers and padding.
    pub orphaned_records: u64,
    pub orphaned_bytes: u64,
    /// Waits in the kernel.
    pub sleeps: u64,
    /// Claimed and not released when a receiver attached.
    pub redelivered_bytes: u64,
    /// Of those received: passed over for newer ones.
    pub skipped_messages: u64,
}

/// The turn of a sender that has waited long for space: the others leave it `bytes`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Turn {
    pub sender: u16,
    pub bytes: u64,
    pub left: Duration,
}

/// The oldest record that is not released.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OldestRecord {
    pub position: u64,
    /// If it is not, the next two fields are 0, and `oldest_open_claim` says who has it.
    pub committed: bool,
    pub payload_bytes: u64,
    pub sender: u16,
}

/// A snapshot of a channel.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChannelStats {
    /// 32 hexadecimal digits.
    pub id: String,
    pub created: Option<SystemTime>,
    /// Bytes for records.
    pub capacity: u64,
    pub max_payload: u64,
    pub max_senders: u32,
    pub timestamps: bool,
    pub huge_pages: bool,
    /// A lossy channel.
    pub drops_newest: bool,
    pub full_barriers: bool,
    pub closed: bool,
    pub replaced: bool,
    pub damaged: bool,
    /// Ends of the claimed and of the released bytes.
    pub claim_position: u64,
    pub release_position: u64,
    /// Bytes in use, with headers and padding.
    pub fill: u64,
    pub high_water: u64,
    /// The sum of the senders'.
    pub dropped_messages: u64,
    pub turn: Option<Turn>,
    pub stale_turn: bool,
    pub senders_wait: bool,
    pub attached_senders: u32,
    pub oldest_open_claim: Option<OpenClaim>,
    /// `None`: everything is released.
    pub oldest_record: Option<OldestRecord>,
    /// Each slot that has had an owner.
    pub senders: Vec<SenderStats>,
    /// `None`: there has been none.
    pub receiver: Option<ReceiverStats>,
}

/// Owns a snapshot of the C interface.
pub(crate) struct Snapshot(pub(crate) *mut ffi::Snapshot);

impl Drop for Snapshot {
    fn drop(&mut self) {
        // SAFETY: the handle is this object's own.
        unsafe { ffi::ipmpsc_snapshot_free(&mut self.0) }
    }
}

fn text(bytes: &[c_char]) -> String {
    // SAFETY: the library writes a NUL behind the text, inside the array.
    unsafe { CStr::from_ptr(bytes.as_ptr()) }.to_string_lossy().into_owned()
}

fn liveness(number: i32) -> Liveness {
    match number {
        0 => Liveness::Dead,
        1 => Liveness::Alive,
        _ => Liveness::Unknown,
    }
}

impl ChannelStats {
    pub(crate) fn of(snapshot: Snapshot) -> Result<Self> {
        // SAFETY: the structure has numbers and bools, which may be zero.
        let mut raw: ffi::ChannelStats = unsafe { ffi::result_of() };
        // SAFETY: both live during the call.
        check(unsafe { ffi::ipmpsc_snapshot_channel(snapshot.0, &mut raw) })?;
        // SAFETY: the handle lives.
        let count = unsafe { ffi::ipmpsc_snapshot_senders(snapshot.0) };
        Ok(ChannelStats {
            id: text(&raw.id),
            created: time_of(raw.created_at),
            capacity: raw.capacity,
            max_payload: raw.max_payload,
            max_senders: raw.max_senders,
            timestamps: raw.timestamps,
            huge_pages: raw.huge_pages,
            drops_newest: raw.drops_newest,
            full_barriers: raw.full_barriers,
            closed: raw.closed,
            replaced: raw.replaced,
            damaged: raw.damaged,
            claim_position: raw.claim_position,
            release_position: raw.release_position,
            fill: raw.fill,
            high_water: raw.high_water,
            dropped_messages: raw.dropped_messages,
            turn: raw.has_turn.then(|| Turn {
                sender: raw.turn_sender,
                bytes: raw.turn_bytes,
                left: duration_of(raw.turn_left),
            }),
            stale_turn: raw.stale_turn,
            senders_wait: raw.senders_wait,
            attached_senders: raw.attached_senders,
            oldest_open_claim: raw.has_oldest_open_claim.then_some(OpenClaim {
                position: raw.oldest_open_claim_position,
                bytes: raw.oldest_open_claim_bytes,
                sender: raw.oldest_open_claim_sender,
            }),
            oldest_record: raw.has_oldest_record.then_some(OldestRecord {
                position: raw.oldest_record_position,
                committed: raw.oldest_record_committed,
                payload_bytes: raw.oldest_record_payload_bytes,
                sender: raw.oldest_record_sender,
            }),
            senders: (0..count).map(|i| sender(&snapshot, i)).collect::<Result<_>>()?,
            receiver: receiver(&snapshot)?,
        })
    }
}

fn sender(snapshot: &Snapshot, i: usize) -> Result<SenderStats> {
    // SAFETY: as above.
    let mut raw: ffi::SenderStats = unsafe { ffi::result_of() };
    // SAFETY: as above.
    check(unsafe { ffi::ipmpsc_snapshot_sender(snapshot.0, i, &mut raw) })?;
    Ok(SenderStats {
        participant: Participant {
            name: text(&raw.name),
            liveness: liveness(raw.liveness),
            died: raw.died,
            pid: raw.pid,
            pid_is_ours: raw.pid_is_ours,
            attached: time_of(raw.attached_at),
        },
        slot: raw.slot,
        owners: raw.owners,
        sent_messages: raw.sent_messages,
        sent_bytes: raw.sent_bytes,
        last_sequence: raw.last_sequence,
        full_waits: raw.full_waits,
        waited: duration_of(raw.waited),
        lost_races: raw.lost_races,
        turns: raw.turns,
        refused: raw.refused,
        dropped_messages: raw.dropped_messages,
        high_water: raw.high_water,
        open_claim: raw.has_open_claim.then_some(OpenClaim {
            position: raw.open_claim_position,
            bytes: raw.open_claim_bytes,
            sender: raw.slot,
        }),
    })
}

fn receiver(snapshot: &Snapshot) -> Result<Option<ReceiverStats>> {
    // SAFETY: as above.
    let mut raw: ffi::ReceiverStats = unsafe { ffi::result_of() };
    // SAFETY: as above.
    let status = unsafe { ffi::ipmpsc_snapshot_receiver(snapshot.0, &mut raw) };
    if status == Code::NotFound as i32 {
        return Ok(None);
    }
    check(status)?;
    Ok(Some(ReceiverStats {
        participant: Participant {
            name: text(&raw.name),
            liveness: liveness(raw.liveness),
            died: raw.died,
            pid: raw.pid,
            pid_is_ours: raw.pid_is_ours,
            attached: time_of(raw.attached_at),
        },
        epoch: raw.epoch,
        wait: match raw.wait {
            1 => ReceiverWait::ForClaim,
            2 => ReceiverWait::ForCommit,
            _ => ReceiverWait::None,
        },
        received_messages: raw.received_messages,
        received_bytes: raw.received_bytes,
        discarded_records: raw.discarded_records,
        orphaned_records: raw.orphaned_records,
        orphaned_bytes: raw.orphaned_bytes,
        sleeps: raw.sleeps,
        redelivered_bytes: raw.redelivered_bytes,
        skipped_messages: raw.skipped_messages,
    }))
}
