use ipmpsc::{Code, Receiver, Sender, SharedRingBuffer};
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(60);

#[test]
fn message_arrives_whole() {
    let (path, buffer) = SharedRingBuffer::create_temp(4096).unwrap();
    let receiver = Receiver::new(&buffer).unwrap();
    let sender = Sender::new(&SharedRingBuffer::open(&path).unwrap()).unwrap();
    assert_eq!(receiver.try_recv().unwrap(), None);
    sender.send(b"bytes").unwrap();
    sender.send("text").unwrap();
    sender.send(Vec::new()).unwrap();
    assert_eq!(receiver.recv().unwrap(), b"bytes");
    assert_eq!(receiver.recv_timeout(WAIT).unwrap().unwrap(), b"text");
    assert_eq!(receiver.try_recv().unwrap().unwrap(), b"");
    assert_eq!(receiver.recv_timeout(Duration::from_millis(1)).unwrap(), None);
}

#[test]
fn full_ring() {
    let (_, buffer) = SharedRingBuffer::create_temp(4096).unwrap();
    let sender = Sender::new(&buffer).unwrap();
    let big = vec![7; buffer.max_payload()];
    assert!(sender.send_timeout(&big, Duration::ZERO).unwrap());
    assert!(!sender.send_timeout(b"x", Duration::from_millis(1)).unwrap());
    assert!(!sender.send_timeout_when_empty(b"x", Duration::from_millis(1)).unwrap());
    let error = sender.send(vec![0; 5000]).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(error.to_string().starts_with("INVALID_ARGUMENT: "), "{error}");
    let receiver = Receiver::new(&buffer).unwrap();
    assert_eq!(receiver.recv().unwrap(), big);
    sender.send_when_empty(b"last").unwrap();
    assert_eq!(receiver.recv().unwrap(), b"last");
}

#[test]
fn leases_keep_their_messages() {
    let (_, buffer) = SharedRingBuffer::create_temp(4096).unwrap();
    let sender = Sender::new(&buffer).unwrap();
    let mut receiver = Receiver::new(&buffer).unwrap();
    sender.send_batch(&["one", "two"]).unwrap();
    sender.send_batch::<&str>(&[]).unwrap();
    let context = receiver.zero_copy_context();
    let first = context.recv().unwrap();
    let second = context.recv_timeout(WAIT).unwrap().unwrap();
    assert!(context.try_recv().unwrap().is_none());
    assert_eq!((&*first, &*second), (&b"one"[..], &b"two"[..]));
    assert!(first.position() < second.position());
    assert_eq!(first.sender(), 0);
    // The ring is full as long as the first is held.
    let big = vec![1; buffer.max_payload()];
    drop(second);
    assert!(!sender.send_timeout(&big, Duration::from_millis(1)).unwrap());
    drop(first);
    assert!(sender.send_timeout(&big, WAIT).unwrap());
}

#[test]
fn loans() {
    let (_, buffer) = SharedRingBuffer::create_temp(4096).unwrap();
    let mut sender = Sender::new(&buffer).unwrap();
    let receiver = Receiver::new(&buffer).unwrap();
    let mut loan = sender.claim(4).unwrap();
    loan.copy_from_slice(b"lent");
    assert_eq!(&*loan, b"lent");
    loan.publish().unwrap();
    drop(sender.claim(4).unwrap());
    let error = sender.claim(4).unwrap().publish_first(5).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    let mut loan = sender.claim(4).unwrap();
    loan[..2].copy_from_slice(b"in");
    loan.publish_first(2).unwrap();
    assert_eq!(receiver.recv().unwrap(), b"lent");
    assert_eq!(receiver.recv().unwrap(), b"in");
    assert_eq!(receiver.try_recv().unwrap(), None);
}

#[test]
fn errors() {
    let code = |result: ipmpsc::Result<SharedRingBuffer>| result.err().unwrap().code();
    assert_eq!(code(SharedRingBuffer::open("/dev/shm/no such channel")), Code::NotFound);
    assert_eq!(code(SharedRingBuffer::open("a\0b")), Code::InvalidArgument);
    assert_eq!(code(SharedRingBuffer::create("/dev/shm/x", 1 << 60)), Code::InvalidArgument);
    let late = Duration::from_millis(1);
    let opened = SharedRingBuffer::open_timeout("/dev/shm/no such channel", late);
    assert_eq!(code(opened), Code::DeadlineExceeded);
    let (path, buffer) = SharedRingBuffer::create_temp(4096).unwrap();
    assert_eq!(code(SharedRingBuffer::create(&path, 4096)), Code::AlreadyExists);
    let receiver = Receiver::new(&buffer).unwrap();
    assert_eq!(Receiver::new(&buffer).err().unwrap().code(), Code::AlreadyExists);
    let sender = Sender::new(&buffer).unwrap();
    sender.send(b"last").unwrap();
    buffer.close().unwrap();
    assert_eq!(sender.send(b"x").unwrap_err().code(), Code::FailedPrecondition);
    assert_eq!(receiver.recv().unwrap(), b"last");
    assert_eq!(receiver.recv().unwrap_err().code(), Code::OutOfRange);
}

#[test]
fn threads() {
    let (_, buffer) = SharedRingBuffer::create_temp(65536).unwrap();
    let receiver = Receiver::new(&buffer).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let sender = Sender::new(&buffer).unwrap();
            thread::spawn(move || (0..1000u32).for_each(|i| sender.send(i.to_le_bytes()).unwrap()))
        })
        .collect();
    let sum: u64 = (0..4000)
        .map(|_| receiver.recv_timeout(WAIT).unwrap().unwrap())
        .map(|bytes| u64::from(u32::from_le_bytes(bytes.try_into().unwrap())))
        .sum();
    assert_eq!(sum, 4 * 999 * 500);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// The folder of the programs of examples/c (IPMPSC_PROGRAMS); without it these tests do nothing.
fn program(name: &str) -> Option<Command> {
    let folder = std::env::var_os("IPMPSC_PROGRAMS")?;
    Some(Command::new(std::path::Path::new(&folder).join(name)))
}

#[test]
fn from_a_program_in_c() {
    let Some(mut send) = program("send") else {
        eprintln!("skipped: IPMPSC_PROGRAMS is not set");
        return;
    };
    let (path, buffer) = SharedRingBuffer::create_temp(4096).unwrap();
    let receiver = Receiver::new(&buffer).unwrap();
    let mut child = send.arg(&path).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"one\ntwo\n").unwrap();
    assert_eq!(receiver.recv_timeout(WAIT).unwrap().unwrap(), b"one");
    assert_eq!(receiver.recv_timeout(WAIT).unwrap().unwrap(), b"two");
    assert!(child.wait().unwrap().success());
}

#[test]
fn to_a_program_in_c() {
    let Some(mut receive) = program("receive") else {
        eprintln!("skipped: IPMPSC_PROGRAMS is not set");
        return;
    };
    let path = format!("/dev/shm/ipmpsc-rust-test-{}", std::process::id());
    let child = receive.arg(&path).stdout(Stdio::piped()).spawn().unwrap();
    let sender = Sender::new(&SharedRingBuffer::open_timeout(&path, WAIT).unwrap()).unwrap();
    sender.send("from Rust").unwrap();
    drop(sender);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, b"from Rust\n");
}
