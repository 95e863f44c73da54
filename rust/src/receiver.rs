//! Receivers and their leases.

use crate::channel::SharedRingBuffer;
use crate::error::{check, name_text, nanoseconds, time_of, unless_empty, unless_late, Result};
use crate::ffi;
use crate::interrupt::{Interrupt, Interrupter, Target};
use std::marker::PhantomData;
use std::ops::Deref;
use std::os::unix::io::BorrowedFd;
use std::ptr;
use std::slice;
use std::time::{Duration, SystemTime};

/// Where a receiver starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReceiverStart {
    /// At the oldest message that is not released.
    #[default]
    Oldest = 0,
    /// It passes over all messages that were claimed before it attached.
    Now = 1,
}

/// How a receiver attaches.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ReceiverOptions {
    /// Shown by errors and tools, cut to 64 bytes. Empty: the program's name.
    pub name: String,
    /// How long to wait for a living receiver to go.
    pub timeout: Duration,
    /// Receiving fails with `OutOfRange` when all senders have gone.
    pub end_without_senders: bool,
    /// Receiving fails with `Aborted` once the channel's file has left its path.
    pub require_path: bool,
    pub start: ReceiverStart,
}

/// Receives messages. One for each channel.
pub struct Receiver {
    pub(crate) handle: *mut ffi::Receiver,
    interrupt: Interrupt,
}

// SAFETY: one thread at a time may use it, wherever it was made. A lease borrows it, so it cannot
// move to another thread meanwhile.
unsafe impl Send for Receiver {}

impl Receiver {
    /// Becomes the channel's receiver. Fails with `AlreadyExists` if it has one.
    pub fn new(buffer: &SharedRingBuffer) -> Result<Self> {
        Self::with_options(buffer, &ReceiverOptions::default())
    }

    /// As `new`. With `true` receiving ends with `OutOfRange` when all senders have gone.
    pub fn with_end(buffer: &SharedRingBuffer, end_without_senders: bool) -> Result<Self> {
        let options = ReceiverOptions { end_without_senders, ..ReceiverOptions::default() };
        Self::with_options(buffer, &options)
    }

    /// As `new`, with options.
    pub fn with_options(buffer: &SharedRingBuffer, options: &ReceiverOptions) -> Result<Self> {
        let name = name_text(&options.name)?;
        let raw = ffi::ReceiverOptions {
            size: std::mem::size_of::<ffi::ReceiverOptions>(),
            name: name.as_ref().map_or(ptr::null(), |name| name.as_ptr()),
            timeout: nanoseconds(Some(options.timeout)),
            end_without_senders: options.end_without_senders,
            require_path: options.require_path,
            reserved: [false; 6],
            start: options.start as i32,
            reserved_too: 0,
        };
        let mut handle = ptr::null_mut();
        // SAFETY: the channel lives during the call. The receiver keeps it alive afterwards.
        check(unsafe { ffi::ipmpsc_receiver_attach(buffer.0, &raw, &mut handle) })?;
        Ok(Receiver { handle, interrupt: Interrupt::new(Target::Receiver(handle)) })
    }

