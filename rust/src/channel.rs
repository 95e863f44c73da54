//! Channels and their options.

use crate::error::{check, nanoseconds, path_text, Result};
use crate::ffi;
use crate::stats::{ChannelStats, Snapshot};
use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::slice;
use std::time::Duration;

/// The choice of `SharedRingBuffer::create_with` when the path is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exist {
    /// It fails with `AlreadyExists`.
    #[default]
    Fail = 0,
    /// It opens the existing channel unless that has ended.
    Open = 1,
    /// It puts the new channel in its place, atomically.
    Replace = 2,
    /// As `Open`, but it replaces a channel that has ended.
    OpenOrReplace = 3,
}

/// The fate of a message for which a channel has no space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFull {
    /// Its sender waits, as long as it wants to.
    #[default]
    Wait = 0,
    /// A lossy channel: the message is dropped and counted. No function that sends waits for space:
    /// it fails with `ResourceExhausted`.
    DropNewest = 1,
}

/// How a channel is created. Zeros mean the defaults.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ChannelOptions {
    /// Bytes for records, 1 to 2^46. 0: 1 MiB.
    pub capacity: u64,
    /// 1 to 4096. 0: 64.
    pub max_senders: u32,
    /// Permission bits of the file. 0: 0o600.
    pub mode: u32,
    pub exist: Exist,
    /// Maps every page at creation instead of at its first touch.
    pub prefault: bool,
    /// Asks for huge pages.
    pub huge_pages: bool,
    /// Messages carry the time of their commit and a sequence number.
    pub timestamps: bool,
    pub on_full: OnFull,
    /// `Exist::Open` accepts a channel that has less than these options ask for.
    pub accept_smaller: bool,
    /// At most 16 MiB.
    pub description: Vec<u8>,
}

impl ChannelOptions {
    /// The defaults, with `capacity` bytes for records.
    pub fn new(capacity: u64) -> Self {
        ChannelOptions { capacity, ..Self::default() }
    }

    fn raw(&self) -> ffi::ChannelOptions {
        ffi::ChannelOptions {
            size: std::mem::size_of::<ffi::ChannelOptions>(),
            capacity: self.capacity,
            max_senders: self.max_senders,
            mode: self.mode,
            exist_policy: self.exist as i32,
            prefault: self.prefault,
            huge_pages: self.huge_pages,
            timestamps: self.timestamps,
            reserved: false,
            description: self.description.as_ptr().cast(),
            description_size: self.description.len(),
            on_full: self.on_full as i32,
            accept_smaller: self.accept_smaller,
            reserved_too: [false; 3],
        }
    }
}

/// A channel: a ring buffer in a file that processes map. The file stays until it is removed.
pub struct SharedRingBuffer(pub(crate) *mut ffi::Channel);

// SAFETY: a channel's handle is thread-safe.
unsafe impl Send for SharedRingBuffer {}
unsafe impl Sync for SharedRingBuffer {}

impl SharedRingBuffer {
    /// Creates a channel at `path` with at least `size_in_bytes` for records. Fails with
    /// `AlreadyExists` if the path is taken.
    pub fn create(path: impl AsRef<Path>, size_in_bytes: u64) -> Result<Self> {
        Self::create_with(path, &ChannelOptions::new(size_in_bytes))
    }

    /// Creates a channel at `path`, or opens or replaces the one that is there as `options.exist`
    /// says.
    pub fn create_with(path: impl AsRef<Path>, options: &ChannelOptions) -> Result<Self> {
        let path = path_text(path.as_ref())?;
        let mut channel = ptr::null_mut();
        // SAFETY: the arguments live during the call.
        check(unsafe { ffi::ipmpsc_channel_create(path.as_ptr(), &options.raw(), &mut channel) })?;
        Ok(SharedRingBuffer(channel))
    }

