//! Sends the lines of standard input to `ipmpsc_receive`, or to examples/c/receive.c.
//!
//!     ipmpsc_send PATH

use ipmpsc::{Sender, SharedRingBuffer};
use std::error::Error;
use std::io::{self, BufRead};
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: ipmpsc_send PATH")?;
    let buffer = SharedRingBuffer::open_timeout(path, Duration::from_secs(10))?;
    let sender = Sender::new(&buffer)?;
    for line in io::stdin().lock().lines() {
        sender.send(line?)?;
    }
    Ok(())
}
