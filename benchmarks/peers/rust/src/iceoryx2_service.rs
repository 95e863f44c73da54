//! iceoryx2's request-response behind a C ABI, for benchmarks/services/iceoryx2_service.cc.
use crate::iceoryx2_common::{
    create_listener, create_node, create_notifier, failed, hand_over, lend, notify, open_event,
    pointer, receive, send_lent, wait, Event, Ipc, EMPTY, ENDED,
};
use crate::Handler;
use iceoryx2::active_request::ActiveRequest;
use iceoryx2::pending_response::PendingResponse;
use iceoryx2::port::client::Client;
use iceoryx2::port::listener::Listener;
use iceoryx2::port::notifier::Notifier;
use iceoryx2::port::server::Server;
use iceoryx2::prelude::*;
use iceoryx2::response_mut_uninit::ResponseMutUninit;
use iceoryx2::service::port_factory::request_response;
use std::error::Error;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::raw::{c_char, c_int, c_void};

/// The settings that both sides agree on.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ServiceSettings {
    /// Of the service, of its folder below /tmp and, in front, of its files in /dev/shm.
    name: *const c_char,
    max_request: usize,
    max_reply: usize,
    /// Replies in the buffer of a client.
    replies: usize,
    /// A notification follows each request and each reply.
    notify: bool,
}

type Loan = ResponseMutUninit<Ipc, [MaybeUninit<u8>], ()>;

/// The service that a process opens first. A node must not be taken across a fork.
struct Opened {
    service: request_response::PortFactory<Ipc, [u8], (), [u8], ()>,
    requests: Option<Event>,
    replies: Option<Event>,
    _node: Node<Ipc>,
}

// Ports before what they belong to: they are dropped in this order.
pub struct Calling {
    pending: Option<PendingResponse<Ipc, [u8], (), [u8], ()>>,
    client: Client<Ipc, [u8], (), [u8], ()>,
    notifier: Option<Notifier<Ipc>>,
    listener: Option<Listener<Ipc>>,
    opened: Opened,
}

pub struct Serving {
    loan: Option<Loan>,
    request: Option<ActiveRequest<Ipc, [u8], (), [u8], ()>>,
    server: Server<Ipc, [u8], (), [u8], ()>,
    notifier: Option<Notifier<Ipc>>,
    listener: Option<Listener<Ipc>>,
    _opened: Opened,
}

unsafe fn open(settings: &ServiceSettings) -> Result<Opened, Box<dyn Error>> {
    let name = CStr::from_ptr(settings.name).to_str()?;
    let node = create_node(name)?;
    let service = node
        .service_builder(&name.try_into()?)
        .request_response::<[u8], [u8]>()
        .request_payload_alignment(Alignment::new(8).unwrap())
        .response_payload_alignment(Alignment::new(8).unwrap())
        .enable_safe_overflow_for_requests(false)
        .enable_safe_overflow_for_responses(false)
        .max_active_requests_per_client(2)
        .max_loaned_requests(2)
        .max_response_buffer_size(settings.replies)
        .max_borrowed_responses_per_pending_response(1)
        .max_servers(1)
        .max_clients(1)
        .max_nodes(2)
        .open_or_create()?;
    let (mut requests, mut replies) = (None, None);
    if settings.notify {
        requests = Some(open_event(&node, &format!("{name}-requests"), 1, 2)?);
        replies = Some(open_event(&node, &format!("{name}-replies"), 1, 2)?);
    }
    Ok(Opened { service, requests, replies, _node: node })
}

/// A client, or null.
///
/// # Safety
/// The name ends with a zero, as below.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_attach_client(
    settings: *const ServiceSettings,
) -> *mut Calling {
    let settings = &*settings;
    pointer((|| {
        let opened = open(settings)?;
        let client = opened
            .service
            .client_builder()
            .initial_max_slice_len(settings.max_request)
            .allocation_strategy(AllocationStrategy::Static)
            .backpressure_strategy(BackpressureStrategy::RetryUntilDelivered)
            .create()?;
        let notifier = create_notifier(&opened.requests)?;
        let listener = create_listener(&opened.replies)?;
        Ok(Calling { pending: None, client, notifier, listener, opened })
    })())
}