    /// Creates a channel under a new name, which is removed with its last user of this process.
    pub fn create_temp(size_in_bytes: u64) -> Result<(String, Self)> {
        Self::create_temp_with(&ChannelOptions::new(size_in_bytes))
    }

    /// As `create_temp`, with all options but `exist`.
    pub fn create_temp_with(options: &ChannelOptions) -> Result<(String, Self)> {
        let mut channel = ptr::null_mut();
        // SAFETY: as above.
        check(unsafe { ffi::ipmpsc_channel_create_temp(&options.raw(), &mut channel) })?;
        let buffer = SharedRingBuffer(channel);
        let path = buffer.path().to_string_lossy().into_owned();
        Ok((path, buffer))
    }

    /// Opens the channel at `path`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_timeout(path, Duration::ZERO)
    }

    /// Opens the channel at `path`, and waits up to `timeout` for it to be created.
    pub fn open_timeout(path: impl AsRef<Path>, timeout: Duration) -> Result<Self> {
        let path = path_text(path.as_ref())?;
        let options = ffi::OpenOptions {
            size: std::mem::size_of::<ffi::OpenOptions>(),
            timeout: nanoseconds(Some(timeout)),
            prefault: false,
            reserved: [false; 7],
        };
        let mut channel = ptr::null_mut();
        // SAFETY: as above.
        check(unsafe { ffi::ipmpsc_channel_open(path.as_ptr(), &options, &mut channel) })?;
        Ok(SharedRingBuffer(channel))
    }

    /// Opens the channel at `path` to look: for `stats` and taps. This needs only the permission to
    /// read. Nothing can attach to it.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self> {
        let path = path_text(path.as_ref())?;
        let mut channel = ptr::null_mut();
        // SAFETY: as above.
        check(unsafe {
            ffi::ipmpsc_channel_open_read_only(path.as_ptr(), ptr::null(), &mut channel)
        })?;
        Ok(SharedRingBuffer(channel))
    }

    /// The path by which it was created or opened. Empty if it has none.
    pub fn path(&self) -> &Path {
        // SAFETY: the string belongs to the channel, which lives as long as the result.
        let path = unsafe { CStr::from_ptr(ffi::ipmpsc_channel_path(self.0)) };
        Path::new(OsStr::from_bytes(path.to_bytes()))
    }

    /// The description that `ChannelOptions` gave it.
    pub fn description(&self) -> &[u8] {
        let mut size = 0;
        // SAFETY: the bytes belong to the channel, never change, and are never NULL.
        unsafe {
            let data = ffi::ipmpsc_channel_description(self.0, &mut size);
            slice::from_raw_parts(data.cast(), size)
        }
    }

    /// The position up to which the receiver has released all messages.
    pub fn released_position(&self) -> u64 {
        // SAFETY: the handle lives, and is thread-safe.
        unsafe { ffi::ipmpsc_channel_released_position(self.0) }
    }

    /// Returns the contents and the users of the channel. Takes no lock and writes nothing.
    pub fn stats(&self) -> Result<ChannelStats> {
        let mut snapshot = ptr::null_mut();
        // SAFETY: as above.
        check(unsafe { ffi::ipmpsc_snapshot_take(self.0, &mut snapshot) })?;
        ChannelStats::of(Snapshot(snapshot))
    }

    /// Ends the channel for all participants. Messages that were sent are still received.
    pub fn close(&self) -> Result<()> {
        // SAFETY: the handle lives, and is thread-safe.
        check(unsafe { ffi::ipmpsc_channel_close(self.0) })
    }

    /// The longest message that can be sent, in bytes.
    pub fn max_payload(&self) -> usize {
        // SAFETY: as above.
        unsafe { ffi::ipmpsc_channel_max_payload(self.0) }
    }
}

impl Drop for SharedRingBuffer {
    fn drop(&mut self) {
        // SAFETY: the handle is this object's own.
        unsafe { ffi::ipmpsc_channel_free(&mut self.0) }
    }
}
