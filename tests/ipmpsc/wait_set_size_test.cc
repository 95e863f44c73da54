// Tests WaitSet with numbers of channels around the limits of its mechanisms.
#include <cstdint>
#include <set>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/wait_set.h"
#include "tests/ipmpsc/wait_mechanisms.h"
#include "tests/ipmpsc/wait_set_fixture.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::Await;
using ::ipmpsc::testing::kPatience;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class WaitSetSizeTest : public WaitSetTest {
 protected:
  static void Exchange(size_t channels) {
    if (!HasDescriptorsFor(channels)) GTEST_SKIP() << "too few descriptors";
    std::vector<Ends> all(channels);
    WaitSet set = Create();
    for (size_t i = 0; i < channels; ++i) ASSERT_OK(set.Add(*all[i].receiver, i));
    ASSERT_THAT(TagsOf(set, absl::Milliseconds(1)), IsEmpty());
    EXPECT_EQ(set.statistics().members, channels);
    EXPECT_EQ(set.statistics().unwatched, uint64_t{0});
    // Each of the first, the last and some between ends a sleep.
    for (size_t at = 0; at < channels; at += channels / 10 + 1) {
      for (const size_t i : {at, channels - 1 - at}) {
        std::thread sends([&] {
          absl::SleepFor(absl::Milliseconds(1));
          EXPECT_OK(all[i].sender->TrySend("a"));
        });
        EXPECT_THAT(TagsOf(set, kPatience), ElementsAre(i));
        sends.join();
        ASSERT_OK(all[i].receiver->TryReceive());
      }
    }
    // All at once.
    std::thread sends([&] {
      for (Ends& ends : all) EXPECT_OK(ends.sender->TrySend("b"));
    });
    std::set<uint64_t> seen;
    EXPECT_TRUE(Await([&] {
      for (const uint64_t tag : TagsOf(set, kPatience)) {
        EXPECT_OK(all[tag].receiver->TryReceive());
        EXPECT_TRUE(seen.insert(tag).second);
      }
      return seen.size() == channels;
    }));
    sends.join();
    EXPECT_THAT(TagsOf(set, absl::ZeroDuration()), IsEmpty());
  }
};

TEST_P(WaitSetSizeTest, OneChannel) { Exchange(1); }
TEST_P(WaitSetSizeTest, AsManyAsOneThreadWatches) { Exchange(128); }
TEST_P(WaitSetSizeTest, AThousandChannels) { Exchange(1000); }

INSTANTIATE_FOR_MECHANISMS(WaitSetSizeTest);

}  // namespace
}  // namespace ipmpsc
