//! Senders and their loans.

use crate::channel::SharedRingBuffer;
use crate::error::{check, name_text, nanoseconds, unless_late, Result};
use crate::ffi;
use crate::interrupt::{Interrupt, Interrupter, Target};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::os::raw::c_void;
use std::os::unix::io::BorrowedFd;
use std::ptr;
use std::slice;
use std::time::Duration;

/// How a sender attaches.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SenderOptions {
    /// Shown by errors and tools, cut to 64 bytes. Empty: the program's name.
    pub name: String,
    /// Sending fails with `Unavailable` while no living receiver is attached.
    pub require_receiver: bool,
    /// Sending fails with `Aborted` once the channel's file has left its path.
    pub require_path: bool,
    /// How long to wait for a free slot if all have an owner.
    pub timeout: Duration,
}

/// Sends messages. One for each thread: it can be moved to another thread, not shared.
pub struct Sender {
    pub(crate) handle: *mut ffi::Sender,
    interrupt: Interrupt,
}

// SAFETY: one thread at a time may use it, wherever it was made.
unsafe impl Send for Sender {}

impl Sender {
    /// Takes a free sender slot of the channel.
    pub fn new(buffer: &SharedRingBuffer) -> Result<Self> {
        Self::with_options(buffer, &SenderOptions::default())
    }

    /// As `new`, with options.
    pub fn with_options(buffer: &SharedRingBuffer, options: &SenderOptions) -> Result<Self> {
        let name = name_text(&options.name)?;
        let raw = ffi::SenderOptions {
            size: std::mem::size_of::<ffi::SenderOptions>(),
            name: name.as_ref().map_or(ptr::null(), |name| name.as_ptr()),
            require_receiver: options.require_receiver,
            require_path: options.require_path,
            reserved: [false; 6],
            timeout: nanoseconds(Some(options.timeout)),
        };
        let mut handle = ptr::null_mut();
        // SAFETY: the channel lives during the call. The sender keeps it alive afterwards.
        check(unsafe { ffi::ipmpsc_sender_attach(buffer.0, &raw, &mut handle) })?;
        Ok(Sender { handle, interrupt: Interrupt::new(Target::Sender(handle)) })
    }

    fn send_within(&self, payload: &[u8], timeout: Option<Duration>) -> Result<()> {
        // SAFETY: the handle is not shared between threads, and the bytes are copied.
        check(unsafe {
            ffi::ipmpsc_send(
                self.handle,
                payload.as_ptr().cast(),
                payload.len(),
                nanoseconds(timeout),
            )
        })
    }

    fn send_when_empty_within(&self, payload: &[u8], timeout: Option<Duration>) -> Result<()> {
        // SAFETY: as above.
        check(unsafe {
            let data = payload.as_ptr().cast();
            ffi::ipmpsc_send_when_empty(self.handle, data, payload.len(), nanoseconds(timeout))
        })
    }

    /// Sends a message. Waits for space without end.
    pub fn send(&self, payload: impl AsRef<[u8]>) -> Result<()> {
        self.send_within(payload.as_ref(), None)
    }

    /// Waits for space up to `timeout`. Returns whether the message was sent.
    pub fn send_timeout(&self, payload: impl AsRef<[u8]>, timeout: Duration) -> Result<bool> {
        Ok(unless_late(self.send_within(payload.as_ref(), Some(timeout)))?.is_some())
    }

    /// Waits until all earlier messages have been received and released, then sends.
    pub fn send_when_empty(&self, payload: impl AsRef<[u8]>) -> Result<()> {
        self.send_when_empty_within(payload.as_ref(), None)
    }

    /// As `send_when_empty`, up to `timeout`. Returns whether the message was sent.
    pub fn send_timeout_when_empty(
        &self,
        payload: impl AsRef<[u8]>,
        timeout: Duration,
    ) -> Result<bool> {
        Ok(unless_late(self.send_when_empty_within(payload.as_ref(), Some(timeout)))?.is_some())
    }

    /// Sends all messages in one step: the receiver gets them together, or none of them. Waits for
    /// space without end.
    pub fn send_batch<T: AsRef<[u8]>>(&self, payloads: &[T]) -> Result<()> {
        self.send_batch_within(payloads, None)
    }

    /// As `send_batch`, and waits for space up to `timeout`. Returns whether they were sent.
    pub fn send_batch_timeout<T: AsRef<[u8]>>(
        &self,
        payloads: &[T],
        timeout: Duration,
    ) -> Result<bool> {
        Ok(unless_late(self.send_batch_within(payloads, Some(timeout)))?.is_some())
    }

    fn send_batch_within<T: AsRef<[u8]>>(
        &self,
        payloads: &[T],
        timeout: Option<Duration>,
    ) -> Result<()> {
        let messages: Vec<ffi::Bytes> = payloads
            .iter()
            .map(|payload| payload.as_ref())
            .map(|bytes| ffi::Bytes { data: bytes.as_ptr().cast(), size: bytes.len() })
            .collect();
        // SAFETY: as above.
        check(unsafe {
            let timeout = nanoseconds(timeout);
            ffi::ipmpsc_send_batch(self.handle, messages.as_ptr(), messages.len(), timeout)
        })
    }

