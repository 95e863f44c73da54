// Tests Channel::Create: options, names, policies and every error.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/restrictions.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::CountNames;
using ::ipmpsc::testing::DenyOpen;
using ::ipmpsc::testing::DropFileCapabilities;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::PathOnDisk;
using ::ipmpsc::testing::ReadFile;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::testing::WriteFile;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr ExistPolicy kAllPolicies[] = {ExistPolicy::kFail, ExistPolicy::kOpen,
                                        ExistPolicy::kReplace, ExistPolicy::kOpenOrReplace};

ChannelOptions Small(ExistPolicy policy = ExistPolicy::kFail) {
  ChannelOptions options;
  options.capacity = 4096;
  options.exist_policy = policy;
  return options;
}

// Sends one message through the channel.
void ExpectWorks(const Channel& channel) {
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  ASSERT_OK(sender.TrySend("works"));
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
  EXPECT_EQ(lease.payload(), "works");
}

TEST(ChannelCreateTest, WorksInMemoryAndOnDisk) {
  const SharedMemoryDirectory directory;
  const std::string disk = PathOnDisk("a");
  for (const std::string& path : {directory / "a", disk}) {
    ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Create(path, Small()));
    ExpectWorks(channel);
  }
  unlink(disk.c_str());
}

TEST(ChannelCreateTest, PrefaultAndHugePagesAreBestEffort) {
  const SharedMemoryDirectory directory;
  for (const bool prefault : {false, true}) {
    for (const bool huge_pages : {false, true}) {
      ChannelOptions options = Small(ExistPolicy::kReplace);
      options.prefault = prefault;
      options.huge_pages = huge_pages;
      ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Create(directory / "a", options));
      EXPECT_EQ(channel.capacity(), huge_pages ? 2u << 20 : 4096u);
      ExpectWorks(channel);
      ASSERT_OK_AND_ASSIGN(const Channel opened, Channel::Open(directory / "a"));
      ExpectWorks(opened);
    }
  }
}

TEST(ChannelCreateTest, ModeIsExactWhateverTheUmask) {
  const SharedMemoryDirectory directory;
  for (const ExistPolicy policy : {ExistPolicy::kReplace, ExistPolicy::kFail}) {
    for (const mode_t mode : {0600, 0660, 0666}) {
      ChannelOptions options = Small(policy);
      options.mode = mode;
      const mode_t before = umask(0777);
      const absl::StatusOr<Channel> channel = Channel::Create(directory / "a", options);
      umask(before);
      ASSERT_OK(channel);
      struct stat status;
      ASSERT_EQ(stat((directory / "a").c_str(), &status), 0);
      EXPECT_EQ(status.st_mode & 07777, mode);
      unlink((directory / "a").c_str());
    }
  }
}

TEST(ChannelCreateTest, OptionsOutOfRangeNameThePathAndLeaveNothing) {
  const SharedMemoryDirectory directory;
  for (const ExistPolicy policy : kAllPolicies) {
    ChannelOptions zero = Small(policy);
    zero.capacity = 0;
    ChannelOptions absurd = Small(policy);
    absurd.capacity = ~uint64_t{0};
    for (const ChannelOptions& options : {zero, absurd}) {
      EXPECT_THAT(Channel::Create(directory / "a", options),
                  StatusIs(absl::StatusCode::kInvalidArgument,
                           AllOf(HasSubstr(directory / "a"), HasSubstr("capacity"))));
    }
    ChannelOptions nobody = Small(policy);
    nobody.max_senders = 0;
    ChannelOptions everybody = Small(policy);
    everybody.max_senders = 4097;
    for (const ChannelOptions& options : {nobody, everybody}) {
      EXPECT_THAT(Channel::Create(directory / "a", options),
                  StatusIs(absl::StatusCode::kInvalidArgument,
                           AllOf(HasSubstr(directory / "a"), HasSubstr("max_senders"))));
    }
    ChannelOptions talkative = Small(policy);
    talkative.description.resize((16 << 20) + 1);
    EXPECT_THAT(Channel::Create(directory / "a", talkative),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr(directory / "a"), HasSubstr("description"),
                               HasSubstr("16777217"))));
  }
  EXPECT_EQ(CountNames(directory.path()), 0);
}

TEST(ChannelCreateTest, OptionsMayEqualTheLimits) {
  ChannelOptions options;
  options.capacity = 1;
  options.max_senders = 4096;
  options.description.resize(16 << 20, 'd');
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateAnonymous(options));
  EXPECT_EQ(channel.description().size(), size_t{16} << 20);
  ExpectWorks(channel);
}

