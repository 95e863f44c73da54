#include "ipmpsc/internal/segment/segment.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/create.h"
#include "ipmpsc/internal/segment/layout.h"
#include "ipmpsc/internal/segment/open.h"
#include "ipmpsc/options.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/restrictions.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::DropFileCapabilities;
using ::ipmpsc::testing::EnterOwnMounts;
using ::ipmpsc::testing::Exists;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::PathOnDisk;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::testing::WriteFile;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Whether this process has mapped the page at `address`, even if another one touched the file's
// page.
bool IsMapped(const void* address) {
  const uint64_t page = reinterpret_cast<uint64_t>(address) / 4096;
  const UniqueFd map(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  uint64_t entry = 0;
  EXPECT_EQ(pread(map.get(), &entry, sizeof(entry), static_cast<off_t>(page * sizeof(entry))), 8);
  return (entry >> 63) != 0;
}

// Returns the flags in /proc/self/smaps of the mapping that begins at `address`.
std::string FlagsOf(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  const std::string begin = absl::StrCat(absl::Hex(reinterpret_cast<uint64_t>(address)), "-");
  bool found = false;
  for (std::string line; std::getline(maps, line);) {
    found = found || absl::StartsWith(line, begin);
    if (found && absl::StartsWith(line, "VmFlags:")) return line;
  }
  return "none";
}

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

TEST(SegmentTest, ACoreDumpHasTheDataOnce) {
  ChannelOptions options = Small();
  options.capacity = 64 << 10;
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> segment, CreateAnonymousSegment(options));
  const char* const base = segment->ring().data - segment->header().data_offset;
  const std::string first = FlagsOf(base);
  const std::string second = FlagsOf(segment->ring().data + (64 << 10));
  // "dd" excludes the mapping from core dumps.
  EXPECT_THAT(first, AllOf(HasSubstr(" sh"), Not(HasSubstr(" dd"))));
  EXPECT_THAT(second, AllOf(HasSubstr(" sh"), HasSubstr(" dd")));
}

TEST(SegmentTest, PrefaultIsAnOptionOfEachMapping) {
  ChannelOptions options = Small();
  // Far beyond the pages that the kernel maps around a touched one.
  constexpr uint64_t kCapacity = 1 << 20;
  constexpr uint64_t kFar = 900'000;
  options.capacity = kCapacity;
  for (const bool creator : {false, true}) {
    options.prefault = creator;
    ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> created, CreateAnonymousSegment(options));
    EXPECT_EQ(IsMapped(created->ring().data + kFar), creator);
    for (const bool opener : {false, true}) {
      OpenOptions open_options;
      open_options.prefault = opener;
      ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> opened,
                           Segment::FromFd(UniqueFd(dup(created->fd())), "", open_options));
      EXPECT_EQ(IsMapped(opened->ring().data + kFar), opener);
      EXPECT_EQ(IsMapped(opened->ring().data + kFar + kCapacity), opener) << "the second copy";
    }
  }
}

