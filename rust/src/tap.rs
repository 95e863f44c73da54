//! Taps: read a channel beside its receiver, without taking part.

use crate::channel::SharedRingBuffer;
use crate::error::{
    check, nanoseconds, path_text, time_of, unless_empty, unless_late, Code, Result,
};
use crate::ffi;
use std::borrow::Cow;
use std::path::Path;
use std::ptr;
use std::slice;
use std::time::{Duration, SystemTime};

/// Where a tap begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TapStart {
    /// With what is claimed from now on.
    #[default]
    Now = 0,
    /// With the oldest message that the receiver has not released.
    OldestUnreleased = 1,
    /// With the oldest message of the last three quarters of the ring, whether released or not.
    OldestKept = 2,
}

/// One message of a tap, with a copy of its bytes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TapMessage<'a> {
    pub payload: Cow<'a, [u8]>,
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

impl TapMessage<'_> {
    /// Keeps the message beyond the next call of its tap.
    pub fn into_owned(self) -> TapMessage<'static> {
        TapMessage { payload: Cow::Owned(self.payload.into_owned()), ..self }
    }
}

/// The losses of a tap since it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TapLoss {
    /// Overwritten before they were read, with headers and padding. Exact.
    pub bytes: u64,
    /// In these bytes.
    pub messages: u64,
    /// Otherwise `messages` is an estimate.
    pub messages_are_exact: bool,
    /// Times that senders overtook the tap.
    pub overtakings: u64,
    /// Claims of senders that died before they committed, with headers and padding.
    pub holes: u64,
    pub hole_bytes: u64,
}

/// Reads a channel's messages beside its receiver. It takes no slot and no lock and writes nothing.
/// Nothing waits for it, so it may lose messages, and tells how much.
///
/// ```
/// use ipmpsc::{Sender, SharedRingBuffer, Tap, TapStart};
/// use std::time::Duration;
///
/// let (path, buffer) = SharedRingBuffer::create_temp(32 * 1024)?;
/// Sender::new(&buffer)?.send(b"hello")?;
/// let mut tap = Tap::open(path, TapStart::OldestUnreleased)?;
/// for message in tap.messages(Duration::from_millis(10)) {
///     let message = message?;
///     println!("{} bytes, {} lost before them", message.payload.len(), message.lost_before);
/// }
/// println!("{} bytes were lost", tap.loss()?.bytes);
/// # Ok::<(), ipmpsc::Error>(())
/// ```
///
/// The bytes of a message are the tap's until its next call, or until `into_owned`:
///
/// ```compile_fail,E0499
/// # let (_, buffer) = ipmpsc::SharedRingBuffer::create_temp(4096).unwrap();
/// # let mut tap = ipmpsc::Tap::over(&buffer, ipmpsc::TapStart::Now).unwrap();
/// let first = tap.try_next().unwrap();
/// let second = tap.try_next().unwrap();
/// println!("{:?}", first);
/// ```
pub struct Tap(*mut ffi::Tap);

// SAFETY: one thread at a time may use it, wherever it was made.
unsafe impl Send for Tap {}

impl Tap {
    /// Opens the channel at `path` to look. This needs only the permission to read.
    pub fn open(path: impl AsRef<Path>, start: TapStart) -> Result<Self> {
        let path = path_text(path.as_ref())?;
        let mut tap = ptr::null_mut();
        // SAFETY: the arguments live during the call.
        check(unsafe { ffi::ipmpsc_tap_open(path.as_ptr(), &Self::options(start), &mut tap) })?;
        Ok(Tap(tap))
    }

    /// Looks at an open channel.
    pub fn over(buffer: &SharedRingBuffer, start: TapStart) -> Result<Self> {
        let mut tap = ptr::null_mut();
        // SAFETY: as above. The tap keeps the channel alive.
        check(unsafe { ffi::ipmpsc_tap_over(buffer.0, &Self::options(start), &mut tap) })?;
        Ok(Tap(tap))
    }

