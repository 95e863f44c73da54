//! Channels between processes: many senders, one receiver, a ring buffer in shared memory. The types
//! have the shape of those of the crate `ipmpsc`, over the C interface of this project.
//!
//! ```
//! use ipmpsc::{Receiver, Sender, SharedRingBuffer};
//! use std::time::Duration;
//!
//! let (path, buffer) = SharedRingBuffer::create_temp(32 * 1024)?;
//! let mut receiver = Receiver::new(&buffer)?;
//! let sender = Sender::new(&SharedRingBuffer::open(&path)?)?;
//! sender.send(b"hello")?;
//!
//! let context = receiver.zero_copy_context();
//! let lease = context.recv_timeout(Duration::from_secs(1))?.unwrap();
//! assert_eq!(&*lease, b"hello");
//! # Ok::<(), ipmpsc::Error>(())
//! ```
//!
//! Payloads are bytes. A `prost` message is sent by `sender.send(&message.encode_to_vec())`, or in
//! place by `message.encode(&mut &mut *sender.claim(message.encoded_len())?)`, and read by
//! `Message::decode(&*lease)`.
//!
//! A handle does not work in a forked child, where it returns `Code::FailedPrecondition`.

mod ffi;

use std::ffi::{CStr, CString};
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::os::raw::c_void;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::slice;
use std::time::Duration;

/// The kinds of errors. The numbers are those of gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
}

impl Code {
    fn of(status: i32) -> Code {
        match status {
            1 => Code::Cancelled,
            3 => Code::InvalidArgument,
            4 => Code::DeadlineExceeded,
            5 => Code::NotFound,
            6 => Code::AlreadyExists,
            7 => Code::PermissionDenied,
            8 => Code::ResourceExhausted,
            9 => Code::FailedPrecondition,
            10 => Code::Aborted,
            11 => Code::OutOfRange,
            12 => Code::Unimplemented,
            13 => Code::Internal,
            14 => Code::Unavailable,
            15 => Code::DataLoss,
            _ => Code::Unknown,
        }
    }
}

/// What happened, and what to do.
#[derive(Clone, Debug)]
pub struct Error {
    code: Code,
    text: String,
}

impl Error {
    pub fn code(&self) -> Code {
        self.code
    }

    fn last(status: i32) -> Error {
        // SAFETY: the text is valid until this thread's next failure, and it is copied here.
        let text = unsafe { CStr::from_ptr(ffi::ipmpsc_error_text()) };
        Error { code: Code::of(status), text: text.to_string_lossy().into_owned() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the names are never freed.
        let name = unsafe { CStr::from_ptr(ffi::ipmpsc_status_name(self.code as i32)) };
        write!(formatter, "{}: {}", name.to_string_lossy(), self.text)
    }
}

impl std::error::Error for Error {}

pub type Result<T> = std::result::Result<T, Error>;

fn check(status: i32) -> Result<()> {
    if status == 0 {
        Ok(())
    } else {
        Err(Error::last(status))
    }
}

fn nanoseconds(timeout: Option<Duration>) -> i64 {
    // i64::MAX means: without end.
    timeout.map_or(i64::MAX, |time| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX))
}

fn path_text(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| Error {
        code: Code::InvalidArgument,
        text: format!("the path {path:?} contains a NUL"),
    })
}

/// Whether `result` is the end of a wait: then `None`.
fn unless_late<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code == Code::DeadlineExceeded => Ok(None),
        Err(error) => Err(error),
    }
}

/// A channel: a ring buffer in a file that processes map. The file stays until it is removed.
pub struct SharedRingBuffer(*mut ffi::Channel);

// SAFETY: a channel's handle is thread-safe.
unsafe impl Send for SharedRingBuffer {}
unsafe impl Sync for SharedRingBuffer {}

impl SharedRingBuffer {
    fn options(capacity: u64) -> ffi::ChannelOptions {
        ffi::ChannelOptions {
            size: std::mem::size_of::<ffi::ChannelOptions>(),
            capacity,
            max_senders: 0,
            mode: 0,
            exist_policy: 0,
            prefault: false,
            huge_pages: false,
            timestamps: false,
            reserved: false,
            description: ptr::null(),
            description_size: 0,
        }
    }