// A hostile creator's file has gigabytes by its header and length, but no memory.
TEST(SegmentTest, FileWithHolesIsRefusedWithoutAllocation) {
  for (const uint32_t flags : {0u, kMapHugePages, 1u}) {
    const SegmentHeader header = *LayOut(uint64_t{4} << 30, 64, 0, flags);
    const UniqueFd fd(memfd_create("sparse", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    ASSERT_EQ(ftruncate(fd.get(), static_cast<off_t>(header.file_size)), 0);
    ASSERT_EQ(pwrite(fd.get(), &header, sizeof(header), 0), static_cast<ssize_t>(sizeof(header)));
    ASSERT_EQ(fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
    struct stat before;
    ASSERT_EQ(fstat(fd.get(), &before), 0);
    OpenOptions options;
    options.prefault = true;
    EXPECT_THAT(Segment::FromFd(UniqueFd(dup(fd.get())), "p", options),
                StatusIs(absl::StatusCode::kDataLoss,
                         HasSubstr(flags == 1 ? "flags" : "p: the channel's file has holes: only")))
        << flags;
    struct stat after;
    ASSERT_EQ(fstat(fd.get(), &after), 0);
    EXPECT_EQ(after.st_blocks, before.st_blocks) << "the opener has allocated";
  }
}

TEST(SegmentTest, PunchedHoleIsDetectedAtAttach) {
  const SharedMemoryDirectory directory;
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> segment,
                       CreateSegment(directory / "a", Small()));
  EXPECT_OK(segment->CheckFileSize());
  ASSERT_EQ(fallocate(segment->fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                      static_cast<off_t>(segment->header().data_offset), 4096),
            0);
  EXPECT_THAT(segment->CheckFileSize(),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr(absl::StrCat(directory / "a", ": the channel's file has holes"))));
}

TEST(SegmentTest, CopyWithHolesOnDiskIsRefusedUntilTheyAreFilled) {
  const std::string path = PathOnDisk("a");
  {
    const SegmentHeader header = *LayOut(1 << 20, 4, 0, 0);
    const UniqueFd fd(open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    ASSERT_EQ(ftruncate(fd.get(), static_cast<off_t>(header.file_size)), 0);
    ASSERT_EQ(pwrite(fd.get(), &header, sizeof(header), 0), static_cast<ssize_t>(sizeof(header)));
    struct statfs system;
    ASSERT_EQ(fstatfs(fd.get(), &system), 0);
    if (system.f_type != EXT4_SUPER_MAGIC && system.f_type != TMPFS_MAGIC) {
      GTEST_SKIP() << "a file system of type " << system.f_type << " may not count its space";
    }
    EXPECT_THAT(OpenSegment(path), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("holes")));
    ASSERT_EQ(posix_fallocate(fd.get(), 0, static_cast<off_t>(header.file_size)), 0);
  }
  EXPECT_OK(OpenSegment(path));
  unlink(path.c_str());
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

TEST(SegmentTest, UnlinkWhenDoneKeepsTheNameOfANewerFile) {
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

// Whether the file is at its path.

class SegmentPathTest : public ::testing::Test {
 protected:
  const SharedMemoryDirectory directory_;
  const std::string path_ = directory_ / "a";
  const std::shared_ptr<Segment> segment_ = *CreateSegment(path_, Small());
};

TEST_F(SegmentPathTest, FileIsAtItsPathUntilItsNameIsRemoved) {
  EXPECT_FALSE(segment_->IsGoneFromPath());
  ASSERT_EQ(unlink(path_.c_str()), 0);
  EXPECT_TRUE(segment_->IsGoneFromPath());
  WriteFile(path_, "another's");
  EXPECT_TRUE(segment_->IsGoneFromPath());
}

TEST_F(SegmentPathTest, FileRenamedOntoThePathReplacesIt) {
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> other,
                       CreateSegment(directory_ / "b", Small()));
  ASSERT_EQ(rename((directory_ / "b").c_str(), path_.c_str()), 0);
  EXPECT_TRUE(segment_->IsGoneFromPath());
  EXPECT_FALSE(segment_->HasEnded()) << "nobody has told it";
  EXPECT_TRUE(other->IsGoneFromPath());
}

TEST_F(SegmentPathTest, FileIsMovedAwayAndBack) {
  ASSERT_EQ(rename(path_.c_str(), (directory_ / "b").c_str()), 0);
  EXPECT_TRUE(segment_->IsGoneFromPath());
  ASSERT_EQ(rename((directory_ / "b").c_str(), path_.c_str()), 0);
  EXPECT_FALSE(segment_->IsGoneFromPath());
}

TEST_F(SegmentPathTest, DirectoryIsMovedAway) {
  const std::string elsewhere = directory_.path() + "-elsewhere";
  ASSERT_EQ(rename(directory_.path().c_str(), elsewhere.c_str()), 0);
  EXPECT_TRUE(segment_->IsGoneFromPath());
  ASSERT_EQ(rename(elsewhere.c_str(), directory_.path().c_str()), 0);
  EXPECT_FALSE(segment_->IsGoneFromPath());
}

TEST_F(SegmentPathTest, OneNameOfSeveralIsReplaced) {
  ASSERT_EQ(link(path_.c_str(), (directory_ / "b").c_str()), 0);
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> by_b, OpenSegment(directory_ / "b"));
  ChannelOptions options = Small();
  options.exist_policy = ExistPolicy::kReplace;
  ASSERT_OK(CreateSegment(directory_ / "b", options));
  EXPECT_TRUE(by_b->IsGoneFromPath());
  EXPECT_FALSE(segment_->IsGoneFromPath());
  EXPECT_FALSE(by_b->HasEnded());
}

TEST_F(SegmentPathTest, LinkWithANewTarget) {
  const std::string name = directory_ / "link";
  ASSERT_EQ(symlink("a", name.c_str()), 0);
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> opened, OpenSegment(name));
  EXPECT_FALSE(opened->IsGoneFromPath());
  ASSERT_OK(CreateSegment(directory_ / "b", Small()));
  ASSERT_EQ(unlink(name.c_str()), 0);
  ASSERT_EQ(symlink("b", name.c_str()), 0);
  EXPECT_TRUE(opened->IsGoneFromPath());
}

