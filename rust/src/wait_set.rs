//! Wait sets: wait for many receivers, senders and descriptors at once.

use crate::error::{check, nanoseconds, Result};
use crate::ffi;
use crate::interrupt::{Interrupt, Interrupter, Target};
use crate::receiver::Receiver;
use crate::sender::Sender;
use std::marker::PhantomData;
use std::os::unix::io::{AsFd, AsRawFd, BorrowedFd};
use std::ptr;
use std::time::Duration;

/// A member that need not be waited for.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// As it was added.
    pub tag: u64,
    /// Of a descriptor: EPOLLIN and so on, as epoll_wait reports them; else 0.
    pub events: u32,
    reserved: u32,
}

/// How a wait set sleeps for many channels at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitMechanism {
    /// The first of these that the kernel has and allows.
    #[default]
    Automatic = 0,
    IoUring = 1,
    HelperThread = 2,
    Polling = 3,
}

/// The most members that one wait reports.
const MOST_READY: usize = 64;

/// Waits for receivers, senders that want space, and descriptors. It borrows its members, so they
/// stay in its thread and outlive it.
///
/// ```
/// use ipmpsc::{Receiver, Sender, SharedRingBuffer, WaitSet};
///
/// let (_, first) = SharedRingBuffer::create_temp(4096)?;
/// let (_, second) = SharedRingBuffer::create_temp(4096)?;
/// let receivers = [Receiver::new(&first)?, Receiver::new(&second)?];
/// let mut set = WaitSet::new()?;
/// for (tag, receiver) in (0..).zip(&receivers) {
///     set.add_receiver(receiver, tag)?;
/// }
/// Sender::new(&second)?.send(b"hello")?;
/// for ready in set.wait(None)? {
///     while let Some(lease) = receivers[ready.tag as usize].try_lease()? {
///         assert_eq!(&*lease, b"hello");
///     }
/// }
/// # Ok::<(), ipmpsc::Error>(())
/// ```
///
/// A member that is dropped first is a compile error:
///
/// ```compile_fail,E0505
/// # let (_, buffer) = ipmpsc::SharedRingBuffer::create_temp(4096).unwrap();
/// let receiver = ipmpsc::Receiver::new(&buffer).unwrap();
/// let mut set = ipmpsc::WaitSet::new().unwrap();
/// set.add_receiver(&receiver, 0).unwrap();
/// drop(receiver);
/// set.wait(None).unwrap();
/// ```
///
/// Neither the set nor a member of it can move to another thread:
///
/// ```compile_fail,E0277
/// let mut set = ipmpsc::WaitSet::new().unwrap();
/// std::thread::spawn(move || set.wait(None).is_ok());
/// ```
pub struct WaitSet<'a> {
    handle: *mut ffi::WaitSet,
    interrupt: Interrupt,
    ready: [Ready; MOST_READY],
    members: PhantomData<(&'a Receiver, &'a Sender, BorrowedFd<'a>)>,
}

impl<'a> WaitSet<'a> {
    /// Makes an empty set.
    pub fn new() -> Result<Self> {
        Self::with_mechanism(WaitMechanism::Automatic)
    }

    /// Makes an empty set, for tests and comparisons. Fails with `Unimplemented` if the kernel does
    /// not have or forbids the mechanism.
    pub fn with_mechanism(mechanism: WaitMechanism) -> Result<Self> {
        let options = ffi::WaitSetOptions {
            size: std::mem::size_of::<ffi::WaitSetOptions>(),
            mechanism: mechanism as i32,
            reserved: 0,
        };
        let mut handle = ptr::null_mut();
        // SAFETY: the arguments live during the call.
        check(unsafe { ffi::ipmpsc_wait_set_create(&options, &mut handle) })?;
        Ok(WaitSet {
            handle,
            interrupt: Interrupt::new(Target::Set(handle)),
            ready: [Ready::default(); MOST_READY],
            members: PhantomData,
        })
    }

    /// Waits for messages of `receiver`, and for its errors: an ended channel stays ready.
    pub fn add_receiver(&mut self, receiver: &'a Receiver, tag: u64) -> Result<()> {
        // SAFETY: both live, and are used by this thread alone.
        check(unsafe { ffi::ipmpsc_wait_set_add_receiver(self.handle, receiver.handle, tag) })
    }

    /// Waits until a message of `payload_size` bytes would find space, or fail for another reason.
    pub fn add_sender(&mut self, sender: &'a Sender, payload_size: usize, tag: u64) -> Result<()> {
        // SAFETY: as above.
        check(unsafe {
            ffi::ipmpsc_wait_set_add_sender(self.handle, sender.handle, payload_size, tag)
        })
    }

    /// Waits for `events` (EPOLLIN and so on) of a descriptor that epoll takes.
    pub fn add_fd(&mut self, fd: &'a impl AsFd, events: u32, tag: u64) -> Result<()> {
        let fd = fd.as_fd().as_raw_fd();
        // SAFETY: as above.
        check(unsafe { ffi::ipmpsc_wait_set_add_fd(self.handle, fd, events, tag) })
    }

    /// Fails with `NotFound` if it is not in this set.
    pub fn remove_receiver(&mut self, receiver: &Receiver) -> Result<()> {
        // SAFETY: as above.
        check(unsafe { ffi::ipmpsc_wait_set_remove_receiver(self.handle, receiver.handle) })
    }

    /// Fails with `NotFound` if it is not in this set.
    pub fn remove_sender(&mut self, sender: &Sender) -> Result<()> {
        // SAFETY: as above.
        check(unsafe { ffi::ipmpsc_wait_set_remove_sender(self.handle, sender.handle) })
    }

    /// Fails with `NotFound` if it is not in this set.
    pub fn remove_fd(&mut self, fd: &impl AsFd) -> Result<()> {
        // SAFETY: as above.
        check(unsafe { ffi::ipmpsc_wait_set_remove_fd(self.handle, fd.as_fd().as_raw_fd()) })
    }

    /// Waits until at least one member is ready, at most up to `timeout`; `None` waits without end.
    /// Returns those that are, at most 64: none if the timeout passed. A member is reported again as
    /// long as it is ready. Fails with `Cancelled` when `Interrupter::interrupt` was called.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<&[Ready]> {
        let mut count = 0;
        // SAFETY: as above.
        check(unsafe {
            let ready = self.ready.as_mut_ptr();
            let timeout = nanoseconds(timeout);
            ffi::ipmpsc_wait_set_wait(self.handle, timeout, ready, MOST_READY, &mut count)
        })?;
        Ok(&self.ready[..count])
    }

    /// A descriptor for an outer loop. It is readable from an event on until a `wait` that returns
    /// nothing, so wait with a timeout of zero until one does, and then for the descriptor.
    pub fn fd(&self) -> Result<BorrowedFd<'_>> {
        let mut fd = -1;
        // SAFETY: as above. The set owns the descriptor and outlives the result.
        unsafe {
            check(ffi::ipmpsc_wait_set_fd(self.handle, &mut fd))?;
            Ok(BorrowedFd::borrow_raw(fd))
        }
    }

    /// Ends waits of this set from other threads.
    pub fn interrupter(&self) -> Interrupter {
        self.interrupt.interrupter()
    }
}

impl Drop for WaitSet<'_> {
    fn drop(&mut self) {
        self.interrupt.end();
        // SAFETY: the handle is this object's own.
        unsafe { ffi::ipmpsc_wait_set_free(&mut self.handle) }
    }
}