    /// Creates a channel at `path` with at least `size_in_bytes` for records. Fails with
    /// `AlreadyExists` if the path is taken.
    pub fn create(path: impl AsRef<Path>, size_in_bytes: u64) -> Result<Self> {
        let path = path_text(path.as_ref())?;
        let mut channel = ptr::null_mut();
        // SAFETY: the arguments live during the call.
        check(unsafe {
            ffi::ipmpsc_channel_create(path.as_ptr(), &Self::options(size_in_bytes), &mut channel)
        })?;
        Ok(SharedRingBuffer(channel))
    }

    /// Creates a channel under a new name, which is removed with its last user of this process.
    pub fn create_temp(size_in_bytes: u64) -> Result<(String, Self)> {
        let mut channel = ptr::null_mut();
        // SAFETY: as above.
        check(unsafe {
            ffi::ipmpsc_channel_create_temp(&Self::options(size_in_bytes), &mut channel)
        })?;
        let buffer = SharedRingBuffer(channel);
        // SAFETY: the string belongs to the channel, which lives here.
        let path = unsafe { CStr::from_ptr(ffi::ipmpsc_channel_path(channel)) };
        Ok((path.to_string_lossy().into_owned(), buffer))
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

    /// Ends the channel for all participants. What was sent is still received.
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

/// Sends messages. One for each thread: it can be moved to another thread, not shared.
pub struct Sender(*mut ffi::Sender);

// SAFETY: one thread at a time may use it, wherever it was made.
unsafe impl Send for Sender {}

impl Sender {
    /// Takes a free sender slot of the channel.
    pub fn new(buffer: &SharedRingBuffer) -> Result<Self> {
        let mut sender = ptr::null_mut();
        // SAFETY: the channel lives during the call. The sender keeps it alive afterwards.
        check(unsafe { ffi::ipmpsc_sender_attach(buffer.0, ptr::null(), &mut sender) })?;
        Ok(Sender(sender))
    }

    fn send_within(&self, payload: &[u8], timeout: Option<Duration>) -> Result<()> {
        // SAFETY: the handle is not shared between threads, and the bytes are copied.
        check(unsafe {
            ffi::ipmpsc_send(self.0, payload.as_ptr().cast(), payload.len(), nanoseconds(timeout))
        })
    }

    fn send_when_empty_within(&self, payload: &[u8], timeout: Option<Duration>) -> Result<()> {
        // SAFETY: as above.
        check(unsafe {
            let data = payload.as_ptr().cast();
            ffi::ipmpsc_send_when_empty(self.0, data, payload.len(), nanoseconds(timeout))
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

    /// Sends all messages in one step: the receiver gets them together, or none of them.
    pub fn send_batch<T: AsRef<[u8]>>(&self, payloads: &[T]) -> Result<()> {
        let messages: Vec<ffi::Bytes> = payloads
            .iter()
            .map(|payload| payload.as_ref())
            .map(|bytes| ffi::Bytes { data: bytes.as_ptr().cast(), size: bytes.len() })
            .collect();
        // SAFETY: as above.
        check(unsafe {
            ffi::ipmpsc_send_batch(self.0, messages.as_ptr(), messages.len(), i64::MAX)
        })
    }

    /// Claims `size` bytes to be written in place. They are unspecified, not zero. The loan is the
    /// only way to use the sender until it is settled:
    ///
    /// ```compile_fail,E0502
    /// # let (_, buffer) = ipmpsc::SharedRingBuffer::create_temp(4096).unwrap();
    /// # let mut sender = ipmpsc::Sender::new(&buffer).unwrap();
    /// let mut loan = sender.claim(8).unwrap();
    /// sender.send(b"x").unwrap();
    /// loan.publish().unwrap();
    /// ```
    pub fn claim(&mut self, size: usize) -> Result<Loan<'_>> {
        let mut loan = ptr::null_mut();
        let mut data: *mut c_void = ptr::null_mut();
        // SAFETY: as above.
        check(unsafe { ffi::ipmpsc_claim(self.0, size, i64::MAX, &mut loan, &mut data) })?;
        Ok(Loan { loan, data: data.cast(), size, sender: PhantomData })
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // SAFETY: the handle is this object's own.
        unsafe { ffi::ipmpsc_sender_free(&mut self.0) }
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

/// Receives messages. One for each channel.
pub struct Receiver(*mut ffi::Receiver);

// SAFETY: one thread at a time may use it, wherever it was made. A lease borrows it, so it cannot
// move to another thread meanwhile.
unsafe impl Send for Receiver {}

impl Receiver {
    /// Becomes the channel's receiver. Fails with `AlreadyExists` if it has one.
    pub fn new(buffer: &SharedRingBuffer) -> Result<Self> {
        let mut receiver = ptr::null_mut();
        // SAFETY: the channel lives during the call. The receiver keeps it alive afterwards.
        check(unsafe { ffi::ipmpsc_receiver_attach(buffer.0, ptr::null(), &mut receiver) })?;
        Ok(Receiver(receiver))
    }

    /// As `new`. With `true` receiving ends with `OutOfRange` when all senders have gone.
    pub fn with_end(buffer: &SharedRingBuffer, end_without_senders: bool) -> Result<Self> {
        let options = ffi::ReceiverOptions {
            size: std::mem::size_of::<ffi::ReceiverOptions>(),
            name: ptr::null(),
            timeout: 0,
            end_without_senders,
            require_path: false,
            reserved: [false; 6],
        };
        let mut receiver = ptr::null_mut();
        // SAFETY: as above.
        check(unsafe { ffi::ipmpsc_receiver_attach(buffer.0, &options, &mut receiver) })?;
        Ok(Receiver(receiver))
    }

    fn take(&self, timeout: Option<Duration>) -> Result<Lease<'_>> {
        let mut lease = ptr::null_mut();
        let mut message = empty_message();
        // SAFETY: the handle is not shared between threads.
        check(unsafe {
            ffi::ipmpsc_receive(self.0, nanoseconds(timeout), &mut lease, &mut message)
        })?;
        Ok(Lease { lease, message, receiver: PhantomData })
    }

    fn try_take(&self) -> Result<Option<Lease<'_>>> {
        let mut lease = ptr::null_mut();
        let mut message = empty_message();
        // SAFETY: as above.
        let status = unsafe { ffi::ipmpsc_try_receive(self.0, &mut lease, &mut message) };
        if status == Code::Unavailable as i32 {
            return Ok(None);
        }
        check(status)?;
        Ok(Some(Lease { lease, message, receiver: PhantomData }))
    }

    /// Waits for the next message without end, and returns a copy.
    pub fn recv(&self) -> Result<Vec<u8>> {
        Ok(self.take(None)?.to_vec())
    }

    /// Returns a copy of the next message, or `None` if there is none now.
    pub fn try_recv(&self) -> Result<Option<Vec<u8>>> {
        Ok(self.try_take()?.map(|lease| lease.to_vec()))
    }

    /// Waits for the next message up to `timeout`. Returns a copy, or `None` if none came.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Option<Vec<u8>>> {
        Ok(unless_late(self.take(Some(timeout)))?.map(|lease| lease.to_vec()))
    }

    /// Receives without a copy, by leases that borrow the context.
    pub fn zero_copy_context(&mut self) -> ZeroCopyContext<'_> {
        ZeroCopyContext { receiver: self }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // SAFETY: the handle is this object's own.
        unsafe { ffi::ipmpsc_receiver_free(&mut self.0) }
    }
}

fn empty_message() -> ffi::Message {
    ffi::Message {
        size: std::mem::size_of::<ffi::Message>(),
        data: ptr::null(),
        data_size: 0,
        position: 0,
        sequence: 0,
        sent_at: 0,
        sender: 0,
        reserved: [0; 3],
    }
}

/// Hands out messages where they lie in the ring. Several leases may be held at the same time. None
/// outlives the context, nor the receiver:
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
        self.receiver.try_take()
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
