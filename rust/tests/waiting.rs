//! Wait sets, interrupts, descriptors and flow control.

use ipmpsc::{
    ChannelOptions, Code, OnFull, Receiver, ReceiverOptions, ReceiverStart, Sender, SenderOptions,
    SharedRingBuffer, WaitMechanism, WaitSet,
};
use std::io::{Read, Write};
use std::os::unix::io::AsRawFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

const WAIT: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(1);
const EPOLLIN: u32 = 1;

fn small() -> SharedRingBuffer {
    SharedRingBuffer::create_temp(4096).unwrap().1
}

fn fill(sender: &Sender) {
    let sent = (0..1000).find(|_| !sender.send_timeout(b"full", Duration::ZERO).unwrap());
    assert!(sent.is_some(), "a small channel takes 1000 messages");
}

fn tags(set: &mut WaitSet<'_>, timeout: Duration) -> Vec<u64> {
    let mut tags: Vec<u64> = set.wait(Some(timeout)).unwrap().iter().map(|one| one.tag).collect();
    tags.sort_unstable();
    tags
}

/// Waits until exactly the members with these tags are ready.
fn await_tags(set: &mut WaitSet<'_>, wanted: &[u64]) {
    let end = Instant::now() + WAIT;
    loop {
        let found = tags(set, WAIT);
        if found == wanted {
            return;
        }
        assert!(Instant::now() < end, "{wanted:?} are not ready in {WAIT:?}, but {found:?}");
        thread::sleep(SHORT);
    }
}

fn receiver_of(buffer: &SharedRingBuffer) -> Rc<Receiver> {
    Rc::new(Receiver::new(buffer).unwrap())
}

fn sender_of(buffer: &SharedRingBuffer) -> Rc<Sender> {
    Rc::new(Sender::new(buffer).unwrap())
}

/// Whether a receiver is attached, and how many senders are.
fn users_of(buffer: &SharedRingBuffer) -> (bool, u32) {
    let taken = Receiver::new(buffer).err().map(|error| error.code());
    assert!(matches!(taken, None | Some(Code::AlreadyExists)), "{taken:?}");
    (taken.is_some(), buffer.stats().unwrap().attached_senders)
}

#[test]
fn a_set_reports_its_members() {
    let (first, second) = (small(), small());
    let (first_receiver, second_receiver) = (receiver_of(&first), receiver_of(&second));
    let (first_sender, second_sender) = (sender_of(&first), sender_of(&second));
    let (mut near, mut far) = UnixStream::pair().unwrap();
    let near_fd = near.try_clone().unwrap();
    let mut set = WaitSet::new().unwrap();
    set.add_receiver(&first_receiver, 1).unwrap();
    set.add_receiver(&second_receiver, 2).unwrap();
    set.add_fd(&near_fd, EPOLLIN, 3).unwrap();
    fill(&second_sender);
    set.add_sender(&second_sender, 4, 4).unwrap();
    assert_eq!(set.add_receiver(&first_receiver, 5).unwrap_err().code(), Code::AlreadyExists);
    let error = set.add_sender(&first_sender, 1 << 20, 5).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(set.remove_sender(&first_sender).unwrap_err().code(), Code::NotFound);

    assert_eq!(tags(&mut set, WAIT), [2]);
    far.write_all(b"x").unwrap();
    first_sender.send(b"one").unwrap();
    await_tags(&mut set, &[1, 2, 3]);
    let events = set.wait(Some(WAIT)).unwrap().iter().find(|ready| ready.tag == 3).unwrap().events;
    assert_eq!(events, EPOLLIN);

    // Messages are taken, and leases held, while the receivers are members.
    let lease = first_receiver.try_lease().unwrap().unwrap();
    assert_eq!(&*lease, b"one");
    near.read_exact(&mut [0]).unwrap();
    assert_eq!(second_receiver.recv_timeout(WAIT).unwrap().unwrap(), b"full");
    await_tags(&mut set, &[2, 4]);
    set.remove_sender(&second_sender).unwrap();
    set.remove_receiver(&second_receiver).unwrap();
    set.remove_fd(&near_fd).unwrap();
    assert!(tags(&mut set, Duration::ZERO).is_empty());
    drop(set);
    drop(lease);
    assert_eq!(first_receiver.try_recv().unwrap(), None);
}

