//! Wait sets: wait for many receivers, senders and descriptors at once.

use crate::error::{check, nanoseconds, Result};
use crate::ffi;
use crate::interrupt::{Interrupt, Interrupter, Target};
use crate::receiver::Receiver;
use crate::sender::Sender;
use std::any::Any;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::os::raw::c_void;
use std::os::unix::io::{AsFd, AsRawFd, BorrowedFd};
use std::ptr;
use std::rc::Rc;
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

/// Waits for receivers, senders that want space, and descriptors. It shares its receivers and
/// senders with the program by `Rc`, and borrows descriptors.
///
/// ```
/// use ipmpsc::{Receiver, Sender, SharedRingBuffer, WaitSet};
/// use std::rc::Rc;
///
/// let (_, first) = SharedRingBuffer::create_temp(4096)?;
/// let (_, second) = SharedRingBuffer::create_temp(4096)?;
/// let receivers = [Rc::new(Receiver::new(&first)?), Rc::new(Receiver::new(&second)?)];
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
/// A member that the program drops stays attached until it is removed or the set is dropped. After
/// that `Rc::try_unwrap` gives the end back, for instance for another thread.
///
/// A set and its members use each other without a lock, so neither moves to another thread. That
/// holds for the members of a set that is forgotten, too, since it is never gone:
///
/// ```compile_fail,E0277
/// # use std::rc::Rc;
/// # let (_, buffer) = ipmpsc::SharedRingBuffer::create_temp(4096).unwrap();
/// let receiver = Rc::new(ipmpsc::Receiver::new(&buffer).unwrap());
/// let mut set = ipmpsc::WaitSet::new().unwrap();
/// set.add_receiver(&receiver, 0).unwrap();
/// std::mem::forget(set);
/// std::thread::spawn(move || drop(receiver));
/// ```
///
/// ```compile_fail,E0277
/// let mut set = ipmpsc::WaitSet::new().unwrap();
/// std::thread::spawn(move || set.wait(None).is_ok());
/// ```
///
/// A descriptor that is closed first is a compile error:
///
/// ```compile_fail,E0505
/// let (near, _far) = std::os::unix::net::UnixStream::pair().unwrap();
/// let mut set = ipmpsc::WaitSet::new().unwrap();
/// set.add_fd(&near, 1, 0).unwrap();
/// drop(near);
/// set.wait(None).unwrap();
/// ```
pub struct WaitSet<'a> {
    handle: *mut ffi::WaitSet,
    interrupt: Interrupt,
    ready: [Ready; MOST_READY],
    // The set of the C interface points at its members, and they at it. A borrow would end with a
    // `mem::forget` of this object, which frees nothing. A reference count stays.
    members: HashMap<*const c_void, Rc<dyn Any>>,
    fds: PhantomData<BorrowedFd<'a>>,
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
            members: HashMap::new(),
            fds: PhantomData,
        })
    }

    /// Waits for messages of `receiver`, and for its errors: an ended channel stays ready. Fails
    /// with `AlreadyExists` if it is in a set, or has a descriptor by `Receiver::fd`.
    pub fn add_receiver(&mut self, receiver: &Rc<Receiver>, tag: u64) -> Result<()> {
        // SAFETY: both live, and are used by this thread alone.
        check(unsafe { ffi::ipmpsc_wait_set_add_receiver(self.handle, receiver.handle, tag) })?;
        self.members.insert(key_of(receiver.handle), Rc::clone(receiver) as Rc<dyn Any>);
        Ok(())
    }

    /// Waits until a message of `payload_size` bytes would find space, or fail for another reason.
    /// Fails with `AlreadyExists` as `add_receiver`, and with `InvalidArgument` if such a message
    /// can never fit.
    pub fn add_sender(&mut self, sender: &Rc<Sender>, payload_size: usize, tag: u64) -> Result<()> {
        // SAFETY: as above.
        check(unsafe {
            ffi::ipmpsc_wait_set_add_sender(self.handle, sender.handle, payload_size, tag)
        })?;
        self.members.insert(key_of(sender.handle), Rc::clone(sender) as Rc<dyn Any>);
        Ok(())
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
        check(unsafe { ffi::ipmpsc_wait_set_remove_receiver(self.handle, receiver.handle) })?;
        self.members.remove(&key_of(receiver.handle));
        Ok(())
    }

    /// Fails with `NotFound` if it is not in this set.
    pub fn remove_sender(&mut self, sender: &Sender) -> Result<()> {
        // SAFETY: as above.
        check(unsafe { ffi::ipmpsc_wait_set_remove_sender(self.handle, sender.handle) })?;
        self.members.remove(&key_of(sender.handle));
        Ok(())
    }

    /// Fails with `NotFound` if it is not in this set.
    pub fn remove_fd(&mut self, fd: &impl AsFd) -> Result<()> {
        // SAFETY: as above.
        check(unsafe { ffi::ipmpsc_wait_set_remove_fd(self.handle, fd.as_fd().as_raw_fd()) })
    }

    /// Waits until at least one member is ready, at most up to `timeout`; `None` waits without end.
    /// Returns those that are, at most 64: none if the timeout passed. A member is reported again
    /// as long as it is ready. Fails with `Cancelled` when `Interrupter::interrupt` was called.
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
        // SAFETY: the handle is this object's own. Its members are dropped after it.
        unsafe { ffi::ipmpsc_wait_set_free(&mut self.handle) }
    }
}

/// The key of a member among those of a set.
fn key_of<T>(handle: *mut T) -> *const c_void {
    handle.cast_const().cast()
}