TEST(ChannelCreateTest, EmptyPath) {
  for (const ExistPolicy policy : kAllPolicies) {
    EXPECT_THAT(Channel::Create("", Small(policy)),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("empty")));
  }
}

TEST(ChannelCreateTest, PathWithAZeroByteIsRefused) {
  const SharedMemoryDirectory directory;
  const std::string path = directory / std::string("a\0b", 3);
  for (const ExistPolicy policy : kAllPolicies) {
    EXPECT_THAT(Channel::Create(path, Small(policy)), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_EQ(CountNames(directory.path()), 0);
}

TEST(ChannelCreateTest, NoSuchDirectory) {
  const SharedMemoryDirectory directory;
  for (const ExistPolicy policy : kAllPolicies) {
    EXPECT_THAT(Channel::Create(directory / "none/a", Small(policy)),
                StatusIs(absl::StatusCode::kNotFound, HasSubstr(directory / "none/a")));
  }
}

TEST(ChannelCreateTest, DirectoryThatIsAFile) {
  const SharedMemoryDirectory directory;
  WriteFile(directory / "file", "text");
  for (const ExistPolicy policy : kAllPolicies) {
    EXPECT_THAT(Channel::Create(directory / "file/a", Small(policy)),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(directory / "file/a")));
  }
}

TEST(ChannelCreateTest, UnwritableDirectory) {
  const SharedMemoryDirectory directory;
  ASSERT_EQ(chmod(directory.path().c_str(), 0500), 0);
  for (const ExistPolicy policy : kAllPolicies) {
    EXPECT_THAT(InChild([&] {
                  const std::string dropped = DropFileCapabilities();
                  if (!dropped.empty()) return dropped;
                  return Channel::Create(directory / "a", Small(policy)).status().ToString();
                }),
                AllOf(HasSubstr("PERMISSION_DENIED"), HasSubstr(directory / "a")));
  }
  EXPECT_EQ(CountNames(directory.path()), 0);
}

TEST(ChannelCreateTest, TakenPathIsRefusedAndItsFileStays) {
  const SharedMemoryDirectory directory;
  ASSERT_OK_AND_ASSIGN(const Channel first, Channel::Create(directory / "a", Small()));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(first));
  ASSERT_OK(sender.TrySend("queued"));
  EXPECT_THAT(Channel::Create(directory / "a", Small()),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(directory / "a")));
  WriteFile(directory / "text", "text");
  EXPECT_THAT(Channel::Create(directory / "text", Small()),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(ReadFile(directory / "text"), "text");
  ASSERT_EQ(mkdir((directory / "dir").c_str(), 0700), 0);
  EXPECT_THAT(Channel::Create(directory / "dir", Small()),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(CountNames(directory.path()), 3);

  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(first));
  EXPECT_EQ(first.state(), ChannelState::kOpen);
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
  EXPECT_EQ(lease.payload(), "queued");
}

// kOpen.

TEST(ChannelCreateOpenPolicyTest, CreatesAMissingChannelAndOpensAnExistingOne) {
  const SharedMemoryDirectory directory;
  ASSERT_OK_AND_ASSIGN(const Channel created,
                       Channel::Create(directory / "a", Small(ExistPolicy::kOpen)));
  ASSERT_OK_AND_ASSIGN(const Channel opened,
                       Channel::Create(directory / "a", Small(ExistPolicy::kOpen)));
  EXPECT_EQ(opened.id(), created.id());
}