#[test]
fn a_set_keeps_its_members() {
    let buffer = small();
    let receiver = receiver_of(&buffer);
    let sender = sender_of(&buffer);
    let mut set = WaitSet::new().unwrap();
    set.add_receiver(&receiver, 1).unwrap();
    set.add_sender(&sender, 4, 2).unwrap();
    drop((receiver, sender));
    assert_eq!(users_of(&buffer), (true, 1));
    Sender::new(&buffer).unwrap().send(b"x").unwrap();
    await_tags(&mut set, &[1, 2]);
    drop(set);
    assert_eq!(users_of(&buffer), (false, 0));

    // A removed member is the program's alone, and so are those of a set that is gone.
    let receiver = receiver_of(&buffer);
    let sender = sender_of(&buffer);
    let mut set = WaitSet::new().unwrap();
    set.add_receiver(&receiver, 1).unwrap();
    set.add_sender(&sender, 4, 2).unwrap();
    let error = set.add_receiver(&receiver, 3).unwrap_err();
    assert_eq!(error.code(), Code::AlreadyExists);
    set.remove_receiver(&receiver).unwrap();
    let receiver = Rc::try_unwrap(receiver).ok().unwrap();
    let sender = Rc::try_unwrap(sender).err().unwrap();
    drop(set);
    let sender = Rc::try_unwrap(sender).ok().unwrap();
    let received = thread::spawn(move || {
        sender.send(b"y").unwrap();
        [receiver.recv_timeout(WAIT).unwrap(), receiver.recv_timeout(WAIT).unwrap()]
    });
    assert_eq!(received.join().unwrap(), [Some(b"x".to_vec()), Some(b"y".to_vec())]);
}

/// A set that is forgotten lives for ever, and so do its members: they point at each other.
#[test]
fn members_of_a_forgotten_set_stay() {
    let buffer = small();
    let receiver = receiver_of(&buffer);
    let sender = sender_of(&buffer);
    let mut set = WaitSet::new().unwrap();
    set.add_receiver(&receiver, 1).unwrap();
    set.add_sender(&sender, 4, 2).unwrap();
    let interrupter = set.interrupter();
    std::mem::forget(set);
    sender.send(b"x").unwrap();
    assert_eq!(receiver.recv_timeout(WAIT).unwrap().unwrap(), b"x");
    assert!(receiver.recv_timeout(SHORT).unwrap().is_none());
    let receiver = Rc::try_unwrap(receiver).err().unwrap();
    assert_eq!(Rc::strong_count(&sender), 2);
    drop((receiver, sender));
    interrupter.interrupt();
    assert_eq!(users_of(&buffer), (true, 1));
}

#[test]
fn mechanisms() {
    for mechanism in [WaitMechanism::IoUring, WaitMechanism::HelperThread, WaitMechanism::Polling] {
        match WaitSet::with_mechanism(mechanism) {
            Ok(mut set) => assert!(set.wait(Some(SHORT)).unwrap().is_empty()),
            Err(error) => assert_eq!(error.code(), Code::Unimplemented),
        }
    }
}

fn interrupted<T>(result: ipmpsc::Result<T>) -> bool {
    matches!(result, Err(error) if error.code() == Code::Cancelled)
}

#[test]
fn interrupts_end_waits() {
    let buffer = small();
    let receiver = Receiver::new(&buffer).unwrap();
    let sender = Sender::new(&buffer).unwrap();
    let member = receiver_of(&small());
    let mut set = WaitSet::new().unwrap();
    set.add_receiver(&member, 0).unwrap();
    let all = [receiver.interrupter(), sender.interrupter(), set.interrupter()];
    let soon = |i: usize| {
        let interrupter = all[i].clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(10));
            interrupter.interrupt();
        })
    };
    let thread = soon(0);
    assert!(interrupted(receiver.recv_timeout(WAIT)));
    thread.join().unwrap();
    let thread = soon(2);
    assert!(interrupted(set.wait(Some(WAIT))));
    thread.join().unwrap();
    fill(&sender);
    let thread = soon(1);
    assert!(interrupted(sender.send_timeout(b"full", WAIT)));
    thread.join().unwrap();
    // Before a wait counts, too.
    all[1].interrupt();
    assert!(interrupted(sender.wait_until_released(sender.sent_position(), WAIT)));
    // No effect, and no crash, when the object is gone.
    drop(set);
    drop(receiver);
    drop(sender);
    all.iter().for_each(|interrupter| interrupter.interrupt());
}

