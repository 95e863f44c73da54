// Tests channels at exhausted limits. Each test runs in a child, since limits and mounts belong to
// a whole process.
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
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

// Sanitizers reserve terabytes of address space.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IPMPSC_SANITIZED 1
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IPMPSC_SANITIZED 1
#endif
#endif

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::CountNames;
using ::ipmpsc::testing::DropCapability;
using ::ipmpsc::testing::EnterOwnMounts;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::testing::AllOf;
using ::testing::HasSubstr;

// `InChild` returns it if this machine cannot run the test.
constexpr char kCannot[] = "cannot: ";

#define SKIP_IF_CANNOT(result)                                            \
  if (absl::StartsWith(result, kCannot)) {                                \
    GTEST_SKIP() << "this machine does not allow own mounts: " << result; \
  }

ChannelOptions OfSize(uint64_t capacity) {
  ChannelOptions options;
  options.capacity = capacity;
  return options;
}

std::string MountTmpfs(const std::string& path, const char* size) {
  const std::string entered = EnterOwnMounts();
  if (!entered.empty()) return absl::StrCat(kCannot, entered);
  if (mount("tmpfs", path.c_str(), "tmpfs", 0, size) != 0) {
    return absl::StrCat(kCannot, "mount(tmpfs): ", strerror(errno));
  }
  return "";
}

std::string CreateInFullTmpfs(const std::string& path, uint64_t capacity, ExistPolicy policy) {
  const std::string mounted = MountTmpfs(path, "size=256k");
  if (!mounted.empty()) return mounted;
  ChannelOptions options = OfSize(capacity);
  options.exist_policy = policy;
  const std::string status = Channel::Create(path + "/a", options).status().ToString();
  return absl::StrCat(status, "; names: ", CountNames(path));
}

TEST(ChannelLimitsTest, FullTmpfsIsAnErrorAtCreationAndLeavesNoFile) {
  const SharedMemoryDirectory directory;
  for (const ExistPolicy policy : {ExistPolicy::kFail, ExistPolicy::kOpen, ExistPolicy::kReplace}) {
    const std::string result =
        InChild([&] { return CreateInFullTmpfs(directory.path(), 1 << 20, policy); });
    SKIP_IF_CANNOT(result);
    EXPECT_THAT(result, AllOf(HasSubstr("RESOURCE_EXHAUSTED"), HasSubstr(directory / "a"),
                              HasSubstr("names: 0")));
  }
}

TEST(ChannelLimitsTest, FullTmpfsReplacesNothing) {
  const SharedMemoryDirectory directory;
  const std::string result = InChild([&]() -> std::string {
    const std::string mounted = MountTmpfs(directory.path(), "size=256k");
    if (!mounted.empty()) return mounted;
    ChannelOptions options = OfSize(128 << 10);
    options.exist_policy = ExistPolicy::kReplace;
    const absl::StatusOr<Channel> old = Channel::Create(directory / "a", options);
    if (!old.ok()) return old.status().ToString();
    const absl::Status replaced = Channel::Create(directory / "a", options).status();
    const absl::StatusOr<Channel> there = Channel::Open(directory / "a");
    return absl::StrCat(replaced.ToString(), "; names: ", CountNames(directory.path()),
                        "; old: ", old->state() == ChannelState::kOpen ? "open" : "told",
                        there.ok() && there->id() == old->id() ? " and there" : " and gone");
  });
  SKIP_IF_CANNOT(result);
  EXPECT_THAT(result, AllOf(HasSubstr("RESOURCE_EXHAUSTED"), HasSubstr(directory / "a"),
                            HasSubstr("names: 1; old: open and there")));
}

TEST(ChannelLimitsTest, FullTmpfsIsAnErrorForATemporaryChannelToo) {
  const std::string result = InChild([]() -> std::string {
    const std::string mounted = MountTmpfs("/dev/shm", "size=256k");
    if (!mounted.empty()) return mounted;
    const std::string status = Channel::CreateTemp(OfSize(1 << 20)).status().ToString();
    return absl::StrCat(status, "; names: ", CountNames("/dev/shm"));
  });
  SKIP_IF_CANNOT(result);
  EXPECT_THAT(result, AllOf(HasSubstr("RESOURCE_EXHAUSTED"), HasSubstr("/dev/shm/ipmpsc-"),
                            HasSubstr("names: 0")));
}

