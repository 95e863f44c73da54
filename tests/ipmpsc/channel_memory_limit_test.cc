// Tests channels in a control group with a memory limit, above which the kernel would kill. The
// test creates a group, so it runs as root outside of Bazel's sandbox and is skipped elsewhere.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::CountNames;
using ::ipmpsc::testing::Exists;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::PathOnDisk;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Typical for the container of a small service. A process of this test needs a few MiB.
constexpr char kLimit[] = "67108864";

bool Write(const std::string& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return written;
}

// A group with a limit, and a nested group without its own. Only one test uses them at a time.
class ChannelMemoryLimitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* hierarchy : {"/sys/fs/cgroup/memory", "/sys/fs/cgroup"}) {
      outer_ = absl::StrCat(hierarchy, "/", name_);
      if (mkdir(outer_.c_str(), 0755) != 0) {
        why_ = absl::StrCat("mkdir ", outer_, ": ", strerror(errno));
        continue;
      }
      // Fails without control groups of version 2.
      Write(outer_ + "/cgroup.subtree_control", "+memory");
      inner_ = outer_ + "/inner";
      mkdir(inner_.c_str(), 0755);
      for (const char* file : {"/memory.limit_in_bytes", "/memory.max"}) {
        if (Exists(inner_ + file) && Write(outer_ + file, kLimit)) return;
      }
      why_ = absl::StrCat(outer_, ": no memory controller");
      RemoveGroups();
    }
    GTEST_SKIP() << "this process may make no control group: " << why_;
  }

  void TearDown() override { RemoveGroups(); }

  void RemoveGroups() {
    rmdir(inner_.c_str());
    rmdir(outer_.c_str());
  }

  // Runs `call` in a child in the inner group.
  std::string InGroup(const std::function<absl::Status()>& call) {
    return InChild([&]() -> std::string {
      if (!Write(inner_ + "/cgroup.procs", "0")) return absl::StrCat("join: ", strerror(errno));
      return call().ToString();
    });
  }

  static ChannelOptions OfMiB(uint64_t capacity) {
    ChannelOptions options;
    options.capacity = capacity << 20;
    return options;
  }

  const std::string name_ = absl::StrCat("ipmpsc-test-", getpid());
  std::string outer_;
  std::string inner_;
  std::string why_;
};

TEST_F(ChannelMemoryLimitTest, CapacityBeyondTheLimitIsAnErrorThatNamesIt) {
  const SharedMemoryDirectory directory;
  std::vector<std::function<absl::Status()>> calls = {
      [] { return Channel::CreateTemp(OfMiB(256)).status(); },
      [] { return Channel::CreateAnonymous(OfMiB(256)).status(); },
      // As large as the limit.
      [] { return Channel::CreateAnonymous(OfMiB(64)).status(); },
  };
  for (const ExistPolicy policy : {ExistPolicy::kFail, ExistPolicy::kOpen, ExistPolicy::kReplace}) {
    calls.push_back([&directory, policy] {
      ChannelOptions options = OfMiB(256);
      options.exist_policy = policy;
      return Channel::Create(directory / "a", options).status();
    });
  }
  for (size_t i = 0; i < calls.size(); ++i) {
    EXPECT_THAT(InGroup(calls[i]),
                AllOf(HasSubstr("RESOURCE_EXHAUSTED"), HasSubstr("control group"), HasSubstr(name_),
                      HasSubstr(kLimit), HasSubstr("smaller capacity")))
        << i;
  }
  EXPECT_EQ(CountNames(directory.path()), 0);
}

TEST_F(ChannelMemoryLimitTest, ChannelsAreCreatedUntilTheLimitIsReached) {
  EXPECT_THAT(InGroup([] {
                std::vector<Channel> channels;
                for (;;) {
                  absl::StatusOr<Channel> channel = Channel::CreateAnonymous(OfMiB(8));
                  if (!channel.ok() && channels.size() < 4) return absl::InternalError("too early");
                  if (!channel.ok()) return channel.status();
                  channels.push_back(*std::move(channel));
                }
              }),
              AllOf(HasSubstr("RESOURCE_EXHAUSTED"), HasSubstr(name_)));
}

TEST_F(ChannelMemoryLimitTest, FileOnDiskDoesNotCountAsMemory) {
  const std::string path = PathOnDisk("a");
  EXPECT_EQ(InGroup([&] { return Channel::Create(path, OfMiB(128)).status(); }), "OK");
  unlink(path.c_str());
}

TEST_F(ChannelMemoryLimitTest, OpeningTakesNoMemory) {
  const SharedMemoryDirectory directory;
  ASSERT_OK(Channel::Create(directory / "a", OfMiB(128)));
  EXPECT_EQ(InGroup([&] {
              OpenOptions options;
              options.prefault = true;
              return Channel::Open(directory / "a", options).status();
            }),
            "OK");
}

}  // namespace
}  // namespace ipmpsc