TEST_F(SegmentPathTest, PathIsHiddenByAMount) {
  WriteFile(directory_ / "over", "");
  WriteFile(directory_ / "point", "");
  const std::string result = InChild([&]() -> std::string {
    const std::string entered = EnterOwnMounts();
    if (!entered.empty()) return absl::StrCat("cannot: ", entered);
    const auto bind = [&](const std::string& from, const std::string& to) {
      return mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) == 0;
    };
    // A container may see only this file.
    if (!bind(path_, directory_ / "point")) return "cannot: mount";
    const absl::StatusOr<std::shared_ptr<Segment>> mounted = OpenSegment(directory_ / "point");
    if (!mounted.ok()) return mounted.status().ToString();
    if ((*mounted)->IsGoneFromPath()) return "mounted, and said to be gone";
    if (!bind(directory_ / "over", path_)) return "cannot: mount";
    return segment_->IsGoneFromPath() ? "gone" : "there";
  });
  if (absl::StartsWith(result, "cannot: ")) GTEST_SKIP() << result;
  EXPECT_EQ(result, "gone");
}

TEST_F(SegmentPathTest, UnknownStateIsNotGone) {
  ASSERT_EQ(chmod(directory_.path().c_str(), 0), 0);
  EXPECT_EQ(InChild([&]() -> std::string {
              const std::string dropped = DropFileCapabilities();
              if (!dropped.empty()) return dropped;
              return segment_->IsGoneFromPath() ? "gone" : "not known";
            }),
            "not known");
  ASSERT_EQ(chmod(directory_.path().c_str(), 0700), 0);
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> anonymous, CreateAnonymousSegment(Small()));
  EXPECT_FALSE(anonymous->IsGoneFromPath());
}

TEST_F(SegmentPathTest, RelativePathStaysRelativeToTheDirectoryOfItsOpening) {
  EXPECT_EQ(InChild([&]() -> std::string {
              if (chdir(directory_.path().c_str()) != 0) return "chdir";
              const absl::StatusOr<std::shared_ptr<Segment>> opened = OpenSegment("a");
              if (!opened.ok()) return opened.status().ToString();
              if (chdir("/") != 0) return "chdir";
              if ((*opened)->IsGoneFromPath()) return "gone with the working directory";
              unlink(path_.c_str());
              return (*opened)->IsGoneFromPath() ? "gone" : "there";
            }),
            "gone");
}

TEST_F(SegmentPathTest, OpenUpdatesTheFileTimeOnceAnHourAtMost) {
  const timespec old[] = {{1000, 0}, {1000, 0}};
  const auto age = [&] { EXPECT_EQ(futimens(segment_->fd(), old), 0); };
  const auto modified = [&] {
    struct stat file;
    EXPECT_EQ(fstat(segment_->fd(), &file), 0);
    return file.st_mtime;
  };
  age();
  constexpr int64_t kHour = int64_t{3'600'000'000'000};
  const int64_t begin = MonotonicNow();
  segment_->KeepFresh(begin + kHour - int64_t{60'000'000'000});
  EXPECT_EQ(modified(), 1000) << "the hour is not over";
  segment_->KeepFresh(begin + kHour);
  EXPECT_GT(modified(), 1000);
  age();
  segment_->KeepFresh(begin + kHour + 1);
  EXPECT_EQ(modified(), 1000) << "another hour has begun";
  ASSERT_OK(OpenSegment(path_));
  EXPECT_GT(modified(), 1000);
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
  control->senders_wait = 5;  // a sender waits
  segment->End(kClaimReplaced);
  EXPECT_EQ(control->flags, kFlagFullBarrier);
  EXPECT_EQ(control->claim_word, 640 | kClaimTurn | kClaimEnding | kClaimReplaced);
  EXPECT_EQ(control->receiver_wait, 0u);
  EXPECT_EQ(control->claim_wait, 0u);
  EXPECT_EQ(control->senders_wait, 6u);
  segment->End(kClaimClosed);
  EXPECT_EQ(control->claim_word, 640 | kClaimTurn | kClaimEnding | kClaimEnded);
  EXPECT_EQ(control->senders_wait, 6u) << "nobody waits";
}

TEST(SegmentTest, AMissingHeaderIsNoChannelOrATruncatedOne) {
  const UniqueFd empty(memfd_create("empty", MFD_CLOEXEC));
  EXPECT_THAT(
      Segment::FromFd(UniqueFd(dup(empty.get())), "the path"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the path: not an ipmpsc channel")));
  // The beginning of a channel, up to its version.
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<Segment> segment, CreateAnonymousSegment(Small()));
  char front[32];
  ASSERT_EQ(pread(segment->fd(), front, sizeof(front), 0), 32);
  ASSERT_EQ(pwrite(empty.get(), front, sizeof(front), 0), 32);
  EXPECT_THAT(
      Segment::FromFd(UniqueFd(dup(empty.get())), "the path"),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("the path: the channel is truncated")));
}

TEST(SegmentTest, OtherKindsOfFilesAreRefused) {
  int sockets[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
  const UniqueFd other(sockets[1]);
  EXPECT_THAT(Segment::FromFd(UniqueFd(sockets[0]), ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a regular file")));
}

}  // namespace
}  // namespace ipmpsc::internal
