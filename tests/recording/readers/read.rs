// Reads a recording with the crate mcap: FILE LINES finished|killed.
use std::{env, fs, process};

fn check<T: PartialEq + std::fmt::Debug>(found: T, expected: T, what: &str) {
    if found != expected {
        eprintln!("{what}: {found:?}, expected {expected:?}");
        process::exit(1);
    }
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let lines: usize = arguments[2].parse().unwrap();
    let finished = arguments[3] == "finished";
    let bytes = fs::read(&arguments[1]).unwrap();
    let name = arguments[1].rsplit('/').next().unwrap();

    let mut count = 0;
    let options = if finished {
        Default::default()
    } else {
        mcap::read::Options::IgnoreEndMagic.into()
    };
    let mut broken = None;
    for message in mcap::MessageStream::new_with_options(&bytes, options).unwrap() {
        match message {
            Ok(message) => {
                count += 1;
                check(message.channel.message_encoding.as_str(), "protobuf", "encoding");
                let schema = message.channel.schema.as_ref().unwrap();
                check(schema.encoding.as_str(), "protobuf", "schema encoding");
                let text = format!("line {count} of {name}");
                let data = &message.data;
                check(&data[data.len() - text.len()..], text.as_bytes(), "text");
            }
            Err(error) => broken = Some(error.to_string()),
        }
    }
    check(count, lines, "messages");
    check(finished && broken.is_some(), false, "errors in a finished file");
    let summary = mcap::Summary::read(&bytes).ok().flatten();
    check(summary.is_some(), finished, "summary");
    if let Some(summary) = summary {
        let statistics = summary.stats.as_ref().unwrap();
        check(statistics.message_count, lines as u64, "the statistics' messages");
        let mut by_index = 0;
        for chunk in &summary.chunk_indexes {
            let indexes = summary.read_message_indexes(&bytes, chunk).unwrap();
            for entries in indexes.values() {
                for entry in entries {
                    // Decompresses the chunk each time.
                    if by_index % 1000 == 0 {
                        summary.seek_message(&bytes, chunk, entry).unwrap();
                    }
                    by_index += 1;
                }
            }
        }
        check(by_index, lines, "messages by index");
    }
    println!("{count} messages, all checksums right");
}