TEST(ChannelLimitsTest, TmpfsWithRoomForTheDataButNotForTheHeader) {
  const SharedMemoryDirectory directory;
  const std::string result =
      InChild([&] { return CreateInFullTmpfs(directory.path(), 256 << 10, ExistPolicy::kFail); });
  SKIP_IF_CANNOT(result);
  EXPECT_THAT(result, AllOf(HasSubstr("RESOURCE_EXHAUSTED"), HasSubstr("names: 0")));
}

TEST(ChannelLimitsTest, ChannelKeepsItsMemoryOnceTheTmpfsIsFull) {
  const SharedMemoryDirectory directory;
  const std::string result = InChild([&]() -> std::string {
    const std::string mounted = MountTmpfs(directory.path(), "size=256k");
    if (!mounted.empty()) return mounted;
    const absl::StatusOr<Channel> channel = Channel::Create(directory / "a", OfSize(128 << 10));
    if (!channel.ok()) return channel.status().ToString();
    // Another process takes the remaining space.
    const int fd = open((directory / "rest").c_str(), O_CREAT | O_RDWR, 0600);
    const std::string page(4096, 'x');
    while (write(fd, page.data(), page.size()) > 0) {
    }
    // A SIGBUS would end the child.
    absl::StatusOr<Sender> sender = Sender::Attach(*channel);
    if (!sender.ok()) return sender.status().ToString();
    return sender->TrySend(std::string(channel->max_payload(), 'y')).ToString();
  });
  SKIP_IF_CANNOT(result);
  EXPECT_EQ(result, "OK");
}

TEST(ChannelLimitsTest, NoMoreInodes) {
  const SharedMemoryDirectory directory;
  const std::string result = InChild([&]() -> std::string {
    const std::string mounted = MountTmpfs(directory.path(), "nr_inodes=1");
    if (!mounted.empty()) return mounted;
    return Channel::Create(directory / "a", OfSize(4096)).status().ToString();
  });
  SKIP_IF_CANNOT(result);
  EXPECT_THAT(result, HasSubstr("RESOURCE_EXHAUSTED"));
}

TEST(ChannelLimitsTest, ReadOnlyFileSystem) {
  const SharedMemoryDirectory directory;
  ASSERT_OK(Channel::Create(directory / "a", OfSize(4096)));
  const std::string result = InChild([&]() -> std::string {
    const std::string entered = EnterOwnMounts();
    if (!entered.empty()) return absl::StrCat(kCannot, entered);
    const char* path = directory.path().c_str();
    if (mount(path, path, nullptr, MS_BIND, nullptr) != 0 ||
        mount(nullptr, path, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV,
              nullptr) != 0) {
      return absl::StrCat(kCannot, "mount(bind): ", strerror(errno));
    }
    return absl::StrCat(Channel::Open(directory / "a").status().ToString(), " ",
                        Channel::Create(directory / "b", OfSize(4096)).status().ToString());
  });
  SKIP_IF_CANNOT(result);
  EXPECT_THAT(result, AllOf(HasSubstr(absl::StrCat("PERMISSION_DENIED: ", directory / "a")),
                            HasSubstr(absl::StrCat("PERMISSION_DENIED: ", directory / "b"))));
}

// The call fails without SIGXFSZ.
TEST(ChannelLimitsTest, SizeBeyondTheFileLimit) {
  const SharedMemoryDirectory directory;
  const auto limited = [](const std::function<absl::Status()>& call) {
    return InChild([&] {
      const rlimit limit = {64 << 10, 64 << 10};
      setrlimit(RLIMIT_FSIZE, &limit);
      return call().ToString();
    });
  };
  for (const ExistPolicy policy : {ExistPolicy::kFail, ExistPolicy::kOpen, ExistPolicy::kReplace}) {
    ChannelOptions options = OfSize(1 << 20);
    options.exist_policy = policy;
    EXPECT_THAT(limited([&] { return Channel::Create(directory / "a", options).status(); }),
                AllOf(HasSubstr("RESOURCE_EXHAUSTED"), HasSubstr(directory / "a")));
  }
  EXPECT_THAT(limited([] { return Channel::CreateTemp(OfSize(1 << 20)).status(); }),
              HasSubstr("RESOURCE_EXHAUSTED"));
  EXPECT_THAT(limited([] { return Channel::CreateAnonymous(OfSize(1 << 20)).status(); }),
              HasSubstr("RESOURCE_EXHAUSTED"));
  EXPECT_EQ(CountNames(directory.path()), 0);

  EXPECT_EQ(limited([&] { return Channel::Create(directory / "a", OfSize(16 << 10)).status(); }),
            "OK");
  // An existing channel is used regardless of its size.
  ASSERT_OK(Channel::Create(directory / "large", OfSize(1 << 20)));
  EXPECT_EQ(limited([&]() -> absl::Status {
              const absl::StatusOr<Channel> channel = Channel::Open(directory / "large");
              if (!channel.ok()) return channel.status();
              absl::StatusOr<Sender> sender = Sender::Attach(*channel);
              if (!sender.ok()) return sender.status();
              return sender->TrySend(std::string(channel->max_payload(), 'x'));
            }),
            "OK");
}