    fn take(&self, timeout: Option<Duration>) -> Result<Lease<'_>> {
        let mut lease = ptr::null_mut();
        let mut message = empty_message();
        // SAFETY: the handle is not shared between threads.
        check(unsafe {
            ffi::ipmpsc_receive(self.handle, nanoseconds(timeout), &mut lease, &mut message)
        })?;
        Ok(Lease { lease, message, receiver: PhantomData })
    }

    /// Takes the next message, where it lies in the ring, without a copy. Waits for it without end.
    /// A `WaitSet` that has the receiver leaves this possible.
    pub fn lease(&self) -> Result<Lease<'_>> {
        self.take(None)
    }

    /// As `lease`. Returns `None` if there is no message now.
    pub fn try_lease(&self) -> Result<Option<Lease<'_>>> {
        let mut lease = ptr::null_mut();
        let mut message = empty_message();
        // SAFETY: as above.
        let status = unsafe { ffi::ipmpsc_try_receive(self.handle, &mut lease, &mut message) };
        Ok(unless_empty(status)?.map(|()| Lease { lease, message, receiver: PhantomData }))
    }

    /// As `lease`, up to `timeout`. Returns `None` if no message came.
    pub fn lease_timeout(&self, timeout: Duration) -> Result<Option<Lease<'_>>> {
        unless_late(self.take(Some(timeout)))
    }

    /// Takes the newest message and releases those before it unread, for values of which only the
    /// latest counts. Returns `None` if there is none now. `skipped` counts the others.
    pub fn try_latest(&self) -> Result<Option<Lease<'_>>> {
        let mut lease = ptr::null_mut();
        let mut message = empty_message();
        // SAFETY: as above.
        let status =
            unsafe { ffi::ipmpsc_try_receive_latest(self.handle, &mut lease, &mut message) };
        Ok(unless_empty(status)?.map(|()| Lease { lease, message, receiver: PhantomData }))
    }

    /// As `try_latest`, and waits for a message up to `timeout`.
    pub fn latest_timeout(&self, timeout: Duration) -> Result<Option<Lease<'_>>> {
        let mut lease = ptr::null_mut();
        let mut message = empty_message();
        // SAFETY: as above.
        let received = check(unsafe {
            let timeout = nanoseconds(Some(timeout));
            ffi::ipmpsc_receive_latest(self.handle, timeout, &mut lease, &mut message)
        });
        Ok(unless_late(received)?.map(|()| Lease { lease, message, receiver: PhantomData }))
    }

    /// How many messages this receiver has passed over for newer ones.
    pub fn skipped(&self) -> u64 {
        // SAFETY: as above.
        unsafe { ffi::ipmpsc_receiver_skipped(self.handle, ptr::null_mut()) }
    }

    /// How many messages the senders of a lossy channel have dropped since it was created.
    pub fn dropped(&self) -> u64 {
        // SAFETY: as above.
        unsafe { ffi::ipmpsc_receiver_dropped(self.handle) }
    }

    /// Ends waits of this receiver from other threads: they fail with `Cancelled`.
    pub fn interrupter(&self) -> Interrupter {
        self.interrupt.interrupter()
    }

    /// A descriptor for an event loop, which becomes readable when there is a message. Receive
    /// until there is none, then `arm`, and wait if that is true.
    pub fn fd(&self) -> Result<BorrowedFd<'_>> {
        let mut fd = -1;
        // SAFETY: as above. The receiver owns the descriptor and outlives the result.
        unsafe {
            check(ffi::ipmpsc_receiver_fd(self.handle, &mut fd))?;
            Ok(BorrowedFd::borrow_raw(fd))
        }
    }

    /// Makes the descriptor unreadable until the next message, end or error. Returns false if there
    /// is one already, or if `fd` fails: receive first.
    pub fn arm(&self) -> bool {
        // SAFETY: as above.
        unsafe { ffi::ipmpsc_receiver_arm(self.handle) }
    }

    /// Waits for the next message without end, and returns a copy.
    pub fn recv(&self) -> Result<Vec<u8>> {
        Ok(self.take(None)?.to_vec())
    }

    /// Returns a copy of the next message, or `None` if there is none now.
    pub fn try_recv(&self) -> Result<Option<Vec<u8>>> {
        Ok(self.try_lease()?.map(|lease| lease.to_vec()))
    }

    /// Waits for the next message up to `timeout`. Returns a copy, or `None` if none came.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Option<Vec<u8>>> {
        Ok(unless_late(self.take(Some(timeout)))?.map(|lease| lease.to_vec()))
    }

    /// Receives without a copy, by leases that borrow the receiver.
    pub fn zero_copy_context(&mut self) -> ZeroCopyContext<'_> {
        ZeroCopyContext { receiver: self }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.interrupt.end();
        // SAFETY: the handle is this object's own.
        unsafe { ffi::ipmpsc_receiver_free(&mut self.handle) }
    }
}

fn empty_message() -> ffi::Message {
    // SAFETY: a pointer and numbers, which may be zero.
    unsafe { ffi::result_of() }
}

/// Hands out messages where they lie in the ring. Several leases may be held at the same time. One
/// may outlive the context, but none outlives the receiver:
///
/// ```compile_fail,E0505
/// # let (_, buffer) = ipmpsc::SharedRingBuffer::create_temp(4096).unwrap();
/// # let mut receiver = ipmpsc::Receiver::new(&buffer).unwrap();
/// let lease = receiver.zero_copy_context().recv().unwrap();
/// drop(receiver);
/// println!("{:?}", &*lease);
/// ```
pub struct ZeroCopyContext<'a> {
    receiver: &'a Receiver,
}

impl<'a> ZeroCopyContext<'a> {
    /// Waits for the next message without end.
    pub fn recv(&self) -> Result<Lease<'a>> {
        self.receiver.take(None)
    }

    /// Returns the next message, or `None` if there is none now.
    pub fn try_recv(&self) -> Result<Option<Lease<'a>>> {
        self.receiver.try_lease()
    }

    /// Waits for the next message up to `timeout`. Returns `None` if none came.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Option<Lease<'a>>> {
        unless_late(self.receiver.take(Some(timeout)))
    }
}

/// A message in the ring. Dropping it gives the space back. A hostile sender can change the bytes
/// while they are read: copy them first where that matters.
pub struct Lease<'a> {
    lease: *mut ffi::Lease,
    message: ffi::Message,
    receiver: PhantomData<&'a Receiver>,
}

impl Lease<'_> {
    /// The message's place in the order of all records.
    pub fn position(&self) -> u64 {
        self.message.position
    }

    /// The slot of its sender.
    pub fn sender(&self) -> u16 {
        self.message.sender
    }

    /// In channels with timestamps, the message's number among those of its slot, from 1 on; else
    /// `None`.
    pub fn sequence(&self) -> Option<u64> {
        Some(self.message.sequence).filter(|&sequence| sequence != 0)
    }

    /// In channels with timestamps, the time of the commit by the sender's clock; else `None`.
    pub fn sent_at(&self) -> Option<SystemTime> {
        time_of(self.message.sent_at)
    }
}

impl Deref for Lease<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        // SAFETY: the bytes are mapped, never NULL, and stay until the lease is released.
        unsafe { slice::from_raw_parts(self.message.data.cast(), self.message.data_size) }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // SAFETY: the lease is this object's own.
        unsafe { ffi::ipmpsc_lease_release(&mut self.lease) }
    }
}
