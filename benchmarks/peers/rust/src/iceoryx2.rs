//! iceoryx2's publish-subscribe behind a C ABI, for benchmarks/transports/iceoryx2.cc.
use crate::Handler;
use iceoryx2::port::listener::Listener;
use iceoryx2::port::notifier::Notifier;
use iceoryx2::port::publisher::Publisher;
use iceoryx2::port::subscriber::Subscriber;
use iceoryx2::prelude::*;
use iceoryx2::sample_mut_uninit::SampleMutUninit;
use iceoryx2::service::port_factory::{event, publish_subscribe};
use std::collections::HashMap;
use std::error::Error;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::raw::{c_char, c_int, c_void};

const DONE: c_int = 0;
const EMPTY: c_int = 1;
const FAILED: c_int = -1;

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

type Service = ipc::Service;
type Loan = SampleMutUninit<Service, [MaybeUninit<u8>], ()>;

/// The service that a process opens first. A node must not be taken across a fork.
struct Opened {
    service: publish_subscribe::PortFactory<Service, [u8], ()>,
    event: Option<event::PortFactory<Service>>,
    _node: Node<Service>,
}

// Ports before what they belong to: they are dropped in this order.
pub struct Sending {
    loan: Option<Loan>,
    publisher: Publisher<Service, [u8], ()>,
    notifier: Option<Notifier<Service>>,
    opened: Opened,
}

pub struct Receiving {
    subscriber: Subscriber<Service, [u8], ()>,
    listener: Option<Listener<Service>>,
    _opened: Opened,
}

unsafe fn open(channel: &Channel) -> Result<Opened, Box<dyn Error>> {
    set_log_level(LogLevel::Error);
    let name = CStr::from_ptr(channel.name).to_str()?;
    let mut config = Config::default();
    config.global.set_root_path(&Path::new(format!("/tmp/{name}").as_bytes())?);
    config.global.prefix = FileName::new(format!("{name}-").as_bytes())?;
    let node = NodeBuilder::new().config(&config).create::<Service>()?;
    let service_name: ServiceName = name.try_into()?;
    let service = node
        .service_builder(&service_name)
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
        Some(
            node.service_builder(&service_name)
                .event()
                .max_listeners(1)
                .max_notifiers(channel.senders)
                .max_nodes(channel.senders + 2)
                .open_or_create()?,
        )
    } else {
        None
    };
    Ok(Opened { service, event, _node: node })
}

fn pointer<T>(attached: Result<T, Box<dyn Error>>) -> *mut T {
    match attached {
        Ok(value) => Box::into_raw(Box::new(value)),
        Err(error) => {
            eprintln!("iceoryx2: {error}");
            std::ptr::null_mut()
        }
    }
}

fn failed(error: impl std::fmt::Debug) -> c_int {
    eprintln!("iceoryx2: {error:?}");
    FAILED
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
        let notifier = match &opened.event {
            Some(event) => Some(event.notifier_builder().create()?),
            None => None,
        };
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
    match sending.publisher.loan_slice_uninit(size) {
        Ok(mut loan) => {
            let bytes = loan.payload_mut().as_mut_ptr().cast();
            sending.loan = Some(loan);
            bytes
        }
        Err(error) => {
            failed(error);
            std::ptr::null_mut()
        }
    }
}

/// Sends what was lent; waits while the receiver's buffer is full.
///
/// # Safety
/// As above; the bytes were filled.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_publish(sending: *mut Sending) -> c_int {
    let sending = &mut *sending;
    let Some(loan) = sending.loan.take() else { return failed("nothing was lent") };
    if let Err(error) = loan.assume_init().send() {
        return failed(error);
    }
    if let Some(notifier) = &sending.notifier {
        if let Err(error) = notifier.notify() {
            return failed(error);
        }
    }
    DONE
}

/// Wakes the receiver, without a message, if it can sleep.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_wake(sending: *const Sending) {
    if let Some(notifier) = &(*sending).notifier {
        if let Err(error) = notifier.notify() {
            failed(error);
        }
    }
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
        let listener = match &opened.event {
            Some(event) => Some(event.listener_builder().create()?),
            None => None,
        };
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
    match (*receiving).subscriber.receive() {
        Ok(Some(sample)) => {
            let bytes = sample.payload();
            handler(bytes.as_ptr(), bytes.len(), data);
            DONE
        }
        Ok(None) => EMPTY,
        Err(error) => failed(error),
    }
}

/// Sleeps until there was a notification since the last call.
///
/// # Safety
/// As above; the channel notifies.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_wait(receiving: *mut Receiving) -> c_int {
    let Some(listener) = &(*receiving).listener else { return failed("there is no listener") };
    match listener.blocking_wait(|_| {}) {
        Ok(_) => DONE,
        Err(error) => failed(error),
    }
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
    let listeners: Vec<&Listener<Service>> = std::slice::from_raw_parts(receivings, count)
        .iter()
        .filter_map(|receiving| (**receiving).listener.as_ref())
        .collect();
    if listeners.len() != count {
        return failed("there is no listener");
    }
    let result = (|| -> Result<(), Box<dyn Error>> {
        let set = WaitSetBuilder::new().create::<Service>()?;
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
