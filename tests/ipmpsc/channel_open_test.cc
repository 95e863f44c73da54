// Tests Channel::Open on paths without a channel or with a damaged one.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/internal/segment/layout.h"
#include "ipmpsc/options.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/restrictions.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::DropFileCapabilities;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::ReadFile;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::testing::WriteFile;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ChannelOpenTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ChannelOptions options;
    options.capacity = 4096;
    options.description = "described";
    ASSERT_OK(Channel::Create(path_, options));
    good_ = ReadFile(path_);
  }

  // Overwrites the channel's file.
  void Rewrite(const std::string& bytes) { WriteFile(path_, bytes); }
  template <typename T>
  std::string With(size_t offset, T value) const {
    std::string bytes = good_;
    std::memcpy(&bytes[offset], &value, sizeof(value));
    return bytes;
  }

  void ExpectNoChannel(const std::string& path) {
    EXPECT_THAT(Channel::Open(path),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr(path), HasSubstr("not an ipmpsc channel"))));
  }

  const SharedMemoryDirectory directory_;
  const std::string path_ = directory_ / "channel";
  std::string good_;
};

TEST_F(ChannelOpenTest, AnUnchangedCopyOfTheFileIsAChannel) {
  Rewrite(good_);
  EXPECT_OK(Channel::Open(path_));
}

TEST_F(ChannelOpenTest, NoSuchPath) {
  for (const std::string& path : {directory_ / "none", directory_ / "none/a"}) {
    EXPECT_THAT(Channel::Open(path), StatusIs(absl::StatusCode::kNotFound, HasSubstr(path)));
  }
}

TEST_F(ChannelOpenTest, EmptyPath) {
  EXPECT_THAT(Channel::Open(""), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("empty")));
}

TEST_F(ChannelOpenTest, PathThroughAFile) {
  EXPECT_THAT(Channel::Open(path_ + "/a"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(path_ + "/a"), HasSubstr("Not a directory"))));
}

TEST_F(ChannelOpenTest, Directory) {
  EXPECT_THAT(Channel::Open(directory_.path()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(directory_.path()), HasSubstr("directory"))));
}

TEST_F(ChannelOpenTest, FifoIsRefusedWithoutWaiting) {
  ASSERT_EQ(mkfifo((directory_ / "fifo").c_str(), 0600), 0);
  ExpectNoChannel(directory_ / "fifo");
}

TEST_F(ChannelOpenTest, Device) {
  ExpectNoChannel("/dev/null");
  ExpectNoChannel("/dev/zero");
}

TEST_F(ChannelOpenTest, Socket) {
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (directory_ / "socket").c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_THAT(Channel::Open(directory_ / "socket"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(directory_ / "socket")));
  close(fd);
}

TEST_F(ChannelOpenTest, CyclicLink) {
  ASSERT_EQ(symlink("loop", (directory_ / "loop").c_str()), 0);
  EXPECT_THAT(Channel::Open(directory_ / "loop"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(directory_ / "loop")));
}

