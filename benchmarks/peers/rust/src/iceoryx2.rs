//! iceoryx2's publish-subscribe behind a C ABI, for benchmarks/transports/iceoryx2.cc.
use crate::iceoryx2_common::{
    create_listener, create_node, create_notifier, failed, hand_over, lend, notify, open_event,
    pointer, receive, send_lent, wait, Event, Ipc, DONE,
};
use crate::Handler;
use iceoryx2::port::listener::Listener;
use iceoryx2::port::notifier::Notifier;
use iceoryx2::port::publisher::Publisher;
use iceoryx2::port::subscriber::Subscriber;
use iceoryx2::prelude::*;
use iceoryx2::sample_mut_uninit::SampleMutUninit;
use iceoryx2::service::port_factory::publish_subscribe;
use std::collections::HashMap;
use std::error::Error;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::raw::{c_char, c_int, c_void};

/// The settings that both sides agree on.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Channel {
    /// Of the service, of its folder below /tmp and, in front, of its files in /dev/shm.
    name: *const c_char,
    max_message: usize,
    messages: usize,
    senders: usize,
    /// A notification follows each message.
    notify: bool,
}

type Loan = SampleMutUninit<Ipc, [MaybeUninit<u8>], ()>;

/// The service that a process opens first. A node must not be taken across a fork.
struct Opened {
    service: publish_subscribe::PortFactory<Ipc, [u8], ()>,
    event: Option<Event>,
    _node: Node<Ipc>,
}

// Ports before what they belong to: they are dropped in this order.
pub struct Sending {
    loan: Option<Loan>,
    publisher: Publisher<Ipc, [u8], ()>,
    notifier: Option<Notifier<Ipc>>,
    opened: Opened,
}

pub struct Receiving {
    subscriber: Subscriber<Ipc, [u8], ()>,
    listener: Option<Listener<Ipc>>,
    _opened: Opened,
}

unsafe fn open(channel: &Channel) -> Result<Opened, Box<dyn Error>> {
    let name = CStr::from_ptr(channel.name).to_str()?;
    let node = create_node(name)?;
    let service = node
        .service_builder(&name.try_into()?)
        .publish_subscribe::<[u8]>()
        .payload_alignment(Alignment::new(8).unwrap())
        .enable_safe_overflow(false)
        .history_size(0)
        .subscriber_max_buffer_size(channel.messages)
        .subscriber_max_borrowed_samples(1)
        .max_subscribers(1)
        .max_publishers(channel.senders)
        .max_nodes(channel.senders + 2)
        .open_or_create()?;
    let event = if channel.notify {
        Some(open_event(&node, name, channel.senders, channel.senders + 2)?)
    } else {
        None
    };
    Ok(Opened { service, event, _node: node })
}

#[no_mangle]
pub extern "C" fn peer_iceoryx2_version() -> *const c_char {
    concat!(env!("ICEORYX2_VERSION"), "\0").as_ptr().cast()
}

/// A sender, or null.
///
/// # Safety
/// The name ends with a zero, as below.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_attach_sender(channel: *const Channel) -> *mut Sending {
    let channel = &*channel;
    pointer((|| {
        let opened = open(channel)?;
        let publisher = opened
            .service
            .publisher_builder()
            .initial_max_slice_len(channel.max_message)
            .allocation_strategy(AllocationStrategy::Static)
            .max_loaned_samples(1)
            .backpressure_strategy(BackpressureStrategy::RetryUntilDelivered)
            .create()?;
        let notifier = create_notifier(&opened.event)?;
        Ok(Sending { loan: None, publisher, notifier, opened })
    })())
}

/// # Safety
/// `sending` is of `peer_iceoryx2_attach_sender`, as below.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_detach_sender(sending: *mut Sending) {
    drop(Box::from_raw(sending));
}

