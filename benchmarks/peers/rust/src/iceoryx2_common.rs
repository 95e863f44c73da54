//! The common part of publish-subscribe and request-response with iceoryx2: results, a node,
//! events, and slices that are lent.
use crate::Handler;
use iceoryx2::port::listener::Listener;
use iceoryx2::port::notifier::Notifier;
use iceoryx2::prelude::*;
use iceoryx2::service::port_factory::event;
use std::error::Error;
use std::fmt::Debug;
use std::mem::MaybeUninit;
use std::os::raw::{c_int, c_void};

pub const DONE: c_int = 0;
pub const EMPTY: c_int = 1;
pub const ENDED: c_int = 2;
pub const FAILED: c_int = -1;

pub type Ipc = ipc::Service;
pub type Event = event::PortFactory<Ipc>;

/// The value on the heap, or null.
pub fn pointer<T>(attached: Result<T, Box<dyn Error>>) -> *mut T {
    match attached {
        Ok(value) => Box::into_raw(Box::new(value)),
        Err(error) => {
            eprintln!("iceoryx2: {error}");
            std::ptr::null_mut()
        }
    }
}

pub fn failed(error: impl Debug) -> c_int {
    eprintln!("iceoryx2: {error:?}");
    FAILED
}

/// A node with its own folder below /tmp and its own prefix of files in /dev/shm.
pub fn create_node(name: &str) -> Result<Node<Ipc>, Box<dyn Error>> {
    set_log_level(LogLevel::Error);
    let mut config = Config::default();
    config.global.set_root_path(&Path::new(format!("/tmp/{name}").as_bytes())?);
    config.global.prefix = FileName::new(format!("{name}-").as_bytes())?;
    Ok(NodeBuilder::new().config(&config).create::<Ipc>()?)
}

/// An event with one listener.
pub fn open_event(
    node: &Node<Ipc>,
    name: &str,
    notifiers: usize,
    nodes: usize,
) -> Result<Event, Box<dyn Error>> {
    Ok(node
        .service_builder(&name.try_into()?)
        .event()
        .max_listeners(1)
        .max_notifiers(notifiers)
        .max_nodes(nodes)
        .open_or_create()?)
}

pub fn create_notifier(event: &Option<Event>) -> Result<Option<Notifier<Ipc>>, Box<dyn Error>> {
    Ok(event.as_ref().map(|event| event.notifier_builder().create()).transpose()?)
}

pub fn create_listener(event: &Option<Event>) -> Result<Option<Listener<Ipc>>, Box<dyn Error>> {
    Ok(event.as_ref().map(|event| event.listener_builder().create()).transpose()?)
}

/// Wakes the listener, if there is a notifier.
pub fn notify(notifier: &Option<Notifier<Ipc>>) -> c_int {
    match notifier.as_ref().map(|notifier| notifier.notify()) {
        Some(Err(error)) => failed(error),
        _ => DONE,
    }
}

/// Sleeps until there was a notification since the last call.
pub fn wait(listener: &Option<Listener<Ipc>>) -> c_int {
    let Some(listener) = listener else { return failed("there is no listener") };
    match listener.blocking_wait(|_| {}) {
        Ok(_) => DONE,
        Err(error) => failed(error),
    }
}

/// Calls `take` for what was received, if that is something.
pub fn receive<T, E: Debug>(received: Result<Option<T>, E>, take: impl FnOnce(T)) -> c_int {
    match received {
        Ok(Some(value)) => {
            take(value);
            DONE
        }
        Ok(None) => EMPTY,
        Err(error) => failed(error),
    }
}

pub fn hand_over(bytes: &[u8], handler: Handler, data: *mut c_void) {
    handler(bytes.as_ptr(), bytes.len(), data);
}

/// Keeps the loan in `place`. Returns its bytes, to fill, or null.
pub fn lend<Loan, E: Debug>(
    loan: Result<Loan, E>,
    place: &mut Option<Loan>,
    payload: impl FnOnce(&mut Loan) -> &mut [MaybeUninit<u8>],
) -> *mut c_void {
    match loan {
        Ok(mut loan) => {
            let bytes = payload(&mut loan).as_mut_ptr().cast();
            *place = Some(loan);
            bytes
        }
        Err(error) => {
            failed(error);
            std::ptr::null_mut()
        }
    }
}

/// Sends the loan in `place` by `send`, then notifies.
pub fn send_lent<Loan, Sent, E: Debug>(
    place: &mut Option<Loan>,
    send: impl FnOnce(Loan) -> Result<Sent, E>,
    notifier: &Option<Notifier<Ipc>>,
) -> c_int {
    let Some(loan) = place.take() else { return failed("nothing was lent") };
    if let Err(error) = send(loan) {
        return failed(error);
    }
    notify(notifier)
}