#[test]
fn sends_that_find_no_space() {
    let buffer = small();
    let receiver = Receiver::new(&buffer).unwrap();
    let mut sender = Sender::new(&buffer).unwrap();
    fill(&sender);
    assert!(!sender.send_batch_timeout(&["a", "b"], SHORT).unwrap());
    assert!(sender.claim_timeout(4, SHORT).unwrap().is_none());
    while receiver.try_recv().unwrap().is_some() {}
    assert!(sender.send_batch_timeout(&["a", "b"], SHORT).unwrap());
    let mut loan = sender.claim_timeout(1, SHORT).unwrap().unwrap();
    loan[0] = b'c';
    loan.publish().unwrap();
    for expected in [b"a", b"b", b"c"] {
        assert_eq!(receiver.recv_timeout(WAIT).unwrap().unwrap(), expected);
    }
}

#[test]
fn released_positions() {
    let buffer = small();
    let receiver = Receiver::new(&buffer).unwrap();
    let sender = Sender::new(&buffer).unwrap();
    sender.send(b"x").unwrap();
    let sent = sender.sent_position();
    assert!(!sender.wait_until_released(sent, SHORT).unwrap());
    let error = sender.wait_until_released(sent + 1, WAIT).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    let lease = receiver.lease().unwrap();
    assert!(!sender.wait_until_released(sent, SHORT).unwrap());
    drop(lease);
    assert!(sender.wait_until_released(sent, WAIT).unwrap());
    assert_eq!(buffer.released_position(), sent);
}

#[test]
fn descriptors() {
    let buffer = small();
    let receiver = receiver_of(&buffer);
    let sender = Sender::new(&buffer).unwrap();
    assert!(!sender.arm());
    assert!(receiver.fd().unwrap().as_raw_fd() > 2);
    assert!(receiver.arm());
    sender.send(b"x").unwrap();
    assert!(!receiver.arm());
    assert!(sender.fd(4).unwrap().as_raw_fd() > 2);
    assert!(!sender.arm());
    fill(&sender);
    assert!(sender.arm());
    let mut set = WaitSet::new().unwrap();
    assert_eq!(set.add_receiver(&receiver, 0).unwrap_err().code(), Code::AlreadyExists);
    assert!(set.fd().unwrap().as_raw_fd() > 2);
}

#[test]
fn lossy_channels_and_newest_messages() {
    let mut options = ChannelOptions::new(4096);
    options.on_full = OnFull::DropNewest;
    options.timestamps = true;
    options.description = b"lossy".to_vec();
    let (path, buffer) = SharedRingBuffer::create_temp_with(&options).unwrap();
    assert_eq!(buffer.description(), b"lossy");
    assert_eq!(buffer.path().to_str(), Some(&*path));
    let mut sender_options = SenderOptions::default();
    sender_options.name = "a Rust program".into();
    let sender = Sender::with_options(&buffer, &sender_options).unwrap();
    let dropped = (0..1000).find_map(|_| sender.send(b"full").err());
    let dropped = dropped.expect("a small channel takes 1000 messages");
    assert_eq!(dropped.code(), Code::ResourceExhausted);
    assert_eq!(sender.dropped(), 1);

    let mut receiver_options = ReceiverOptions::default();
    receiver_options.start = ReceiverStart::Now;
    let receiver = Receiver::with_options(&buffer, &receiver_options).unwrap();
    assert_eq!(receiver.dropped(), 1);
    let backlog = receiver.skipped();
    assert!(backlog > 0);
    assert!(receiver.try_latest().unwrap().is_none());
    sender.send_batch(&["old", "new"]).unwrap();
    let newest = receiver.latest_timeout(WAIT).unwrap().unwrap();
    assert_eq!(&*newest, b"new");
    assert_eq!(newest.sequence(), Some(backlog + 2));
    assert!(newest.sent_at().is_some());
    drop(newest);
    assert_eq!(receiver.skipped(), backlog + 1);
    assert!(receiver.latest_timeout(SHORT).unwrap().is_none());

    let mut same = ChannelOptions::new(1 << 20);
    same.exist = ipmpsc::Exist::Open;
    same.on_full = OnFull::DropNewest;
    let refused = SharedRingBuffer::create_with(&path, &same).err().unwrap();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    same.accept_smaller = true;
    SharedRingBuffer::create_with(&path, &same).unwrap();
}