TEST(ChannelLimitsTest, SizeBeyondTheMemoryOfTheMachine) {
  const SharedMemoryDirectory directory;
  const uint64_t most = uint64_t{1} << 46;
  for (const absl::Status& status : {Channel::Create(directory / "a", OfSize(most)).status(),
                                     Channel::CreateTemp(OfSize(most)).status(),
                                     Channel::CreateAnonymous(OfSize(most)).status()}) {
    EXPECT_THAT(status, ::ipmpsc::testing::StatusIs(absl::StatusCode::kResourceExhausted,
                                                    HasSubstr("70368744")));
  }
  EXPECT_EQ(CountNames(directory.path()), 0);
}

TEST(ChannelLimitsTest, NoFileDescriptorsLeft) {
  const SharedMemoryDirectory directory;
  ASSERT_OK(Channel::Create(directory / "a", OfSize(4096)));
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Open(directory / "a"));
  const std::vector<std::function<absl::Status()>> calls = {
      [&] { return Channel::Create(directory / "b", OfSize(4096)).status(); },
      [&] { return Channel::CreateTemp(OfSize(4096)).status(); },
      [&] { return Channel::CreateAnonymous(OfSize(4096)).status(); },
      [&] { return Channel::Open(directory / "a").status(); },
      [&] { return Channel::OpenFd(channel.fd()).status(); },
      [&] { return Sender::Attach(channel).status(); },
      [&] { return Receiver::Attach(channel).status(); },
  };
  for (size_t i = 0; i < calls.size(); ++i) {
    // With one or more descriptors left, the call gets further before it fails, or succeeds. It
    // never fails in another way.
    bool succeeded = false;
    for (int spare = 0; spare < 4 && !succeeded; ++spare) {
      const std::string result = InChild([&] {
        std::vector<int> taken;
        for (int fd; (fd = dup(0)) >= 0;) taken.push_back(fd);
        for (int left = 0; left < spare; ++left) {
          close(taken.back());
          taken.pop_back();
        }
        return calls[i]().ToString();
      });
      succeeded = result == "OK";
      if (spare == 0) {
        EXPECT_FALSE(succeeded);
      }
      if (!succeeded) {
        EXPECT_THAT(result, HasSubstr("RESOURCE_EXHAUSTED")) << "call " << i << " spare " << spare;
      }
    }
    EXPECT_TRUE(succeeded) << "call " << i;
  }
  EXPECT_LE(CountNames(directory.path()), 2);
}

TEST(ChannelLimitsTest, NoAddressSpaceLeft) {
#ifdef IPMPSC_SANITIZED
  GTEST_SKIP() << "a sanitizer needs the address space itself";
#endif
  const SharedMemoryDirectory directory;
  ASSERT_OK(Channel::Create(directory / "a", OfSize(64 << 20)));
  const auto limited = [](const std::function<absl::Status()>& call) {
    return InChild([&] {
      const rlimit limit = {100 << 20, 100 << 20};  // the data is mapped twice
      setrlimit(RLIMIT_AS, &limit);
      return call().ToString();
    });
  };
  EXPECT_THAT(limited([&] { return Channel::Open(directory / "a").status(); }),
              AllOf(HasSubstr("RESOURCE_EXHAUSTED"), HasSubstr(directory / "a")));
  EXPECT_THAT(limited([&] { return Channel::Create(directory / "b", OfSize(64 << 20)).status(); }),
              AllOf(HasSubstr("RESOURCE_EXHAUSTED"), HasSubstr(directory / "b")));
  EXPECT_THAT(limited([&] { return Channel::CreateAnonymous(OfSize(64 << 20)).status(); }),
              HasSubstr("RESOURCE_EXHAUSTED"));
  EXPECT_EQ(CountNames(directory.path()), 1);
}