TEST(ChannelCreateOpenPolicyTest, ExistingChannelWithLessIsToldUnlessItIsAccepted) {
  const SharedMemoryDirectory directory;
  ASSERT_OK_AND_ASSIGN(const Channel created, Channel::Create(directory / "a", Small()));
  ASSERT_EQ(created.capacity(), 4096u);
  const uint32_t slots = created.max_senders();
  for (const ExistPolicy policy : {ExistPolicy::kOpen, ExistPolicy::kOpenOrReplace}) {
    ChannelOptions capacity = Small(policy);
    capacity.capacity = 5000;
    ChannelOptions senders = Small(policy);
    senders.max_senders = slots + 1;
    ChannelOptions timestamps = Small(policy);
    timestamps.timestamps = true;
    ChannelOptions all = capacity;
    all.max_senders = senders.max_senders;
    all.timestamps = true;
    const std::string less_capacity = "has 4096 bytes of capacity where 8192 are wanted";
    const std::string less_slots =
        absl::StrCat(slots, " sender slots where ", slots + 1, " are wanted");
    const std::string no_timestamps = "no timestamps where they are wanted";
    const auto told = [&](const std::string& text) {
      return StatusIs(absl::StatusCode::kFailedPrecondition,
                      AllOf(HasSubstr(directory / "a"), HasSubstr(text),
                            HasSubstr("ChannelOptions::accept_smaller")));
    };
    EXPECT_THAT(Channel::Create(directory / "a", capacity), told(less_capacity + "; "));
    EXPECT_THAT(Channel::Create(directory / "a", senders), told(less_slots + "; "));
    EXPECT_THAT(Channel::Create(directory / "a", timestamps), told(no_timestamps + "; "));
    EXPECT_THAT(
        Channel::Create(directory / "a", all),
        told(absl::StrCat(less_capacity, ", and ", less_slots, ", and ", no_timestamps, "; ")));
    all.accept_smaller = true;
    ASSERT_OK_AND_ASSIGN(const Channel opened, Channel::Create(directory / "a", all));
    EXPECT_EQ(opened.id(), created.id());
    EXPECT_EQ(opened.capacity(), 4096u) << "as it was created";
    // A channel that has as much or more is accepted. A capacity counts as it would be rounded, and
    // huge pages are a hint.
    ChannelOptions fewer = Small(policy);
    fewer.capacity = 4000;
    fewer.max_senders = 1;
    fewer.huge_pages = true;
    ASSERT_OK_AND_ASSIGN(const Channel larger, Channel::Create(directory / "a", fewer));
    EXPECT_EQ(larger.id(), created.id());
    // Options that no channel can have are an error here, too.
    ChannelOptions wrong = Small(policy);
    wrong.max_senders = 0;
    wrong.accept_smaller = true;
    EXPECT_THAT(Channel::Create(directory / "a", wrong),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(directory / "a")));
  }
}

TEST(ChannelCreateOpenPolicyTest, OtherFilesAreRefused) {
  const SharedMemoryDirectory directory;
  WriteFile(directory / "a", "text");
  EXPECT_THAT(Channel::Create(directory / "a", Small(ExistPolicy::kOpen)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(directory / "a")));
  EXPECT_EQ(ReadFile(directory / "a"), "text");
}

TEST(ChannelCreateOpenPolicyTest, FileWithoutPermissionIsRefused) {
  const SharedMemoryDirectory directory;
  ASSERT_OK(Channel::Create(directory / "a", Small()));
  ASSERT_EQ(chmod((directory / "a").c_str(), 0), 0);
  EXPECT_THAT(
      InChild([&] {
        const std::string dropped = DropFileCapabilities();
        if (!dropped.empty()) return dropped;
        return Channel::Create(directory / "a", Small(ExistPolicy::kOpen)).status().ToString();
      }),
      AllOf(HasSubstr("PERMISSION_DENIED"), HasSubstr(directory / "a")));
}

TEST(ChannelCreateOpenPolicyTest, OtherVersionAndTruncatedFileAreRefused) {
  const SharedMemoryDirectory directory;
  ASSERT_OK(Channel::Create(directory / "a", Small()));
  std::string bytes = ReadFile(directory / "a");
  WriteFile(directory / "truncated", bytes.substr(0, bytes.size() - 1));
  bytes[8] = 77;
  WriteFile(directory / "other", bytes);
  EXPECT_THAT(Channel::Create(directory / "truncated", Small(ExistPolicy::kOpen)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(directory / "truncated")));
  EXPECT_THAT(Channel::Create(directory / "other", Small(ExistPolicy::kOpen)),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(directory / "other"), HasSubstr("77"))));
}

TEST(ChannelCreateOpenPolicyTest, NameThatComesAndGoesEndsInAborted) {
  // The file is missing whenever it is opened, and exists whenever it is created.
  const SharedMemoryDirectory directory;
  ASSERT_OK(Channel::Create(directory / "a", Small()));
  EXPECT_THAT(
      InChild([&] {
        const std::string denied = DenyOpen(O_NONBLOCK, ENOENT);
        if (!denied.empty()) return denied;
        return Channel::Create(directory / "a", Small(ExistPolicy::kOpen)).status().ToString();
      }),
      AllOf(HasSubstr("ABORTED"), HasSubstr(directory / "a")));
  EXPECT_EQ(CountNames(directory.path()), 1);
}

