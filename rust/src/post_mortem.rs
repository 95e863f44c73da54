//! Post-mortems: what a channel's programs left behind when all died.

use crate::channel::SharedRingBuffer;
use crate::error::{check, path_text, time_of, Code, Result};
use crate::ffi;
use crate::stats::{ChannelStats, Snapshot};
use std::path::Path;
use std::ptr;
use std::slice;
use std::time::SystemTime;

/// One message that dead programs left, with a copy of its bytes that the post-mortem has.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PostMortemMessage<'a> {
    pub payload: &'a [u8],
    /// Whether a receiver had released it. The others are delivered to the next receiver.
    pub released: bool,
    /// In the order of all records.
    pub position: u64,
    /// The slot of its sender.
    pub sender: u16,
    /// In channels with timestamps, from 1 on.
    pub sequence: Option<u64>,
    /// In channels with timestamps.
    pub sent_at: Option<SystemTime>,
    /// The bytes that were lost between the message before and this one, with headers and padding.
    pub lost_before: u64,
}

/// A claim of a sender that died before it committed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Orphan {
    pub position: u64,
    /// With headers and padding.
    pub bytes: u64,
    /// The slot of the sender, which is known until the claim is released.
    pub sender: Option<u16>,
    /// Whether a receiver had stepped over it. Several in a row may count as one then.
    pub released: bool,
}

/// Reads the messages that the last receiver had released and that are not overwritten, and then
/// those that were not released. It copies the file first and changes nothing of it.
///
/// ```
/// use ipmpsc::{PostMortem, Sender, SharedRingBuffer};
///
/// let (path, buffer) = SharedRingBuffer::create_temp(32 * 1024)?;
/// Sender::new(&buffer)?.send(b"last words")?;   // Then the program dies.
/// let mut found = PostMortem::open(path)?;
/// while let Some(message) = found.next_message()? {
///     println!("{:?} was received: {}", message.payload, message.released);
/// }
/// # Ok::<(), ipmpsc::Error>(())
/// ```
///
/// A message is the post-mortem's until its next call:
///
/// ```compile_fail,E0499
/// # let (path, _buffer) = ipmpsc::SharedRingBuffer::create_temp(4096).unwrap();
/// # let mut found = ipmpsc::PostMortem::open(path).unwrap();
/// let first = found.next_message().unwrap();
/// let second = found.next_message().unwrap();
/// println!("{:?}", first);
/// ```
pub struct PostMortem(*mut ffi::PostMortem);

// SAFETY: one thread at a time may use it, wherever it was made.
unsafe impl Send for PostMortem {}

impl PostMortem {
    /// Copies the file at `path`. Fails with `FailedPrecondition` if a participant of the channel is
    /// alive: use a `Tap` then.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path_text(path.as_ref())?;
        let mut found = ptr::null_mut();
        // SAFETY: the arguments live during the call.
        check(unsafe { ffi::ipmpsc_post_mortem_open(path.as_ptr(), &mut found) })?;
        Ok(PostMortem(found))
    }

    /// Returns the next message, from the oldest one on, and `None` behind the last one. Fails with
    /// `DataLoss` where the channel is damaged: then no more messages can be read.
    pub fn next_message(&mut self) -> Result<Option<PostMortemMessage<'_>>> {
        // SAFETY: a pointer, numbers and bools, which may be zero.
        let mut message: ffi::PostMortemMessage = unsafe { ffi::result_of() };
        // SAFETY: the handle is not shared between threads.
        let status = unsafe { ffi::ipmpsc_post_mortem_next(self.0, &mut message) };
        if status == Code::OutOfRange as i32 {
            return Ok(None);
        }
        check(status)?;
        Ok(Some(PostMortemMessage {
            // SAFETY: the bytes stay until the next call, which needs what the result borrows.
            payload: unsafe { slice::from_raw_parts(message.data.cast(), message.data_size) },
            released: message.released,
            position: message.position,
            sender: message.sender,
            sequence: Some(message.sequence).filter(|&sequence| sequence != 0),
            sent_at: time_of(message.sent_at),
            lost_before: message.lost_before,
        }))
    }

    /// The orphans among the records that were read so far.
    pub fn orphans(&self) -> Result<Vec<Orphan>> {
        // SAFETY: the handle lives.
        let count = unsafe { ffi::ipmpsc_post_mortem_orphans(self.0) };
        (0..count)
            .map(|i| {
                // SAFETY: numbers and bools, which may be zero.
                let mut orphan: ffi::Orphan = unsafe { ffi::result_of() };
                // SAFETY: as above.
                check(unsafe { ffi::ipmpsc_post_mortem_orphan(self.0, i, &mut orphan) })?;
                Ok(Orphan {
                    position: orphan.position,
                    bytes: orphan.bytes,
                    sender: orphan.has_sender.then_some(orphan.sender),
                    released: orphan.released,
                })
            })
            .collect()
    }

    /// The state in which the programs left the channel. `died` says who was attached at the end.
    pub fn stats(&self) -> Result<ChannelStats> {
        let mut snapshot = ptr::null_mut();
        // SAFETY: as above.
        check(unsafe { ffi::ipmpsc_post_mortem_snapshot(self.0, &mut snapshot) })?;
        ChannelStats::of(Snapshot(snapshot))
    }

    /// The copy, for its description. Ends cannot be attached to it.
    pub fn channel(&self) -> Result<SharedRingBuffer> {
        let mut channel = ptr::null_mut();
        // SAFETY: as above.
        check(unsafe { ffi::ipmpsc_post_mortem_channel(self.0, &mut channel) })?;
        Ok(SharedRingBuffer(channel))
    }
}

impl Drop for PostMortem {
    fn drop(&mut self) {
        // SAFETY: the handle is this object's own.
        unsafe { ffi::ipmpsc_post_mortem_free(&mut self.0) }
    }
}
