// Tests that the plugin's limits equal the runtime's.
#include <unistd.h>

#include <limits>

#include "codegen/check.h"
#include "gtest/gtest.h"
#include "ipmpsc/internal/segment/layout.h"
#include "ipmpsc/wire/message_table.h"

namespace ipmpsc::codegen {
namespace {

TEST(LimitsTest, Capacity) { EXPECT_EQ(kMaxDeclaredCapacity, internal::kMaxCapacity); }
TEST(LimitsTest, Senders) { EXPECT_EQ(kMaxDeclaredSenders, internal::kMaxSenders); }
TEST(LimitsTest, AlignmentOfEveryPageIsAccepted) {
  EXPECT_EQ(sysconf(_SC_PAGESIZE) % kMaxAlignment, 0);
}
TEST(LimitsTest, EnumRuns) {
  EXPECT_EQ(kMaxEnumRuns, std::numeric_limits<decltype(wire::Field::range_count)>::max());
}

}  // namespace
}  // namespace ipmpsc::codegen
