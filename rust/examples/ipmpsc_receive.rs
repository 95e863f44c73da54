//! Creates a channel and prints the lines that senders send, until they all have gone.
//!
//!     ipmpsc_receive PATH

use ipmpsc::{Code, Receiver, SharedRingBuffer};
use std::error::Error;
use std::io::{self, Write};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: ipmpsc_receive PATH")?;
    let buffer = SharedRingBuffer::create(&path, 64 * 1024)?;
    let mut receiver = Receiver::with_end(&buffer, true)?;
    let context = receiver.zero_copy_context();
    loop {
        match context.recv() {
            Ok(line) => {
                io::stdout().write_all(&line)?;
                println!();
            }
            Err(error) if error.code() == Code::OutOfRange => break,
            Err(error) => return Err(error.into()),
        }
    }
    std::fs::remove_file(path)?;
    Ok(())
}