TEST(ChannelCreateOpenPolicyTest, EndedChannelIsAnErrorWithARemedy) {
  const SharedMemoryDirectory directory;
  ASSERT_OK_AND_ASSIGN(Channel ended, Channel::Create(directory / "a", Small()));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(ended));
  ASSERT_OK(sender.TrySend("left"));
  ended.Close();
  EXPECT_THAT(Channel::Create(directory / "a", Small(ExistPolicy::kOpen)),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(directory / "a"), HasSubstr("kOpenOrReplace"))));
  // One of the remedies: a receiver takes the remaining messages.
  ASSERT_OK_AND_ASSIGN(const Channel opened, Channel::Open(directory / "a"));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(opened));
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
  EXPECT_EQ(lease.payload(), "left");
}

// kOpenOrReplace.

TEST(ChannelCreateOpenOrReplaceTest, OpensALiveChannelAndReplacesAnEndedOne) {
  const SharedMemoryDirectory directory;
  const ChannelOptions options = Small(ExistPolicy::kOpenOrReplace);
  ASSERT_OK_AND_ASSIGN(Channel first, Channel::Create(directory / "a", options));
  ASSERT_OK_AND_ASSIGN(const Channel same, Channel::Create(directory / "a", options));
  EXPECT_EQ(same.id(), first.id());
  first.Close();
  ASSERT_OK_AND_ASSIGN(const Channel second, Channel::Create(directory / "a", options));
  EXPECT_NE(second.id(), first.id());
  EXPECT_EQ(first.state(), ChannelState::kReplaced);
  ExpectWorks(second);
  EXPECT_EQ(CountNames(directory.path()), 1);
  // A file that is no channel is not replaced.
  WriteFile(directory / "text", "precious");
  EXPECT_THAT(Channel::Create(directory / "text", options),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ReadFile(directory / "text"), "precious");
}

TEST(ChannelCreateOpenOrReplaceTest, OneOfManyCallersReplacesAndAllGetTheSameChannel) {
  for (int round = 0; round < 20; ++round) {
    const SharedMemoryDirectory directory;
    ASSERT_OK_AND_ASSIGN(Channel ended, Channel::Create(directory / "a", Small()));
    ended.Close();
    std::vector<std::string> ids(8);
    std::atomic<int> waiting{0};
    std::vector<std::thread> threads;
    for (std::string& id : ids) {
      threads.emplace_back([&] {
        // Relaxed: only synchronises the start roughly.
        for (++waiting; waiting.load(std::memory_order_relaxed) < 8;) {
        }
        const absl::StatusOr<Channel> channel =
            Channel::Create(directory / "a", Small(ExistPolicy::kOpenOrReplace));
        id = channel.ok() ? channel->id() : channel.status().ToString();
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_THAT(ids, ::testing::Each(ids[0]));
    EXPECT_NE(ids[0], ended.id());
    ASSERT_OK_AND_ASSIGN(const Channel there, Channel::Open(directory / "a"));
    EXPECT_EQ(there.id(), ids[0]);
    EXPECT_EQ(there.state(), ChannelState::kOpen);
    EXPECT_EQ(CountNames(directory.path()), 1);
  }
}

TEST(ChannelCreateOpenOrReplaceTest, WaitForAStuckReplacementIsBounded) {
  const SharedMemoryDirectory directory;
  ASSERT_OK_AND_ASSIGN(Channel ended, Channel::Create(directory / "a", Small()));
  ended.Close();
  const int fd = open((directory / "a").c_str(), O_RDWR | O_CLOEXEC);
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  // The byte that a creator locks while it replaces an ended channel.
  lock.l_start = (off_t{1} << 62) - 1;
  lock.l_len = 1;
  ASSERT_EQ(fcntl(fd, F_OFD_SETLK, &lock), 0);
  // Each attempt waits 0.1 s.
  EXPECT_THAT(Channel::Create(directory / "a", Small(ExistPolicy::kOpenOrReplace)),
              StatusIs(absl::StatusCode::kAborted, HasSubstr(directory / "a")));
  close(fd);
  EXPECT_OK(Channel::Create(directory / "a", Small(ExistPolicy::kOpenOrReplace)));
}

// Modes.

TEST(ChannelCreateTest, ModeBitsBeyondThePermissionsAreRefused) {
  const SharedMemoryDirectory directory;
  for (const mode_t mode : {01600, 02600, 04600, 0100600, 010000}) {
    ChannelOptions options = Small();
    options.mode = mode;
    EXPECT_THAT(Channel::Create(directory / "a", options),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr(directory / "a"), HasSubstr("mode"), HasSubstr("0777"))));
    EXPECT_THAT(Channel::CreateTemp(options), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_EQ(CountNames(directory.path()), 0);
}

}  // namespace
}  // namespace ipmpsc