/// # Safety
/// `calling` is of `peer_iceoryx2_attach_client`, as below.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_detach_client(calling: *mut Calling) {
    drop(Box::from_raw(calling));
}

/// Whether there is a server, and all that it is notified by.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_has_server(calling: *const Calling) -> bool {
    let opened = &(*calling).opened;
    opened.service.dynamic_config().number_of_servers() > 0
        && opened.requests.iter().all(|event| event.dynamic_config().number_of_listeners() > 0)
        && opened.replies.iter().all(|event| event.dynamic_config().number_of_notifiers() > 0)
}

/// Sends a request. Its call goes on until `peer_iceoryx2_end_call`.
///
/// # Safety
/// As above; the request has `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_call(
    calling: *mut Calling,
    request: *const u8,
    size: usize,
) -> c_int {
    let calling = &mut *calling;
    let loan = match calling.client.loan_slice_uninit(size) {
        Ok(loan) => loan,
        Err(error) => return failed(error),
    };
    match loan.write_from_slice(std::slice::from_raw_parts(request, size)).send() {
        Ok(pending) => calling.pending = Some(pending),
        Err(error) => return failed(error),
    }
    notify(&calling.notifier)
}

/// Calls `handler` for one reply where it lies, if there is one. ENDED: no other one comes.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_try_reply(
    calling: *mut Calling,
    handler: Handler,
    data: *mut c_void,
) -> c_int {
    let Some(pending) = &(*calling).pending else { return failed("there is no call") };
    // Looks first, since the last reply is sent before the connection ends.
    let is_connected = pending.is_connected();
    match receive(pending.receive(), |reply| hand_over(reply.payload(), handler, data)) {
        EMPTY if !is_connected => ENDED,
        result => result,
    }
}

/// Sleeps until there was a notification since the last call.
///
/// # Safety
/// As above; the service notifies.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_wait_for_reply(calling: *mut Calling) -> c_int {
    wait(&(*calling).listener)
}

/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_end_call(calling: *mut Calling) {
    (*calling).pending = None;
}

/// A server, or null.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_attach_server(
    settings: *const ServiceSettings,
) -> *mut Serving {
    let settings = &*settings;
    pointer((|| {
        let opened = open(settings)?;
        let notifier = create_notifier(&opened.replies)?;
        let listener = create_listener(&opened.requests)?;
        let server = opened
            .service
            .server_builder()
            .initial_max_slice_len(settings.max_reply)
            .allocation_strategy(AllocationStrategy::Static)
            .max_loaned_responses_per_request(1)
            .backpressure_strategy(BackpressureStrategy::RetryUntilDelivered)
            .create()?;
        Ok(Serving { loan: None, request: None, server, notifier, listener, _opened: opened })
    })())
}

/// # Safety
/// `serving` is of `peer_iceoryx2_attach_server`, as below.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_detach_server(serving: *mut Serving) {
    drop(Box::from_raw(serving));
}

/// Calls `handler` for one request where it lies, if there is one. It can be replied to until
/// `peer_iceoryx2_end_request`.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_try_request(
    serving: *mut Serving,
    handler: Handler,
    data: *mut c_void,
) -> c_int {
    let serving = &mut *serving;
    receive(serving.server.receive(), |request| {
        hand_over(request.payload(), handler, data);
        serving.request = Some(request);
    })
}

/// As `peer_iceoryx2_wait_for_reply`.
///
/// # Safety
/// As above; the service notifies.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_wait_for_request(serving: *mut Serving) -> c_int {
    wait(&(*serving).listener)
}

/// `size` bytes to fill, or null.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_loan_reply(
    serving: *mut Serving,
    size: usize,
) -> *mut c_void {
    let serving = &mut *serving;
    let Some(request) = &serving.request else {
        failed("there is no request");
        return std::ptr::null_mut();
    };
    lend(request.loan_slice_uninit(size), &mut serving.loan, Loan::payload_mut)
}

/// Sends the reply that was lent; waits while the client's buffer is full.
///
/// # Safety
/// As above; the bytes were filled.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_send_reply(serving: *mut Serving) -> c_int {
    let serving = &mut *serving;
    send_lent(&mut serving.loan, |loan| loan.assume_init().send(), &serving.notifier)
}

/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn peer_iceoryx2_end_request(serving: *mut Serving) {
    (*serving).request = None;
}