    /// Claims `size` bytes to be written in place. They are unspecified, not zero. Waits for space
    /// without end. The loan is the only way to use the sender until it is settled:
    ///
    /// ```compile_fail,E0502
    /// # let (_, buffer) = ipmpsc::SharedRingBuffer::create_temp(4096).unwrap();
    /// # let mut sender = ipmpsc::Sender::new(&buffer).unwrap();
    /// let mut loan = sender.claim(8).unwrap();
    /// sender.send(b"x").unwrap();
    /// loan.publish().unwrap();
    /// ```
    pub fn claim(&mut self, size: usize) -> Result<Loan<'_>> {
        self.claim_within(size, None)
    }

    /// As `claim`, and waits for space up to `timeout`. Returns `None` if there is none.
    pub fn claim_timeout(&mut self, size: usize, timeout: Duration) -> Result<Option<Loan<'_>>> {
        unless_late(self.claim_within(size, Some(timeout)))
    }

    fn claim_within(&mut self, size: usize, timeout: Option<Duration>) -> Result<Loan<'_>> {
        let mut loan = ptr::null_mut();
        let mut data: *mut c_void = ptr::null_mut();
        // SAFETY: as above.
        check(unsafe {
            ffi::ipmpsc_claim(self.handle, size, nanoseconds(timeout), &mut loan, &mut data)
        })?;
        Ok(Loan { loan, data: data.cast(), size, sender: PhantomData })
    }

    /// How many messages this sender has dropped in a lossy channel.
    pub fn dropped(&self) -> u64 {
        // SAFETY: as above.
        unsafe { ffi::ipmpsc_sender_dropped(self.handle) }
    }

    /// The end of the last record that this sender has claimed.
    pub fn sent_position(&self) -> u64 {
        // SAFETY: as above.
        unsafe { ffi::ipmpsc_sender_sent_position(self.handle) }
    }

    /// Sets the number of the next message, from which the sender goes on counting. The numbers of
    /// a sender's slot only grow. For channels with timestamps.
    pub fn set_next_sequence(&self, sequence: u64) -> Result<()> {
        // SAFETY: as above.
        check(unsafe { ffi::ipmpsc_sender_set_next_sequence(self.handle, sequence) })
    }

    /// Waits until the receiver has released all messages before `position`, up to `timeout`.
    /// Returns whether it has.
    pub fn wait_until_released(&self, position: u64, timeout: Duration) -> Result<bool> {
        // SAFETY: as above.
        let waited = check(unsafe {
            ffi::ipmpsc_wait_until_released(self.handle, position, nanoseconds(Some(timeout)))
        });
        Ok(unless_late(waited)?.is_some())
    }

    /// Ends waits of this sender from other threads: they fail with `Cancelled`.
    pub fn interrupter(&self) -> Interrupter {
        self.interrupt.interrupter()
    }

    /// A descriptor for an event loop, which becomes readable when a message of `payload_size`
    /// bytes would find space. Send until there is none, then `arm`, and wait if that is true.
    pub fn fd(&self, payload_size: usize) -> Result<BorrowedFd<'_>> {
        let mut fd = -1;
        // SAFETY: as above. The sender owns the descriptor and outlives the result.
        unsafe {
            check(ffi::ipmpsc_sender_fd(self.handle, payload_size, &mut fd))?;
            Ok(BorrowedFd::borrow_raw(fd))
        }
    }

    /// Makes the descriptor unreadable until there is space. Returns false if there is already, or
    /// no descriptor: send first.
    pub fn arm(&self) -> bool {
        // SAFETY: as above.
        unsafe { ffi::ipmpsc_sender_arm(self.handle) }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.interrupt.end();
        // SAFETY: the handle is this object's own.
        unsafe { ffi::ipmpsc_sender_free(&mut self.handle) }
    }
}

/// A claimed record: its bytes, to be written in place. Dropping it gives the space back unsent.
pub struct Loan<'a> {
    loan: *mut ffi::Loan,
    data: *mut u8,
    size: usize,
    sender: PhantomData<&'a mut Sender>,
}

impl Loan<'_> {
    /// Commits all bytes.
    pub fn publish(self) -> Result<()> {
        let size = self.size;
        self.publish_first(size)
    }

    /// Commits the first `size` bytes. With more than were claimed it fails with `InvalidArgument`
    /// and sends nothing.
    pub fn publish_first(mut self, size: usize) -> Result<()> {
        // SAFETY: the loan is this object's own. After a failure `drop` discards it.
        check(unsafe { ffi::ipmpsc_loan_publish(&mut self.loan, size) })
    }
}

impl Deref for Loan<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        // SAFETY: the bytes are mapped, and the loan's until it is settled.
        unsafe { slice::from_raw_parts(self.data, self.size) }
    }
}

impl DerefMut for Loan<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above.
        unsafe { slice::from_raw_parts_mut(self.data, self.size) }
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        // SAFETY: it is NULL, which is allowed, if the loan was published.
        unsafe { ffi::ipmpsc_loan_discard(&mut self.loan) }
    }
}
