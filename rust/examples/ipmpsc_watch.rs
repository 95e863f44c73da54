//! Prints the messages of a channel beside its receiver, and who uses it. Ends with the channel, or
//! when no message came for ten seconds.
//!
//!     ipmpsc_watch PATH

use ipmpsc::{SharedRingBuffer, Tap, TapStart};
use std::error::Error;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: ipmpsc_watch PATH")?;
    let buffer = SharedRingBuffer::open_read_only(path)?;
    for sender in buffer.stats()?.senders {
        let who = sender.participant;
        println!("{:?}, process {}: {} messages", who.name, who.pid, sender.sent_messages);
    }
    let mut tap = Tap::over(&buffer, TapStart::OldestUnreleased)?;
    for message in tap.messages(Duration::from_secs(10)) {
        let message = message?;
        if message.lost_before > 0 {
            println!("({} bytes went by unread)", message.lost_before);
        }
        println!("{}", message.payload.escape_ascii());
    }
    Ok(())
}
