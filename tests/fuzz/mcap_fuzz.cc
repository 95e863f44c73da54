// Reads arbitrary files as recordings.
//
// Bytes of an input:
//   0    bits 0 and 1: the rest is the whole file (0), the records behind the magic bytes (1), the
//        records of a chunk without compression (2), or of one that is compressed (3)
//        bit 2: a summary with a correct checksum follows: the rest again
//        bits 3 and 4: leave out messages before, or after, the time 1000
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/internal/require.h"
#include "recording/compression.h"
#include "recording/mcap_reader.h"
#include "recording/mcap_records.h"
#include "recording/mcap_writer.h"
#include "tests/fuzz/input.h"

namespace ipmpsc::fuzz {
namespace {

using internal::Require;
using recording::McapChannel;
using recording::McapChunk;
using recording::McapFooter;
using recording::McapItem;
using recording::McapReader;
using recording::McapReaderOptions;
using recording::McapSource;
using recording::McapWriter;
using recording::McapWriterOptions;

constexpr uint64_t kMostBytes = uint64_t{1} << 20;

class StringSource : public McapSource {
 public:
  explicit StringSource(std::string bytes) : bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  absl::Status Read(uint64_t offset, uint64_t length, std::string* out) override {
    Require(offset <= bytes_.size() && length <= bytes_.size() - offset, "reads inside the file");
    Require(length <= kMostBytes, "reads no more than the limit");
    *out = bytes_.substr(offset, length);
    return absl::OkStatus();
  }

 private:
  const std::string bytes_;
};

std::string ChunkOf(absl::string_view records, bool compress) {
  McapChunk chunk;
  std::string compressed;
  chunk.uncompressed_size = records.size();
  chunk.uncompressed_crc = recording::Crc32(0, records);
  chunk.records = records;
  if (compress) {
    Require(recording::Compressor().Append(records, 1, &compressed).ok(), "zstd compresses");
    chunk.compression = "zstd";
    chunk.records = compressed;
  }
  std::string record;
  recording::AppendChunkStart(chunk, &record);
  return record.append(chunk.records.data(), chunk.records.size());
}

std::string FileOf(uint8_t mode, absl::string_view rest) {
  if (mode % 4 == 0) return std::string(rest);
  std::string file(recording::kMcapMagic);
  file += mode % 4 == 1 ? std::string(rest) : ChunkOf(rest, mode % 4 == 3);
  if ((mode & 4) == 0) return file;
  recording::AppendRecord(recording::McapDataEnd{}, &file);
  McapFooter footer;
  footer.summary_start = file.size();
  std::string summary(rest);
  recording::AppendRecord(footer, &summary);
  footer.summary_crc =
      recording::Crc32(0, absl::string_view(summary).substr(0, summary.size() - 4));
  file.append(rest.data(), rest.size());
  recording::AppendRecord(footer, &file);
  return file.append(recording::kMcapMagic.data(), recording::kMcapMagic.size());
}

// The content of a message, for comparison.
std::string Say(const McapItem& item) {
  return absl::StrCat(item.channel->topic, " ", item.message.sequence, " ", item.message.log_time,
                      " ", item.message.publish_time, " ", item.message.data);
}

struct Found {
  std::vector<std::string> messages;
  std::vector<McapItem> items;  // without data
  std::vector<McapChannel> channels;
  std::vector<std::string> data;
};

// False if it is no MCAP file.
bool ReadAll(absl::StatusOr<McapReader> reader, size_t size, Found* found) {
  if (!reader.ok()) {
    Require(absl::IsInvalidArgument(reader.status()), "Over returns only what its header lists");
    return false;
  }
  McapItem item;
  // Each record has 9 bytes, and each chunk and the end may be damaged once more. The content of a
  // chunk is bounded, too.
  for (uint64_t calls = 0;; ++calls) {
    Require(calls <= size + kMostBytes * (1 + size / 48), "the file has an end");
    const absl::Status status = reader->Next(&item);
    if (absl::IsOutOfRange(status)) break;
    if (absl::IsDataLoss(status) || absl::IsUnimplemented(status)) {
      Require(!status.message().empty(), "an error says what is wrong");
      continue;
    }
    Require(status.ok(), "Next returns only what its header lists");
    if (item.kind != McapItem::Kind::kMessage) continue;
    if (found->messages.size() < 1000) {
      found->messages.push_back(Say(item));
      found->channels.push_back(*item.channel);
      found->data.emplace_back(item.message.data);
      found->items.push_back(item);
    }
  }
  Require(absl::IsOutOfRange(reader->Next(&item)), "the end stays");
  return true;
}

// Writes the messages that were read, and reads them again.
void WriteAgain(const Found& found) {
  const std::string path = absl::StrCat("/dev/shm/mcap_fuzz-", getpid(), ".mcap");
  McapWriterOptions options;
  options.overwrite = true;
  options.chunk_bytes = 100;
  absl::StatusOr<McapWriter> writer = McapWriter::Create(path, options);
  Require(writer.ok(), "a file can be written");
  for (const McapChannel& channel : found.channels) writer->AddChannel(channel);
  for (size_t i = 0; i < found.items.size(); ++i) {
    recording::McapMessage message = found.items[i].message;
    message.data = found.data[i];
    Require(writer->AddMessage(message).ok(), "a message can be written");
  }
  Require(writer->Finish().ok(), "a file can be finished");
  Found again;
  absl::StatusOr<McapReader> reader = McapReader::Open(path);
  Require(reader.ok() && ReadAll(*std::move(reader), kMostBytes, &again), "it can be read");
  Require(again.messages == found.messages, "what is written is read");
  unlink(path.c_str());
}

void Run(uint8_t mode, absl::string_view rest) {
  const std::string file = FileOf(mode, rest);
  McapReaderOptions options;
  options.max_record_bytes = kMostBytes;
  if ((mode & 8) != 0) options.start_time = 1000;
  if ((mode & 16) != 0) options.end_time = 1000;
  Found found;
  if (!ReadAll(McapReader::Over(std::make_unique<StringSource>(file), options), file.size(),
               &found)) {
    return;
  }
  for (const McapItem& item : found.items) {
    // Without an end even the largest time is wanted.
    const bool is_late = (mode & 16) != 0 && item.message.log_time >= options.end_time;
    Require(item.message.log_time >= options.start_time && !is_late,
            "only the wanted time is read");
  }
  if (!found.messages.empty()) WriteAgain(found);
}

}  // namespace
}  // namespace ipmpsc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ipmpsc::fuzz::Input input(data, size);
  const uint8_t mode = input.Take<uint8_t>();
  ipmpsc::fuzz::Run(mode, input.TakeRest());
  return 0;
}