/// Whether there is a receiver; what is sent before is lost.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_has_receiver(sending: *const Sending) -> bool {
    let opened = &(*sending).opened;
    opened.service.dynamic_config().number_of_subscribers() > 0
        && opened.event.iter().all(|event| event.dynamic_config().number_of_listeners() > 0)
}

/// `size` bytes to fill, or null.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_loan(sending: *mut Sending, size: usize) -> *mut c_void {
    let sending = &mut *sending;
    let loan = sending.publisher.loan_slice_uninit(size);
    lend(loan, &mut sending.loan, Loan::payload_mut)
}

/// Sends what was lent; waits while the receiver's buffer is full.
///
/// # Safety
/// As above; the bytes were filled.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_publish(sending: *mut Sending) -> c_int {
    let sending = &mut *sending;
    send_lent(&mut sending.loan, |loan| loan.assume_init().send(), &sending.notifier)
}

/// Wakes the receiver, without a message, if it can sleep.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_wake(sending: *const Sending) {
    notify(&(*sending).notifier);
}

/// A receiver, or null.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_attach_receiver(channel: *const Channel) -> *mut Receiving {
    let channel = &*channel;
    pointer((|| {
        let opened = open(channel)?;
        let listener = create_listener(&opened.event)?;
        let subscriber =
            opened.service.subscriber_builder().buffer_size(channel.messages).create()?;
        Ok(Receiving { subscriber, listener, _opened: opened })
    })())
}

/// # Safety
/// `receiving` is of `peer_iceoryx2_attach_receiver`, as below.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_detach_receiver(receiving: *mut Receiving) {
    drop(Box::from_raw(receiving));
}

/// Calls `handler` for one message where it lies, if there is one.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_try_receive(
    receiving: *mut Receiving,
    handler: Handler,
    data: *mut c_void,
) -> c_int {
    let received = (*receiving).subscriber.receive();
    receive(received, |sample| hand_over(sample.payload(), handler, data))
}

/// Sleeps until there was a notification since the last call.
///
/// # Safety
/// As above; the channel notifies.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_wait(receiving: *mut Receiving) -> c_int {
    wait(&(*receiving).listener)
}

/// Sleeps for all receivers in a WaitSet, and calls `ready` with the index of each that was
/// notified, until it returns false.
///
/// # Safety
/// `receivings` are `count` of `peer_iceoryx2_attach_receiver`, of channels that notify.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_wait_for_many(
    receivings: *const *mut Receiving,
    count: usize,
    ready: extern "C" fn(usize, *mut c_void) -> bool,
    data: *mut c_void,
) -> c_int {
    let listeners: Vec<&Listener<Ipc>> = std::slice::from_raw_parts(receivings, count)
        .iter()
        .filter_map(|receiving| (**receiving).listener.as_ref())
        .collect();
    if listeners.len() != count {
        return failed("there is no listener");
    }
    let result = (|| -> Result<(), Box<dyn Error>> {
        let set = WaitSetBuilder::new().create::<Ipc>()?;
        let guards = listeners
            .iter()
            .map(|listener| set.attach_notification(*listener))
            .collect::<Result<Vec<_>, _>>()?;
        let indexes: HashMap<_, _> = guards
            .iter()
            .enumerate()
            .map(|(index, guard)| (WaitSetAttachmentId::from_guard(guard), index))
            .collect();
        let mut error = None;
        set.wait_and_process(|attachment| {
            let Some(&index) = indexes.get(&attachment) else {
                return CallbackProgression::Continue;
            };
            if let Err(failure) = listeners[index].try_wait(|_| {}) {
                error = Some(format!("{failure:?}"));
                return CallbackProgression::Stop;
            }
            if ready(index, data) {
                CallbackProgression::Continue
            } else {
                CallbackProgression::Stop
            }
        })?;
        error.map_or(Ok(()), |text| Err(text.into()))
    })();
    match result {
        Ok(()) => DONE,
        Err(error) => failed(error),
    }
}
