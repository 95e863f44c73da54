//! Interrupts, which end waits from other threads.

use crate::ffi;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) enum Target {
    Sender(*mut ffi::Sender),
    Receiver(*mut ffi::Receiver),
    Set(*mut ffi::WaitSet),
    Gone,
}

// SAFETY: the only use of the handles are interrupts, which any thread may make while they live.
unsafe impl Send for Target {}

/// Ends waits of a sender, a receiver or a wait set: a running one, or else the next one that is
/// about to sleep, fails with `Cancelled`. One call ends one wait. It has no effect once its object
/// is dropped.
#[derive(Clone)]
pub struct Interrupter(Arc<Mutex<Target>>);

impl Interrupter {
    pub fn interrupt(&self) {
        // SAFETY: the owner of the handle takes it out under this lock before it frees the handle.
        unsafe {
            match *lock(&self.0) {
                Target::Sender(handle) => ffi::ipmpsc_sender_interrupt(handle),
                Target::Receiver(handle) => ffi::ipmpsc_receiver_interrupt(handle),
                Target::Set(handle) => ffi::ipmpsc_wait_set_interrupt(handle),
                Target::Gone => (),
            }
        }
    }
}

/// The owner's side.
pub(crate) struct Interrupt(Arc<Mutex<Target>>);

impl Interrupt {
    pub(crate) fn new(target: Target) -> Self {
        Interrupt(Arc::new(Mutex::new(target)))
    }

    pub(crate) fn interrupter(&self) -> Interrupter {
        Interrupter(Arc::clone(&self.0))
    }

    /// To be called before the handle is freed.
    pub(crate) fn end(&self) {
        *lock(&self.0) = Target::Gone;
    }
}

/// Nothing panics under the lock, so a poisoned one is as good as any.
fn lock(target: &Mutex<Target>) -> MutexGuard<'_, Target> {
    target.lock().unwrap_or_else(PoisonError::into_inner)
}