TEST_F(ChannelOpenTest, NameTooLong) {
  EXPECT_THAT(Channel::Open(directory_ / std::string(300, 'n')),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ChannelOpenTest, PathWithAZeroByteIsRefused) {
  EXPECT_THAT(Channel::Open(path_ + std::string("\0more", 5)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ChannelOpenTest, FilesWithOtherContent) {
  WriteFile(directory_ / "empty", "");
  WriteFile(directory_ / "short", "IPMPSC");
  WriteFile(directory_ / "text", std::string(100000, 'x'));
  // The result of a text-mode transfer of a channel.
  WriteFile(directory_ / "mangled", absl::StrCat("IPMPSC\n", good_.substr(8)));
  for (const char* name : {"empty", "short", "text", "mangled"}) ExpectNoChannel(directory_ / name);
}

TEST_F(ChannelOpenTest, NoRightToReadOrToWrite) {
  for (const mode_t mode : {0000, 0400, 0200}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    EXPECT_THAT(InChild([&] {
                  const std::string dropped = DropFileCapabilities();
                  return dropped.empty() ? Channel::Open(path_).status().ToString() : dropped;
                }),
                AllOf(HasSubstr("PERMISSION_DENIED"), HasSubstr(path_)))
        << mode;
  }
}

TEST_F(ChannelOpenTest, AnotherAbiVersionNamesBoth) {
  Rewrite(With<uint32_t>(offsetof(internal::SegmentHeader, abi_version), 2));
  EXPECT_THAT(Channel::Open(path_), StatusIs(absl::StatusCode::kFailedPrecondition,
                                             AllOf(HasSubstr(path_), HasSubstr("ABI version 2"),
                                                   HasSubstr("has 3"), HasSubstr("kReplace"))));
  Rewrite(With<uint32_t>(offsetof(internal::SegmentHeader, abi_version), 4));
  EXPECT_THAT(Channel::Open(path_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("ABI version 4"), HasSubstr("build this program"))));
}

TEST_F(ChannelOpenTest, CreatorWithoutFutexesIsRefused) {
  Rewrite(With<uint32_t>(offsetof(internal::SegmentHeader, flags), internal::kPolledWaits));
  EXPECT_THAT(Channel::Open(path_), StatusIs(absl::StatusCode::kFailedPrecondition,
                                             AllOf(HasSubstr(path_), HasSubstr("IPMPSC_NOFUTEX"))));
}

TEST_F(ChannelOpenTest, AnotherByteOrder) {
  Rewrite(With<uint32_t>(offsetof(internal::SegmentHeader, byte_order), 0x04030201));
  EXPECT_THAT(Channel::Open(path_), StatusIs(absl::StatusCode::kFailedPrecondition,
                                             AllOf(HasSubstr(path_), HasSubstr("byte order"))));
}

TEST_F(ChannelOpenTest, AnotherPageSize) {
  Rewrite(With<uint32_t>(offsetof(internal::SegmentHeader, page_size), 1024));
  EXPECT_THAT(Channel::Open(path_), StatusIs(absl::StatusCode::kFailedPrecondition,
                                             AllOf(HasSubstr(path_), HasSubstr("1024"))));
}

TEST_F(ChannelOpenTest, TruncatedAnywhereBehindTheMagic) {
  for (const size_t size : {size_t{8}, size_t{12}, size_t{100}, size_t{128}, size_t{4096},
                            good_.size() - 4096, good_.size() - 1}) {
    Rewrite(good_.substr(0, size));
    const absl::Status opened = Channel::Open(path_).status();
    EXPECT_THAT(opened, StatusIs(absl::StatusCode::kDataLoss,
                                 AllOf(HasSubstr(path_), HasSubstr("truncated"),
                                       HasSubstr(absl::StrCat(size, " bytes")))))
        << size;
  }
}

TEST_F(ChannelOpenTest, Grown) {
  Rewrite(absl::StrCat(good_, "x"));
  EXPECT_THAT(Channel::Open(path_), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(path_)));
}

TEST_F(ChannelOpenTest, ContradictoryHeaderIsRefused) {
  using internal::SegmentHeader;
  const size_t words[] = {offsetof(SegmentHeader, capacity),
                          offsetof(SegmentHeader, control_offset),
                          offsetof(SegmentHeader, receiver_slot_offset),
                          offsetof(SegmentHeader, sender_slots_offset),
                          offsetof(SegmentHeader, description_offset),
                          offsetof(SegmentHeader, description_size),
                          offsetof(SegmentHeader, data_offset)};
  for (const size_t offset : words) {
    for (const uint64_t value : {uint64_t{0}, uint64_t{8}, ~uint64_t{0}, uint64_t{1} << 63}) {
      if (value == 0 && offset == offsetof(SegmentHeader, description_size)) continue;
      Rewrite(With<uint64_t>(offset, value));
      const absl::Status opened = Channel::Open(path_).status();
      if (value == 8 && offset == offsetof(SegmentHeader, description_size)) {
        EXPECT_OK(opened);  // a shorter description
        continue;
      }
      EXPECT_THAT(opened, StatusIs(absl::StatusCode::kDataLoss,
                                   AllOf(HasSubstr(path_), HasSubstr("damaged"))))
          << offset << " " << value;
    }
  }
  for (const uint32_t senders : {0u, 1u, 65u, ~0u}) {
    Rewrite(With<uint32_t>(offsetof(SegmentHeader, max_senders), senders));
    EXPECT_THAT(Channel::Open(path_), StatusIs(absl::StatusCode::kDataLoss)) << senders;
  }
}

}  // namespace
}  // namespace ipmpsc