// Audio and trading programs lock their memory.
TEST(ChannelLimitsTest, MemoryLockLimit) {
#ifdef IPMPSC_SANITIZED
  GTEST_SKIP() << "a sanitizer's memory is more than may be locked";
#endif
  const SharedMemoryDirectory directory;
  ASSERT_OK(Channel::Create(directory / "there", OfSize(2 << 20)));
  const std::vector<std::function<absl::StatusOr<Channel>()>> calls = {
      [&] { return Channel::Open(directory / "there"); },
      [&] { return Channel::Create(directory / "new", OfSize(2 << 20)); },
      [&] { return Channel::CreateTemp(OfSize(2 << 20)); },
      [&] { return Channel::CreateAnonymous(OfSize(2 << 20)); },
  };
  for (size_t i = 0; i < calls.size(); ++i) {
    const auto locked = [&](rlim_t may_lock) {
      return InChild([&]() -> std::string {
        const std::string dropped = DropCapability(CAP_IPC_LOCK);
        if (!dropped.empty()) return dropped;
        const rlimit limit = {may_lock, may_lock};
        if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) return absl::StrCat(kCannot, "setrlimit");
        if (mlockall(MCL_FUTURE) != 0) return absl::StrCat(kCannot, "mlockall");
        const absl::StatusOr<Channel> channel = calls[i]();
        if (!channel.ok()) return channel.status().ToString();
        absl::StatusOr<Sender> sender = Sender::Attach(*channel);
        if (!sender.ok()) return sender.status().ToString();
        const absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
        if (!receiver.ok()) return receiver.status().ToString();
        return sender->TrySend("sent").ToString();
      });
    };
    // The data is mapped twice. Most systems let every user lock 8 MiB.
    const std::string refused = locked(3 << 20);
    if (absl::StartsWith(refused, kCannot)) GTEST_SKIP() << refused;
    EXPECT_THAT(refused, AllOf(HasSubstr("RESOURCE_EXHAUSTED"), HasSubstr("RLIMIT_MEMLOCK"),
                               HasSubstr("3145728")))
        << i;
    EXPECT_EQ(locked(7 << 20), "OK") << i;
    unlink((directory / "new").c_str());
  }
}

// Returns the path of a temporary channel if /dev/shm cannot be written, or the error. `temporary`
// is the value of TMPDIR, or null if it is not set.
std::string TempPathWithoutSharedMemory(const char* temporary) {
  return InChild([&]() -> std::string {
    const std::string mounted = MountTmpfs("/tmp", "size=1m");
    if (!mounted.empty()) return mounted;
    if (mount("tmpfs", "/dev/shm", "tmpfs", MS_RDONLY, "size=4k") != 0) {
      return absl::StrCat(kCannot, "mount(/dev/shm): ", strerror(errno));
    }
    if (mkdir("/tmp/sub", 0700) != 0 || chdir("/tmp") != 0) return "mkdir";
    if (temporary == nullptr) {
      unsetenv("TMPDIR");
    } else {
      setenv("TMPDIR", temporary, 1);
    }
    const absl::StatusOr<Channel> channel = Channel::CreateTemp(OfSize(4096));
    return channel.ok() ? channel->path() : channel.status().ToString();
  });
}

TEST(ChannelLimitsTest, TempChannelWithoutSharedMemoryGoesToTheTemporaryDirectory) {
  const std::pair<const char*, const char*> cases[] = {
      {"/tmp/sub", "/tmp/sub/ipmpsc-"},
      {"/tmp", "/tmp/ipmpsc-"},
      // Not set, and empty.
      {nullptr, "/tmp/ipmpsc-"},
      {"", "/tmp/ipmpsc-"},
      // The path is absolute, since other processes must open it.
      {"sub", "/tmp/sub/ipmpsc-"},
  };
  for (const auto& [temporary, expected] : cases) {
    const std::string result = TempPathWithoutSharedMemory(temporary);
    SKIP_IF_CANNOT(result);
    EXPECT_THAT(result, ::testing::StartsWith(expected));
  }
}

