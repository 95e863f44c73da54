//! Taps, snapshots and post-mortems.

use ipmpsc::{
    ChannelOptions, Code, Liveness, PostMortem, Receiver, ReceiverWait, Sender, SenderOptions,
    SharedRingBuffer, Tap, TapStart,
};
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(1);

#[test]
fn a_tap_reads_beside_the_receiver() {
    let mut options = ChannelOptions::new(65536);
    options.timestamps = true;
    let (path, buffer) = SharedRingBuffer::create_temp_with(&options).unwrap();
    let sender = Sender::new(&buffer).unwrap();
    sender.set_next_sequence(5).unwrap();
    sender.send_batch(&["one", "two"]).unwrap();
    assert_eq!(sender.set_next_sequence(6).unwrap_err().code(), Code::InvalidArgument);
    let mut tap = Tap::open(&path, TapStart::OldestUnreleased).unwrap();
    let first = tap.next_timeout(WAIT).unwrap().unwrap().into_owned();
    let second = tap.next_timeout(WAIT).unwrap().unwrap();
    assert_eq!((&*first.payload, &*second.payload), (&b"one"[..], &b"two"[..]));
    assert_eq!((first.sequence, second.sequence), (Some(5), Some(6)));
    assert!(first.position < second.position && second.sent_at.is_some());
    assert!(tap.try_next().unwrap().is_none());
    assert!(tap.next_timeout(SHORT).unwrap().is_none());
    // The receiver gets them all the same.
    let receiver = Receiver::new(&buffer).unwrap();
    assert_eq!(receiver.recv().unwrap(), b"one");
}

#[test]
fn iterating_over_a_tap_tells_losses() {
    let (_, buffer) = SharedRingBuffer::create_temp(65536).unwrap();
    let sender = Sender::new(&buffer).unwrap();
    let receiver = Receiver::new(&buffer).unwrap();
    let mut tap = Tap::over(&buffer, TapStart::Now).unwrap();
    sender.send(b"seen").unwrap();
    let seen: Vec<_> = tap.messages(SHORT).map(|message| message.unwrap()).collect();
    assert_eq!(seen.len(), 1);
    assert_eq!(tap.loss().unwrap().bytes, 0);
    assert_eq!(receiver.recv().unwrap(), b"seen");
    // It lags behind by more than the ring.
    let big = [7; 4096];
    for _ in 0..64 {
        sender.send(big).unwrap();
        receiver.recv().unwrap();
    }
    sender.send(b"last").unwrap();
    buffer.close().unwrap();
    let rest: Vec<_> = tap.messages(WAIT).map(|message| message.unwrap()).collect();
    assert_eq!(&*rest.last().unwrap().payload, b"last");
    let told: u64 = rest.iter().map(|message| message.lost_before).sum();
    let loss = tap.loss().unwrap();
    assert!(loss.bytes > 65536, "{loss:?}");
    assert_eq!(loss.bytes, told);
    assert!(loss.messages > 0 && loss.overtakings > 0 && loss.holes == 0);
    assert_eq!(tap.try_next().unwrap_err().code(), Code::OutOfRange);
    assert_eq!(Tap::open("/dev/shm/no such", TapStart::Now).err().unwrap().code(), Code::NotFound);
}

#[test]
fn stats_say_who_uses_a_channel() {
    let mut options = ChannelOptions::new(4096);
    options.max_senders = 2;
    let (path, buffer) = SharedRingBuffer::create_temp_with(&options).unwrap();
    let mut sender_options = SenderOptions::default();
    sender_options.name = "the sender".into();
    let mut sender = Sender::with_options(&buffer, &sender_options).unwrap();
    sender.send(b"12345").unwrap();
    let loan = sender.claim(100).unwrap();
    let looking = SharedRingBuffer::open_read_only(path).unwrap();
    assert_eq!(Sender::new(&looking).err().unwrap().code(), Code::PermissionDenied);
    // The kernel is asked for 10 milliseconds at most, which may be too short on a busy machine.
    let stats = std::iter::repeat_with(|| looking.stats().unwrap())
        .take(1000)
        .find(|stats| stats.senders[0].participant.liveness != Liveness::Unknown)
        .expect("the kernel did not say in 1000 snapshots whether the sender lives");
    assert_eq!(stats.id.len(), 32);
    assert_eq!((stats.capacity, stats.max_senders, stats.attached_senders), (4096, 2, 1));
    assert_eq!((stats.claim_position, stats.release_position, stats.fill), (192, 0, 192));
    assert!(!stats.closed && !stats.damaged && !stats.drops_newest && stats.turn.is_none());
    assert!(stats.created.is_some() && stats.receiver.is_none());
    let claim = stats.oldest_open_claim.unwrap();
    assert_eq!((claim.position, claim.bytes, claim.sender), (64, 128, 0));
    let oldest = stats.oldest_record.unwrap();
    assert!(oldest.committed && oldest.payload_bytes == 5 && oldest.position == 0);
    let [one] = &stats.senders[..] else { panic!("{:?}", stats.senders) };
    assert_eq!(one.participant.name, "the sender");
    assert_eq!(one.participant.pid, std::process::id());
    assert_eq!(one.participant.liveness, Liveness::Alive);
    assert!(one.participant.pid_is_ours && !one.participant.died);
    assert_eq!((one.sent_messages, one.sent_bytes, one.owners, one.slot), (1, 5, 1, 0));
    assert_eq!(one.open_claim.as_ref(), Some(&claim));
    drop(loan);

    let receiver = Receiver::new(&buffer).unwrap();
    receiver.recv().unwrap();
    let stats = buffer.stats().unwrap().receiver.unwrap();
    assert_eq!((stats.received_messages, stats.received_bytes, stats.epoch), (1, 5, 1));
    assert_eq!(stats.wait, ReceiverWait::None);
}

#[test]
fn a_post_mortem_reads_what_is_left() {
    let mut options = ChannelOptions::new(4096);
    options.description = b"described".to_vec();
    let (path, buffer) = SharedRingBuffer::create_temp_with(&options).unwrap();
    let sender = Sender::new(&buffer).unwrap();
    assert_eq!(PostMortem::open(&path).err().unwrap().code(), Code::FailedPrecondition);
    sender.send_batch(&["received", "not received"]).unwrap();
    let receiver = Receiver::new(&buffer).unwrap();
    receiver.recv().unwrap();
    drop(receiver);
    drop(sender);
    let mut found = PostMortem::open(&path).unwrap();
    let message = found.next_message().unwrap().unwrap();
    assert_eq!((message.payload, message.released), (&b"received"[..], true));
    let message = found.next_message().unwrap().unwrap();
    assert_eq!((message.payload, message.released), (&b"not received"[..], false));
    assert!(found.next_message().unwrap().is_none());
    assert!(found.orphans().unwrap().is_empty());
    assert_eq!(found.stats().unwrap().senders[0].sent_messages, 2);
    let copy = found.channel().unwrap();
    drop(found);
    assert_eq!(copy.description(), b"described");
    assert!(Receiver::new(&copy).is_err());
}
