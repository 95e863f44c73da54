// Tests McapWriter and McapReader: what is written is read, and nothing that a file contains
// crashes the reader.
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "recording/compression.h"
#include "recording/mcap_reader.h"
#include "recording/mcap_records.h"
#include "recording/mcap_writer.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/restrictions.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::recording {
namespace {

using ::ipmpsc::testing::DropFileCapabilities;
using ::ipmpsc::testing::Exists;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::IsOk;
using ::ipmpsc::testing::PathOnDisk;
using ::ipmpsc::testing::ReadFile;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::testing::WriteFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class StringSource : public McapSource {
 public:
  explicit StringSource(std::string bytes) : bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  absl::Status Read(uint64_t offset, uint64_t length, std::string* out) override {
    EXPECT_LE(offset, bytes_.size());
    EXPECT_LE(length, bytes_.size() - offset);
    *out = bytes_.substr(offset, length);
    return absl::OkStatus();
  }

 private:
  const std::string bytes_;
};

// The content of a file, as a reader finds it.
struct Found {
  absl::Status opened;
  std::vector<std::string> messages;  // "topic sequence@log_time data"
  std::vector<std::string> metadata;  // "name key=value..."
  std::vector<absl::Status> damages;
  absl::Status end;
  bool complete = false;
};

Found ReadAll(absl::StatusOr<McapReader> reader) {
  Found found;
  found.opened = reader.status();
  if (!reader.ok()) return found;
  McapItem item;
  for (;;) {
    const absl::Status status = reader->Next(&item);
    if (absl::IsDataLoss(status) || absl::IsUnimplemented(status)) {
      found.damages.push_back(status);
      continue;
    }
    if (!status.ok()) {
      found.end = status;
      found.complete = reader->complete();
      return found;
    }
    if (item.kind == McapItem::Kind::kMetadata) {
      std::string& text = found.metadata.emplace_back(item.metadata.name);
      for (const auto& [key, value] : item.metadata.metadata)
        absl::StrAppend(&text, " ", key, "=", value);
      continue;
    }
    found.messages.push_back(absl::StrCat(item.channel->topic, " ", item.message.sequence, "@",
                                          item.message.log_time, " ", item.message.data));
  }
}

Found ReadBytes(std::string bytes, const McapReaderOptions& options = {}) {
  return ReadAll(McapReader::Over(std::make_unique<StringSource>(std::move(bytes)), options));
}

McapChannel ChannelOf(uint16_t id, const std::string& topic, uint16_t schema_id = 0) {
  return {id, schema_id, topic, schema_id != 0 ? "protobuf" : "", {{"key", "value"}}};
}

// Two channels, three chunks of two messages, and metadata behind the first.
void WriteSample(const std::string& path, int level, bool finish = true) {
  McapWriterOptions options;
  options.compression_level = level;
  options.overwrite = true;
  ASSERT_OK_AND_ASSIGN(McapWriter writer, McapWriter::Create(path, options));
  writer.AddSchema({1, "a.B", "protobuf", std::string("\x0a\x00", 2)});
  writer.AddChannel(ChannelOf(1, "/one", 1));
  writer.AddChannel(ChannelOf(2, "/two"));
  for (uint32_t i = 0; i < 6; ++i) {
    const std::string data = absl::StrCat("message ", i, std::string(i * 10, 'x'));
    ASSERT_OK(writer.AddMessage({static_cast<uint16_t>(1 + i % 2), i, 1000 + i, 900 + i, data}));
    if (i % 2 == 1) {
      ASSERT_OK(writer.CloseChunk());
    }
    if (i == 1) {
      ASSERT_OK(writer.AddMetadata({"gap", {{"bytes", "64"}, {"position", "128"}}}));
    }
  }
  if (finish) {
    ASSERT_OK(writer.Finish());
  }
}

std::string Sample(int level, bool finish = true) {
  const std::string path = PathOnDisk("sample.mcap");
  WriteSample(path, level, finish);
  return ReadFile(path);
}

TEST(McapTest, WhatIsWrittenIsRead) {
  for (const int level : {0, 1, 19}) {
    const Found found = ReadBytes(Sample(level));
    EXPECT_OK(found.opened);
    EXPECT_THAT(found.messages,
                ElementsAre("/one 0@1000 message 0", "/two 1@1001 message 1xxxxxxxxxx",
                            absl::StrCat("/one 2@1002 message 2", std::string(20, 'x')),
                            absl::StrCat("/two 3@1003 message 3", std::string(30, 'x')),
                            absl::StrCat("/one 4@1004 message 4", std::string(40, 'x')),
                            absl::StrCat("/two 5@1005 message 5", std::string(50, 'x'))));
    EXPECT_THAT(found.metadata, ElementsAre("gap bytes=64 position=128"));
    EXPECT_THAT(found.damages, SizeIs(0));
    EXPECT_THAT(found.end, StatusIs(absl::StatusCode::kOutOfRange));
    EXPECT_TRUE(found.complete);
  }
}

TEST(McapTest, ReaderKnowsSchemasChannelsAndStatistics) {
  const std::string path = PathOnDisk("sample.mcap");
  WriteSample(path, 1);
  ASSERT_OK_AND_ASSIGN(McapReader reader, McapReader::Open(path));
  ASSERT_TRUE(reader.statistics().has_value());
  EXPECT_EQ(reader.statistics()->message_count, 6u);
  EXPECT_EQ(reader.statistics()->chunk_count, 3u);
  EXPECT_EQ(reader.statistics()->metadata_count, 1u);
  EXPECT_EQ(reader.statistics()->schema_count, 1u);
  EXPECT_EQ(reader.statistics()->channel_count, 2u);
  EXPECT_EQ(reader.statistics()->start_time, 1000u);
  EXPECT_EQ(reader.statistics()->end_time, 1005u);
  EXPECT_EQ(reader.statistics()->channel_message_counts.at(2), 3u);
  EXPECT_EQ(reader.channels().at(1).metadata.at("key"), "value");
  ASSERT_NE(reader.FindSchema(1), nullptr);
  EXPECT_EQ(reader.FindSchema(1)->name, "a.B");
  EXPECT_EQ(reader.FindSchema(2), nullptr);
  McapItem item;
  ASSERT_OK(reader.Next(&item));
  EXPECT_TRUE(absl::StartsWith(reader.header().library, "ipmpsc "));
  EXPECT_EQ(item.message.publish_time, 900u);
}

TEST(McapTest, ReadsPartOfTheTime) {
  McapReaderOptions options;
  options.start_time = 1003;
  options.end_time = 1005;
  for (const bool finish : {false, true}) {
    const Found found = ReadBytes(Sample(1, finish), options);
    EXPECT_THAT(found.messages,
                ElementsAre(absl::StrCat("/two 3@1003 message 3", std::string(30, 'x')),
                            absl::StrCat("/one 4@1004 message 4", std::string(40, 'x'))));
    EXPECT_EQ(found.complete, finish);
  }
}

TEST(McapTest, EmptyRecordingIsAFile) {
  const std::string path = PathOnDisk("empty.mcap");
  ASSERT_OK_AND_ASSIGN(McapWriter writer, McapWriter::Create(path, {}));
  writer.AddChannel(ChannelOf(1, "/unused"));
  ASSERT_OK(writer.Finish());
  EXPECT_THAT(writer.AddMetadata({"late", {}}), StatusIs(absl::StatusCode::kFailedPrecondition));
  const Found found = ReadAll(McapReader::Open(path));
  EXPECT_THAT(found.messages, SizeIs(0));
  EXPECT_TRUE(found.complete);
}

TEST(McapTest, ChunksAreClosedBySize) {
  const std::string path = PathOnDisk("chunks.mcap");
  McapWriterOptions options;
  options.chunk_bytes = 1000;
  ASSERT_OK_AND_ASSIGN(McapWriter writer, McapWriter::Create(path, options));
  writer.AddChannel(ChannelOf(1, "/one"));
  const std::string data(340, 'd');  // three of them with their headers are more than 1000 bytes
  for (uint32_t i = 0; i < 12; ++i) ASSERT_OK(writer.AddMessage({1, i, i, i, data}));
  EXPECT_EQ(writer.statistics().chunk_count, 4u);
  EXPECT_EQ(writer.pending_bytes(), 0u);
}

// A killed writer leaves a beginning of the file. Whatever its length, the messages of the chunks
// that lie in it whole are read, and nothing else.
TEST(McapTest, EveryBeginningHasItsWholeChunks) {
  for (const int level : {0, 1}) {
    const std::string whole = Sample(level);
    const std::vector<std::string> messages = ReadBytes(whole).messages;
    // Where each chunk ends.
    std::vector<size_t> ends;
    absl::string_view rest = absl::string_view(whole).substr(kMcapMagic.size());
    for (RawRecord record; TakeRecord(&rest, &record);) {
      if (record.opcode == Opcode::kChunk) ends.push_back(whole.size() - rest.size());
    }
    ASSERT_THAT(ends, SizeIs(3));
    for (size_t length = 0; length < whole.size(); ++length) {
      const Found found = ReadBytes(whole.substr(0, length));
      if (length < kMcapMagic.size()) {
        EXPECT_THAT(found.opened,
                    StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not an MCAP file")));
        continue;
      }
      ASSERT_OK(found.opened) << length;
      EXPECT_THAT(found.damages, SizeIs(0)) << length;
      EXPECT_THAT(found.end, StatusIs(absl::StatusCode::kOutOfRange)) << length;
      EXPECT_FALSE(found.complete) << length;
      size_t whole_chunks = 0;
      while (whole_chunks < 3 && ends[whole_chunks] <= length) ++whole_chunks;
      EXPECT_EQ(found.messages,
                std::vector<std::string>(messages.begin(), messages.begin() + 2 * whole_chunks))
          << length;
    }
  }
}

// All bytes of the data and of the summary are covered by a checksum, or are lengths and opcodes.
TEST(McapTest, ChangedBitsAreToldOrChangeNothing) {
  for (const int level : {0, 1}) {
    const std::string whole = Sample(level);
    const Found right = ReadBytes(whole);
    int silent = 0;
    for (size_t byte = 0; byte < whole.size(); ++byte) {
      for (int bit = static_cast<int>(byte) % 4; bit < 8; bit += 4) {
        std::string changed = whole;
        changed[byte] = static_cast<char>(changed[byte] ^ (1 << bit));
        const Found found = ReadBytes(changed);
        if (!found.opened.ok()) continue;
        ASSERT_THAT(found.end, StatusIs(absl::StatusCode::kOutOfRange));
        if (!found.damages.empty() || !found.complete) continue;
        EXPECT_EQ(found.messages, right.messages) << byte << " bit " << bit;
        EXPECT_EQ(found.metadata, right.metadata) << byte << " bit " << bit;
        ++silent;
      }
    }
    // Nothing covers the opcodes and lengths of the summary's end, and readers ignore its offsets.
    EXPECT_LT(silent, 2 * 40) << level;
  }
}

// A record in a file, of any content.
std::string Record(Opcode opcode, absl::string_view content, uint64_t length) {
  std::string record(1, static_cast<char>(opcode));
  for (int i = 0; i < 8; ++i) record.push_back(static_cast<char>(length >> (8 * i)));
  return record.append(content.data(), content.size());
}
std::string Record(Opcode opcode, absl::string_view content) {
  return Record(opcode, content, content.size());
}
std::string File(const std::string& records) { return std::string(kMcapMagic) + records; }

TEST(McapTest, LengthsThatLieAreNoDamageToTheReader) {
  const std::string end = Sample(1);
  for (const uint64_t length :
       {uint64_t{1}, uint64_t{100}, uint64_t{1} << 31, uint64_t{1} << 40, uint64_t{1} << 63,
        ~uint64_t{0}, ~uint64_t{0} - 8, ~uint64_t{0} - 9}) {
    for (int opcode = 0; opcode < 256; ++opcode) {
      const Found found = ReadBytes(File(Record(static_cast<Opcode>(opcode), "", length)));
      EXPECT_OK(found.opened);
      EXPECT_FALSE(found.complete);
      EXPECT_THAT(found.end, StatusIs(absl::StatusCode::kOutOfRange));
    }
  }
  // Inner lengths: each of four bytes of a content is one at some opcode.
  for (int opcode = 1; opcode < 16; ++opcode) {
    for (size_t size = 0; size < 70; ++size) {
      for (const char fill : {'\0', '\1', '\x7f', '\xff'}) {
        const std::string content(size, fill);
        const Found found = ReadBytes(File(Record(static_cast<Opcode>(opcode), content)));
        EXPECT_OK(found.opened);
        EXPECT_THAT(found.messages, SizeIs(0));
      }
    }
  }
}

std::string ChunkRecord(uint64_t size, const std::string& compression, absl::string_view records) {
  McapChunk chunk;
  chunk.uncompressed_size = size;
  chunk.compression = compression;
  chunk.records = records;
  std::string record;
  AppendChunkStart(chunk, &record);
  return record.append(records.data(), records.size());
}

TEST(McapTest, DamagedChunksAreSkipped) {
  std::string good;
  AppendRecord(ChannelOf(7, "/seven"), &good);
  AppendRecord(McapMessage{7, 1, 2, 3, "data"}, &good);
  std::string compressed;
  ASSERT_OK(Compressor().Append(good, 1, &compressed));

  const auto damage_of = [&](const std::string& bad) {
    const Found found = ReadBytes(File(bad + ChunkRecord(good.size(), "", good)));
    EXPECT_THAT(found.messages, ElementsAre("/seven 1@2 data"));
    return found.damages.size() == 1 ? found.damages[0] : absl::OkStatus();
  };
  const auto damaged = [](absl::string_view text) {
    return StatusIs(absl::StatusCode::kDataLoss, HasSubstr(std::string(text)));
  };
  EXPECT_THAT(damage_of(ChunkRecord(good.size() + 1, "zstd", compressed)), damaged("zstd data"));
  EXPECT_THAT(damage_of(ChunkRecord(good.size() - 1, "zstd", compressed)), damaged("zstd data"));
  EXPECT_THAT(damage_of(ChunkRecord(good.size(), "zstd", compressed + "more")), damaged("zstd"));
  EXPECT_THAT(damage_of(ChunkRecord(good.size(), "zstd", good)), damaged("zstd"));
  EXPECT_THAT(damage_of(ChunkRecord(good.size(), "zstd", "")), damaged("zstd data"));
  EXPECT_THAT(damage_of(ChunkRecord(good.size() + 1, "", good)), damaged("another size"));
  EXPECT_THAT(damage_of(ChunkRecord(uint64_t{1} << 50, "zstd", compressed)), damaged("limit"));
  EXPECT_THAT(damage_of(ChunkRecord(good.size(), "lz4", good)),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("convert")));
  const std::string cut = good.substr(0, good.size() - 1);
  // A chunk with a channel, which stays known, and a message that is cut off.
  EXPECT_THAT(damage_of(ChunkRecord(cut.size(), "", cut)), damaged("not whole"));
  std::string stranger;
  AppendRecord(McapMessage{8, 1, 2, 3, "data"}, &stranger);
  EXPECT_THAT(damage_of(ChunkRecord(stranger.size(), "", stranger)), damaged("does not describe"));
  EXPECT_THAT(damage_of(Record(Opcode::kChunk, "short")), damaged("cannot be parsed"));
  EXPECT_THAT(damage_of(Record(Opcode::kMetadata, "abc")), damaged("cannot be parsed"));
}

TEST(McapTest, ClaimedSizesTakeNoMemory) {
  EXPECT_EQ(InChild([]() -> std::string {
              std::string compressed;
              Compressor().Append("x", 1, &compressed).IgnoreError();
              std::string out;
              const absl::Status status = Decompress(compressed, (uint64_t{2} << 30) - 1, &out);
              return absl::StrCat(absl::StatusCodeToString(status.code()), " ",
                                  out.capacity() < (4 << 20));
            }),
            "DATA_LOSS 1");
}

TEST(McapTest, DescriptionsThatChangeAreDamage) {
  std::string records;
  AppendRecord(McapSchema{1, "a", "protobuf", "x"}, &records);
  AppendRecord(McapSchema{1, "b", "protobuf", "x"}, &records);
  AppendRecord(ChannelOf(1, "/one"), &records);
  AppendRecord(ChannelOf(1, "/two"), &records);
  AppendRecord(McapMessage{1, 1, 2, 3, "data"}, &records);
  const Found found = ReadBytes(File(records));
  EXPECT_THAT(found.damages, SizeIs(2));
  EXPECT_THAT(found.messages, ElementsAre("/one 1@2 data"));
}

TEST(McapTest, ZerosBehindTheLastRecordAreTheEnd) {
  const Found found = ReadBytes(Sample(1, /*finish=*/false) + std::string(4096, '\0'));
  EXPECT_THAT(found.messages, SizeIs(6));
  EXPECT_THAT(found.damages, SizeIs(0));
  EXPECT_FALSE(found.complete);
}

TEST(McapTest, CreateFails) {
  const std::string path = PathOnDisk("there.mcap");
  WriteFile(path, "precious");
  EXPECT_THAT(McapWriter::Create(path, {}),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(path)));
  EXPECT_EQ(ReadFile(path), "precious");
  EXPECT_THAT(McapWriter::Create(PathOnDisk("no/such.mcap"), {}),
              StatusIs(absl::StatusCode::kNotFound));
  const std::string directory = PathOnDisk("directory");
  ASSERT_EQ(mkdir(directory.c_str(), 0700), 0);
  McapWriterOptions overwrite;
  overwrite.overwrite = true;
  EXPECT_THAT(McapWriter::Create(directory, overwrite),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_OK(McapWriter::Create(path, overwrite));
  EXPECT_EQ(InChild([&]() -> std::string {
              DropFileCapabilities();
              chmod(directory.c_str(), 0500);
              return std::string(absl::StatusCodeToString(
                  McapWriter::Create(directory + "/x", {}).status().code()));
            }),
            "PERMISSION_DENIED");
}

TEST(McapTest, FullFileSystemEndsTheFile) {
  EXPECT_EQ(InChild([]() -> std::string {
              struct rlimit limit = {10000, 10000};
              setrlimit(RLIMIT_FSIZE, &limit);
              signal(SIGXFSZ, SIG_IGN);
              const std::string path = PathOnDisk("full.mcap");
              McapWriterOptions options;
              options.chunk_bytes = 1000;
              options.compression_level = 0;
              absl::StatusOr<McapWriter> writer = McapWriter::Create(path, options);
              if (!writer.ok()) return writer.status().ToString();
              writer->AddChannel(ChannelOf(1, "/one"));
              const std::string data(999, 'd');
              uint32_t written = 0;
              absl::Status status;
              while ((status = writer->AddMessage({1, written, 2, 3, data})).ok()) ++written;
              if (!absl::IsResourceExhausted(status)) return status.ToString();
              if (writer->Finish() != status) return "finished";
              const Found found = ReadAll(McapReader::Open(path));
              return absl::StrCat(found.messages.size() == written, found.complete);
            }),
            "10");
}

TEST(McapTest, OpenFails) {
  EXPECT_THAT(McapReader::Open(PathOnDisk("missing.mcap")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(McapReader::Open("/dev/null"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(McapReader::Open("/"), StatusIs(absl::StatusCode::kInvalidArgument));
  const std::string path = PathOnDisk("text.mcap");
  WriteFile(path, "no recording, but some text");
  EXPECT_THAT(McapReader::Open(path),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("text.mcap: not an MCAP")));
  EXPECT_EQ(InChild([&]() -> std::string {
              DropFileCapabilities();
              chmod(path.c_str(), 0);
              return std::string(absl::StatusCodeToString(McapReader::Open(path).status().code()));
            }),
            "PERMISSION_DENIED");
}

}  // namespace
}  // namespace ipmpsc::recording
