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
//! Payloads are bytes. A `prost` message is sent by `sender.send(message.encode_to_vec())`, or in
//! place by `loan = sender.claim(message.encoded_len())?`, `message.encode(&mut &mut *loan)?` and
//! `loan.publish()?`. It is read by `Message::decode(&*lease)`. A loan that is dropped is not sent.
//!
//! A handle does not work in a forked child, where it returns `Code::FailedPrecondition`.

mod channel;
mod error;
mod ffi;
mod interrupt;
mod post_mortem;
mod receiver;
mod sender;
mod stats;
mod tap;
mod wait_set;

pub use channel::{ChannelOptions, Exist, OnFull, SharedRingBuffer};
pub use error::{Code, Error, Result};
pub use interrupt::Interrupter;
pub use post_mortem::{Orphan, PostMortem, PostMortemMessage};
pub use receiver::{Lease, Receiver, ReceiverOptions, ReceiverStart, ZeroCopyContext};
pub use sender::{Loan, Sender, SenderOptions};
pub use stats::{
    ChannelStats, Liveness, OldestRecord, OpenClaim, Participant, ReceiverStats, ReceiverWait,
    SenderStats, Turn,
};
pub use tap::{Tap, TapLoss, TapMessage, TapMessages, TapStart};
pub use wait_set::{Ready, WaitMechanism, WaitSet};
