#include "ipmpsc/internal/segment/segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel_options.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/create.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::Exists;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::testing::WriteFile;
using ::testing::HasSubstr;

ChannelOptions Small() {
  ChannelOptions options;
  options.capacity = 4096;
  options.description = "said at creation";
  return options;
}

TEST(SegmentTest, DataIsMappedTwiceInARow) {
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> segment, CreateAnonymousSegment(Small()));
  const Ring& ring = segment->ring();
  std::memcpy(ring.data + 4090, "over the end", 12);
  EXPECT_EQ(std::memcmp(ring.data, "he end", 6), 0);
  EXPECT_EQ(std::memcmp(ring.data + 8186, "over t", 6), 0);
}

TEST(SegmentTest, TwoMappingsOfOneFileShareAllWords) {
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> a, CreateAnonymousSegment(Small()));
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> b,
                       Segment::FromFd(UniqueFd(dup(a->fd())), ""));
  ASSERT_NE(a->ring().control, b->ring().control);
  a->ring().control->release_position = 77;
  EXPECT_EQ(b->ring().control->release_position, 77u);
  EXPECT_EQ(a->ring().stamp_key, b->ring().stamp_key);
}

TEST(SegmentTest, HeaderAndDescriptionArePrivateCopies) {
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> segment, CreateAnonymousSegment(Small()));
  const std::string garbage(8192, '\xee');
  ASSERT_EQ(pwrite(segment->fd(), garbage.data(), garbage.size(), 0), 8192);
  EXPECT_EQ(segment->header().capacity, 4096u);
  EXPECT_EQ(segment->ring().capacity, 4096u);
  EXPECT_EQ(segment->description(), "said at creation");
}

TEST(SegmentTest, UnlinkWhenDoneRemovesItsOwnName) {
  const SharedMemoryDirectory directory;
  {
    ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> segment,
                         CreateSegment(directory / "a", Small()));
    segment->UnlinkWhenDone();
    EXPECT_TRUE(Exists(directory / "a"));
  }
  EXPECT_FALSE(Exists(directory / "a"));
}

TEST(SegmentTest, UnlinkWhenDoneLeavesANameThatIsAnotherFilesByNow) {
  const SharedMemoryDirectory directory;
  {
    ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> segment,
                         CreateSegment(directory / "a", Small()));
    segment->UnlinkWhenDone();
    ASSERT_EQ(unlink((directory / "a").c_str()), 0);
    WriteFile(directory / "a", "another's");
  }
  EXPECT_TRUE(Exists(directory / "a"));
}

TEST(SegmentTest, WithoutUnlinkWhenDoneTheNameStays) {
  const SharedMemoryDirectory directory;
  ASSERT_OK(CreateSegment(directory / "a", Small()));
  EXPECT_TRUE(Exists(directory / "a"));
}

TEST(SegmentTest, EndSetsItsBitAndMovesAllWaitWords) {
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> segment, CreateAnonymousSegment(Small()));
  ControlBlock* const control = segment->ring().control;
  control->flags = kFlagFullBarrier;
  control->claim_word = 640 | kClaimTurn;
  control->receiver_wait = 33;
  control->claim_wait = 7;
  control->senders_wait = 5;  // somebody waits
  segment->End(kClaimReplaced);
  EXPECT_EQ(control->flags, kFlagFullBarrier);
  EXPECT_EQ(control->claim_word, 640 | kClaimTurn | kClaimReplaced);
  EXPECT_EQ(control->receiver_wait, 0u);
  EXPECT_EQ(control->claim_wait, 0u);
  EXPECT_EQ(control->senders_wait, 6u);
  segment->End(kClaimClosed);
  EXPECT_EQ(control->claim_word, 640 | kClaimTurn | kClaimReplaced | kClaimClosed);
  EXPECT_EQ(control->senders_wait, 6u) << "nobody waits";
}

TEST(SegmentTest, AMissingHeaderIsNoChannelOrATruncatedOne) {
  const UniqueFd empty(memfd_create("empty", MFD_CLOEXEC));
  EXPECT_THAT(
      Segment::FromFd(UniqueFd(dup(empty.get())), "the path"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the path: not an ipmpsc channel")));
  // The front of a channel, as far as its version.
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> segment, CreateAnonymousSegment(Small()));
  char front[32];
  ASSERT_EQ(pread(segment->fd(), front, sizeof(front), 0), 32);
  ASSERT_EQ(pwrite(empty.get(), front, sizeof(front), 0), 32);
  EXPECT_THAT(Segment::FromFd(UniqueFd(dup(empty.get())), "the path"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("the path: a truncated channel")));
}

TEST(SegmentTest, WhatIsNoRegularFile) {
  int sockets[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
  const UniqueFd other(sockets[1]);
  EXPECT_THAT(Segment::FromFd(UniqueFd(sockets[0]), ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a regular file")));
}

}  // namespace
}  // namespace ipmpsc::internal
