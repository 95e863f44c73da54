//! The peer of matrix.sh in Rust.

use ipmpsc::{ChannelOptions, Receiver, Sender, SharedRingBuffer};
use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

fn receive(path: &str) -> Result<(), Box<dyn Error>> {
    let mut options = ChannelOptions::new(65536);
    options.max_senders = 4;
    let receiver = Receiver::new(&SharedRingBuffer::create_with(path, &options)?)?;
    let mut output = io::BufWriter::new(io::stdout().lock());
    loop {
        let lease = receiver.lease_timeout(PATIENCE)?.ok_or("no message came")?;
        output.write_all(&lease)?;
        output.write_all(b"\n")?;
        if *lease == *b"end" {
            return Ok(output.flush()?);
        }
    }
}

/// Prints at once, so that the line is there when this process is killed.
fn print(line: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(format!("{line}\n").as_bytes())?;
    output.flush()
}

fn send(path: &str, name: &str, count: u64, last: &str) -> Result<(), Box<dyn Error>> {
    let mut sender = Sender::new(&SharedRingBuffer::open_timeout(path, PATIENCE)?)?;
    for i in (0..).take_while(|&i| count == 0 || i < count) {
        let letter = char::from(b'a' + u8::try_from(i % 26)?);
        let letters = letter.to_string().repeat(usize::try_from(i * 37 % 1500)?);
        if !sender.send_timeout(format!("{name} {i} {letters}"), PATIENCE)? {
            return Err("there was no space".into());
        }
        print(&i.to_string())?;
    }
    if last == "finish" {
        if !sender.send_timeout(b"end", PATIENCE)? {
            return Err("there was no space for the end".into());
        }
    }
    if last == "hold" {
        let mut loan = sender.claim_timeout(100, PATIENCE)?.ok_or("there was no space to claim")?;
        loan[..50].fill(b'!');
        print("held")?;
        std::thread::sleep(PATIENCE);
        return Err("nobody has killed it".into());
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["receive", path] => receive(path),
        ["send", path, name, count] => send(path, name, count.parse()?, ""),
        ["send", path, name, count, last] => send(path, name, count.parse()?, last),
        _ => Err("usage: matrix.sh says how to call a peer".into()),
    }
}
