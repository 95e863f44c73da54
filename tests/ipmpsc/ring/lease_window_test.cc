#include "ipmpsc/internal/ring/lease_window.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace ipmpsc::internal {
namespace {

TEST(LeaseWindowTest, BeginsEmpty) {
  LeaseWindow window;
  EXPECT_TRUE(window.empty());
}

TEST(LeaseWindowTest, OldestMovesOnlyWhenTheOldestGoes) {
  LeaseWindow window;
  const uint64_t a = window.Add(0);
  const uint64_t b = window.Add(16);
  const uint64_t c = window.Add(48);
  EXPECT_EQ(window.oldest(), 0u);
  EXPECT_FALSE(window.Remove(b));
  EXPECT_EQ(window.oldest(), 0u);
  EXPECT_TRUE(window.Remove(a));
  EXPECT_EQ(window.oldest(), 48u) << "b went before";
  EXPECT_TRUE(window.Remove(c));
  EXPECT_TRUE(window.empty());
}

TEST(LeaseWindowTest, PositionsAcross2To64KeepTheirOrder) {
  LeaseWindow window;
  const uint64_t a = window.Add(~Position{0} - 15);
  window.Add(16);
  EXPECT_EQ(window.oldest(), ~Position{0} - 15);
  EXPECT_TRUE(window.Remove(a));
  EXPECT_EQ(window.oldest(), 16u);
}

TEST(LeaseWindowTest, EveryOrderOfFourReleasesGivesBackUpToTheOldestHeld) {
  std::vector<int> order = {0, 1, 2, 3};
  int orders = 0;
  do {
    LeaseWindow window;
    uint64_t tickets[4];
    for (int i = 0; i < 4; ++i) tickets[i] = window.Add(static_cast<Position>(i) * 32);
    std::set<int> held = {0, 1, 2, 3};
    for (const int i : order) {
      const int oldest_before = *held.begin();
      held.erase(i);
      EXPECT_EQ(window.Remove(tickets[i]), i == oldest_before);
      ASSERT_EQ(window.empty(), held.empty());
      if (!held.empty()) {
        EXPECT_EQ(window.oldest(), static_cast<Position>(*held.begin()) * 32);
      }
    }
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(orders, 24);
}

TEST(LeaseWindowTest, GrowingKeepsWhatIsHeldWhereTicketsWrappedAround) {
  LeaseWindow window;
  // Tickets that do not begin at a multiple of the size, and holes among the held.
  for (int i = 0; i < 37; ++i) window.Remove(window.Add(0));
  std::vector<uint64_t> tickets;
  for (Position i = 0; i < 300; ++i) {
    tickets.push_back(window.Add(i * 16));
    if (i % 3 == 1) window.Remove(tickets.back());
  }
  for (Position i = 0; i < 300; ++i) {
    if (i % 3 == 1) continue;
    ASSERT_EQ(window.oldest(), i * 16);
    ASSERT_TRUE(window.Remove(tickets[i]));
  }
  EXPECT_TRUE(window.empty());
}

TEST(LeaseWindowTest, AgreesWithASetOverRandomAddsAndRemoves) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    LeaseWindow window;
    std::vector<std::pair<uint64_t, Position>> held;  // in order
    Position next = 0;
    for (int step = 0; step < 400; ++step) {
      if (held.empty() || random() % 100 < 52) {
        held.emplace_back(window.Add(next), next);
        next += 16;
      } else {
        const size_t at = random() % held.size();
        ASSERT_EQ(window.Remove(held[at].first), at == 0) << "seed " << seed;
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
      }
      ASSERT_EQ(window.empty(), held.empty()) << "seed " << seed;
      if (!held.empty()) {
        ASSERT_EQ(window.oldest(), held.front().second) << "seed " << seed;
      }
    }
  }
}

}  // namespace
}  // namespace ipmpsc::internal