    fn options(start: TapStart) -> ffi::TapOptions {
        let size = std::mem::size_of::<ffi::TapOptions>();
        ffi::TapOptions { size, start: start as i32, reserved: 0 }
    }

    /// Returns the next message, or `None` if there is none now. Fails with `OutOfRange` when the
    /// channel is closed, and with `Aborted` when it was replaced, and all messages have been read.
    pub fn try_next(&mut self) -> Result<Option<TapMessage<'_>>> {
        let mut message = empty_message();
        // SAFETY: the handle is not shared between threads.
        let status = unsafe { ffi::ipmpsc_tap_try_next(self.0, &mut message) };
        // SAFETY: the bytes stay until the next call, which needs the tap that the result borrows.
        Ok(unless_empty(status)?.map(|()| unsafe { message_of(&message) }))
    }

    /// As `try_next`, and waits for a message up to `timeout`. It looks every 2 milliseconds.
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<TapMessage<'_>>> {
        let mut message = empty_message();
        // SAFETY: as above.
        let read = check(unsafe {
            ffi::ipmpsc_tap_next(self.0, nanoseconds(Some(timeout)), &mut message)
        });
        // SAFETY: as above.
        Ok(unless_late(read)?.map(|()| unsafe { message_of(&message) }))
    }

    /// Iterates over the messages. It ends when none comes within `timeout`, or when the channel is
    /// closed and all have been read. It can be made again.
    pub fn messages(&mut self, timeout: Duration) -> TapMessages<'_> {
        TapMessages { tap: self, timeout, ended: false }
    }

    /// Returns the losses since the tap was opened.
    pub fn loss(&self) -> Result<TapLoss> {
        // SAFETY: numbers and bools, which may be zero.
        let mut loss: ffi::TapLoss = unsafe { ffi::result_of() };
        // SAFETY: as above.
        check(unsafe { ffi::ipmpsc_tap_get_loss(self.0, &mut loss) })?;
        Ok(TapLoss {
            bytes: loss.bytes,
            messages: loss.messages,
            messages_are_exact: loss.messages_are_exact,
            overtakings: loss.overtakings,
            holes: loss.holes,
            hole_bytes: loss.hole_bytes,
        })
    }

    /// The position of the next record, or of the next search.
    pub fn position(&self) -> u64 {
        // SAFETY: as above.
        unsafe { ffi::ipmpsc_tap_position(self.0) }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        // SAFETY: the handle is this object's own.
        unsafe { ffi::ipmpsc_tap_free(&mut self.0) }
    }
}

/// The messages of a tap, as `Tap::messages` describes.
pub struct TapMessages<'a> {
    tap: &'a mut Tap,
    timeout: Duration,
    ended: bool,
}

impl Iterator for TapMessages<'_> {
    type Item = Result<TapMessage<'static>>;

    /// An error is the last item.
    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.tap.next_timeout(self.timeout) {
            Ok(Some(message)) => return Some(Ok(message.into_owned())),
            Ok(None) => (),
            Err(error) if error.code() == Code::OutOfRange => (),
            Err(error) => {
                self.ended = true;
                return Some(Err(error));
            }
        }
        self.ended = true;
        None
    }
}

fn empty_message() -> ffi::TapMessage {
    // SAFETY: a pointer and numbers, which may be zero.
    unsafe { ffi::result_of() }
}

/// # Safety
/// The bytes of `message` live as long as the result.
unsafe fn message_of<'a>(message: &ffi::TapMessage) -> TapMessage<'a> {
    TapMessage {
        payload: Cow::Borrowed(slice::from_raw_parts(message.data.cast(), message.data_size)),
        position: message.position,
        sender: message.sender,
        sequence: Some(message.sequence).filter(|&sequence| sequence != 0),
        sent_at: time_of(message.sent_at),
        lost_before: message.lost_before,
    }
}
