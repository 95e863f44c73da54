// Tests every byte of a new channel's file before any process attaches.
#include "ipmpsc/internal/segment/create.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/segment/layout.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::PathOnDisk;
using ::ipmpsc::testing::ReadFile;
using ::ipmpsc::testing::SharedMemoryDirectory;

ChannelOptions Options() {
  ChannelOptions options;
  options.capacity = 4096;
  options.max_senders = 5;
  options.description = std::string("what it says of itself\0with a zero", 34);
  return options;
}

uint64_t WordAt(const std::string& bytes, size_t offset) {
  uint64_t word = 0;
  std::memcpy(&word, &bytes[offset], sizeof(word));
  return word;
}

TEST(CreateTest, FileHasTheDocumentedBytes) {
  const SharedMemoryDirectory directory;
  ASSERT_OK(CreateSegment(directory / "a", Options()));
  const std::string bytes = ReadFile(directory / "a");
  SegmentHeader header;
  ASSERT_GE(bytes.size(), sizeof(header));
  std::memcpy(&header, bytes.data(), sizeof(header));
  ASSERT_EQ(bytes.size(), header.file_size);
  EXPECT_EQ(bytes.substr(0, 8), "IPMPSC\r\n");
  EXPECT_OK(CheckHeader(header, bytes.size()));
  EXPECT_EQ(bytes.substr(header.description_offset, header.description_size),
            Options().description);

  // All other bytes are zero, except the intents of the free slots.
  std::string expected(bytes.size(), '\0');
  std::memcpy(&expected[0], &header, sizeof(header));
  std::memcpy(&expected[header.description_offset], Options().description.data(),
              Options().description.size());
  for (size_t slot = 0; slot < 5; ++slot) {
    std::memcpy(&expected[4864 + slot * 256], "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    EXPECT_EQ(WordAt(bytes, 4864 + slot * 256), kNoIntent);
  }
  EXPECT_TRUE(bytes == expected);
}

TEST(CreateTest, AllSpaceIsAllocatedAtOnce) {
  const SharedMemoryDirectory directory;
  ChannelOptions options = Options();
  options.capacity = 1 << 20;
  for (const std::string& path : {directory / "a", PathOnDisk("a")}) {
    ASSERT_OK(CreateSegment(path, options));
    struct stat status;
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_GE(status.st_blocks * 512, status.st_size) << path;
    unlink(path.c_str());
  }
}

TEST(CreateTest, IdsAndKeysAreRandom) {
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> a, CreateAnonymousSegment(Options()));
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> b, CreateAnonymousSegment(Options()));
  EXPECT_NE(a->header().channel_id[0], b->header().channel_id[0]);
  EXPECT_NE(a->header().channel_id[1], b->header().channel_id[1]);
  EXPECT_NE(a->header().channel_id[0], a->header().channel_id[1]);
  EXPECT_NE(a->header().stamp_key, b->header().stamp_key);
  EXPECT_NE(a->header().stamp_key, 0u) << "or zeroed data would be stamped at position 0";
}

TEST(CreateTest, HeaderHasOnlyOptionsThatMoveTheData) {
  ChannelOptions options = Options();
  options.prefault = true;
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> prefault, CreateAnonymousSegment(options));
  EXPECT_EQ(prefault->header().flags, 0u) << "each process chooses for itself";
  options.huge_pages = true;
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> both, CreateAnonymousSegment(options));
  EXPECT_EQ(both->header().flags, kMapHugePages);
}

TEST(CreateTest, TimestampsAreAFlagAndGiveTheRingTrailers) {
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> without, CreateAnonymousSegment(Options()));
  EXPECT_EQ(without->header().flags, 0u);
  EXPECT_EQ(without->ring().trailer_size, 0u);
  EXPECT_EQ(without->max_payload(), 4096u - 16);
  ChannelOptions options = Options();
  options.timestamps = true;
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> with, CreateAnonymousSegment(options));
  EXPECT_EQ(with->header().flags, kTimestamps);
  EXPECT_EQ(with->ring().trailer_size, 16u);
  EXPECT_EQ(with->max_payload(), 4096u - 32);
}

TEST(CreateTest, ReceiverAndSendersSeeTheRingAtTheDocumentedOffsets) {
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> segment, CreateAnonymousSegment(Options()));
  segment->ring().control->claim_word = 0x1111;
  segment->ring().receiver_slot->received_records = 0x2222;
  segment->ring().sender_slots[4].intent_size = 0x3333;
  segment->ring().data[0] = 'd';
  segment->ring().data[4096 + 1] = 'D';
  std::string bytes(segment->header().file_size, '\0');
  ASSERT_EQ(pread(segment->fd(), &bytes[0], bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  EXPECT_EQ(WordAt(bytes, 4096 + 128), 0x1111u);
  EXPECT_EQ(WordAt(bytes, 4608), 0x2222u);
  EXPECT_EQ(WordAt(bytes, 4864 + 4 * 256 + 8), 0x3333u);
  EXPECT_EQ(bytes.substr(8192, 2), "dD");
}

}  // namespace
}  // namespace ipmpsc::internal
