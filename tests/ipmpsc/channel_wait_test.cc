// Tests Channel::Open with a deadline: waiting for a channel to be created.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/os/rename_file.h"
#include "ipmpsc/options.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::CountNames;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::testing::WriteFile;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// Longer than any test may take.
constexpr absl::Duration kPatience = absl::Minutes(5);
// Long enough for the opener to fall asleep. Too short a time makes a test weaker, not wrong.
constexpr absl::Duration kUntilAsleep = absl::Milliseconds(30);

absl::Status CreateSmall(const std::string& path) {
  ChannelOptions options;
  options.capacity = 4096;
  options.description = "complete";
  return Channel::Create(path, options).status();
}

class ChannelWaitTest : public ::testing::Test {
 protected:
  // Opens `path` with `kPatience` while another thread does `work`.
  absl::StatusOr<Channel> OpenDuring(const std::string& path, std::function<void()> work) {
    std::thread other([&work] {
      absl::SleepFor(kUntilAsleep);
      work();
    });
    absl::StatusOr<Channel> channel = Channel::Open(path, {kPatience});
    other.join();
    return channel;
  }

  void ExpectOpensWhenCreated(const std::string& path, const std::string& created) {
    const absl::StatusOr<Channel> channel =
        OpenDuring(path, [&] { EXPECT_OK(CreateSmall(created)); });
    ASSERT_OK(channel);
    EXPECT_EQ(channel->description(), "complete");
    EXPECT_EQ(channel->path(), path);
  }

  const SharedMemoryDirectory directory_;
  const std::string path_ = directory_ / "channel";
};

TEST_F(ChannelWaitTest, OpensAChannelThatIsCreatedLater) { ExpectOpensWhenCreated(path_, path_); }

TEST_F(ChannelWaitTest, OpensAChannelThatIsThereAtOnce) {
  ASSERT_OK(CreateSmall(path_));
  EXPECT_OK(Channel::Open(path_, {kPatience}));
  EXPECT_OK(Channel::Open(path_, {absl::InfiniteDuration()}));
}

TEST_F(ChannelWaitTest, SaysWhatItWaitedForAndHowLong) {
  EXPECT_THAT(Channel::Open(path_, {absl::Milliseconds(20)}),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       MatchesRegex(path_ + ": no channel was created there for [0-9.]+m?s; "
                                            "start the program that creates it, or wait longer")));
}

TEST_F(ChannelWaitTest, DoesNotWaitWithADeadlineThatHasPassed) {
  for (const absl::Duration timeout : {absl::ZeroDuration(), -absl::Seconds(1)}) {
    EXPECT_THAT(Channel::Open(path_, {timeout}),
                StatusIs(absl::StatusCode::kNotFound, HasSubstr(path_)));
  }
}

TEST_F(ChannelWaitTest, AMissingDirectoryIsAnErrorAtOnce) {
  EXPECT_THAT(
      Channel::Open(directory_ / "none/channel", {absl::InfiniteDuration()}),
      StatusIs(absl::StatusCode::kNotFound, AllOf(HasSubstr(directory_ / "none/ does not exist"),
                                                  HasSubstr("create the directory"))));
}

TEST_F(ChannelWaitTest, ADirectoryThatIsRemovedMeanwhileIsAnError) {
  const std::string below = directory_ / "below";
  ASSERT_EQ(mkdir(below.c_str(), 0700), 0);
  EXPECT_THAT(OpenDuring(below + "/channel", [&] { EXPECT_EQ(rmdir(below.c_str()), 0); }),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("does not exist")));
}

// The watch is that of the directory which has moved away.
TEST_F(ChannelWaitTest, OpensAChannelInADirectoryThatTakesThePlaceOfTheFirst) {
  const std::string first = directory_ / "first";
  const std::string second = directory_ / "second";
  ASSERT_EQ(mkdir(first.c_str(), 0700), 0);
  ASSERT_EQ(mkdir(second.c_str(), 0700), 0);
  EXPECT_OK(OpenDuring(first + "/channel", [&] {
    EXPECT_TRUE(internal::ExchangeNames(first.c_str(), second.c_str()));
    absl::SleepFor(kUntilAsleep);
    EXPECT_OK(CreateSmall(first + "/channel"));
  }));
}

TEST_F(ChannelWaitTest, AFileThatIsNoChannelIsAnErrorAtOnce) {
  EXPECT_THAT(OpenDuring(path_,
                         [&] {
                           WriteFile(directory_ / "hidden", "not a channel");
                           EXPECT_EQ(rename((directory_ / "hidden").c_str(), path_.c_str()), 0);
                         }),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not an ipmpsc channel")));
}

TEST_F(ChannelWaitTest, OtherNamesInTheDirectoryAreNotOpened) {
  const absl::StatusOr<Channel> channel = OpenDuring(path_, [&] {
    for (int i = 0; i < 1000; ++i) WriteFile(directory_ / absl::StrCat("channel", i), "other");
    EXPECT_OK(CreateSmall(path_));
  });
  EXPECT_OK(channel);
}

TEST_F(ChannelWaitTest, WaitsForTheTargetOfALink) {
  const std::string target = directory_ / "below/target";
  ASSERT_EQ(mkdir((directory_ / "below").c_str(), 0700), 0);
  ASSERT_EQ(symlink("below/target", path_.c_str()), 0);
  EXPECT_THAT(Channel::Open(path_, {absl::Milliseconds(5)}),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       HasSubstr(absl::StrCat(path_, ", a link to ", target))));
  ExpectOpensWhenCreated(path_, target);
}

TEST_F(ChannelWaitTest, FollowsALinkThatIsMadeMeanwhile) {
  ASSERT_EQ(mkdir((directory_ / "below").c_str(), 0700), 0);
  EXPECT_OK(OpenDuring(path_, [&] {
    EXPECT_EQ(symlink("below/target", path_.c_str()), 0);
    absl::SleepFor(kUntilAsleep);
    EXPECT_OK(CreateSmall(directory_ / "below/target"));
  }));
}

TEST_F(ChannelWaitTest, WaitsForARelativePath) {
  EXPECT_EQ(InChild([&]() -> std::string {
              if (chdir(directory_.path().c_str()) != 0) return "chdir";
              const absl::StatusOr<Channel> channel =
                  OpenDuring("channel", [&] { EXPECT_OK(CreateSmall(path_)); });
              return channel.ok() ? "" : channel.status().ToString();
            }),
            "");
}

TEST_F(ChannelWaitTest, LeavesNoFileOpen) {
  const int before = CountNames("/proc/self/fd");
  EXPECT_FALSE(Channel::Open(path_, {absl::Milliseconds(5)}).ok());
  EXPECT_EQ(CountNames("/proc/self/fd"), before);
  ExpectOpensWhenCreated(path_, path_);
  EXPECT_EQ(CountNames("/proc/self/fd"), before);
}

}  // namespace
}  // namespace ipmpsc