TEST(ChannelLimitsTest, TempChannelInAMissingDirectory) {
  const std::string result = TempPathWithoutSharedMemory("/tmp/none");
  SKIP_IF_CANNOT(result);
  EXPECT_THAT(result,
              AllOf(HasSubstr("NOT_FOUND"), HasSubstr("/tmp/none/ipmpsc-"), HasSubstr("TMPDIR")));
}

TEST(ChannelLimitsTest, WithoutProcOnlyAnonymousChannelsAreCreated) {
  const SharedMemoryDirectory directory;
  const std::string result = InChild([&]() -> std::string {
    // Hides /proc, as if it were not mounted.
    const std::string mounted = MountTmpfs("/proc", "size=4k");
    if (!mounted.empty()) return mounted;
    std::string results;
    for (const ExistPolicy policy : {ExistPolicy::kFail, ExistPolicy::kOpen, ExistPolicy::kReplace,
                                     ExistPolicy::kOpenOrReplace}) {
      ChannelOptions options = OfSize(4096);
      options.exist_policy = policy;
      const absl::Status status = Channel::Create(directory / "a", options).status();
      if (!absl::IsUnavailable(status) ||
          !absl::StrContains(status.message(), "/proc is not mounted") ||
          !absl::StrContains(status.message(), directory / "a")) {
        return status.ToString();
      }
    }
    return Channel::CreateAnonymous(OfSize(4096)).status().ToString();
  });
  SKIP_IF_CANNOT(result);
  EXPECT_EQ(result, "OK");
  EXPECT_EQ(CountNames(directory.path()), 0);
}

TEST(ChannelLimitsTest, HugetlbfsIsRefused) {
  const SharedMemoryDirectory directory;
  const std::string result = InChild([&]() -> std::string {
    const std::string entered = EnterOwnMounts();
    if (!entered.empty()) return absl::StrCat(kCannot, entered);
    if (mount("hugetlbfs", directory.path().c_str(), "hugetlbfs", 0, nullptr) != 0) {
      return absl::StrCat(kCannot, "mount(hugetlbfs): ", strerror(errno));
    }
    ChannelOptions options = OfSize(4096);
    options.huge_pages = true;
    return absl::StrCat(Channel::Create(directory / "a", options).status().ToString(),
                        "; names: ", CountNames(directory.path()));
  });
  SKIP_IF_CANNOT(result);
  EXPECT_THAT(result, AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr(directory / "a"),
                            HasSubstr("hugetlbfs"), HasSubstr("tmpfs"), HasSubstr("names: 0")));
}

// The text names the exhausted resource and the remedy.
TEST(ChannelLimitsTest, ErrorsNameTheExhaustedResource) {
  const SharedMemoryDirectory directory;
  const std::string full =
      InChild([&] { return CreateInFullTmpfs(directory.path(), 1 << 20, ExistPolicy::kFail); });
  if (!absl::StartsWith(full, kCannot)) {
    EXPECT_THAT(full, AllOf(HasSubstr("its file system has"), HasSubstr("bytes free")));
  }
  EXPECT_THAT(InChild([] {
                const rlimit limit = {64 << 10, 64 << 10};
                setrlimit(RLIMIT_FSIZE, &limit);
                return Channel::CreateAnonymous(OfSize(1 << 20)).status().ToString();
              }),
              AllOf(HasSubstr("65536 bytes"), HasSubstr("RLIMIT_FSIZE")));
  EXPECT_THAT(Channel::CreateAnonymous(OfSize(uint64_t{1} << 46)).status().ToString(),
              ::testing::AnyOf(HasSubstr("the machine has available"), HasSubstr("control group")));
  EXPECT_THAT(InChild([&] {
                for (int fd; (fd = dup(0)) >= 0;) {
                }
                return Channel::Create(directory / "a", OfSize(4096)).status().ToString();
              }),
              HasSubstr("RLIMIT_NOFILE"));
#ifndef IPMPSC_SANITIZED
  EXPECT_THAT(InChild([&] {
                const rlimit limit = {100 << 20, 100 << 20};
                setrlimit(RLIMIT_AS, &limit);
                return Channel::CreateAnonymous(OfSize(64 << 20)).status().ToString();
              }),
              AllOf(HasSubstr("the data twice"), HasSubstr("RLIMIT_AS"), HasSubstr("104857600")));
#endif
}

}  // namespace
}  // namespace ipmpsc
