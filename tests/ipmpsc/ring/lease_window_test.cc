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

TEST(LeaseWindowTest, OldestMovesOnlyWhenItIsReleased) {
  LeaseWindow window;
  const uint64_t a = window.Add(0);
  const uint64_t b = window.Add(64);
  const uint64_t c = window.Add(192);
  EXPECT_EQ(window.oldest(), 0u);
  EXPECT_FALSE(window.Remove(b));
  EXPECT_EQ(window.oldest(), 0u);
  EXPECT_TRUE(window.Remove(a));
  EXPECT_EQ(window.oldest(), 192u) << "b went before";
  EXPECT_TRUE(window.Remove(c));
  EXPECT_TRUE(window.empty());
}

TEST(LeaseWindowTest, PositionsAcross2To64KeepTheirOrder) {
  LeaseWindow window;
  const uint64_t a = window.Add(~Position{0} - 63);
  window.Add(64);
  EXPECT_EQ(window.oldest(), ~Position{0} - 63);
  EXPECT_TRUE(window.Remove(a));
  EXPECT_EQ(window.oldest(), 64u);
}

TEST(LeaseWindowTest, EveryOrderOfFourReleasesGivesBackUpToTheOldestHeld) {
  std::vector<int> order = {0, 1, 2, 3};
  int orders = 0;
  do {
    LeaseWindow window;
    uint64_t tickets[4];
    for (int i = 0; i < 4; ++i) tickets[i] = window.Add(static_cast<Position>(i) * 128);
    std::set<int> held = {0, 1, 2, 3};
    for (const int i : order) {
      const int oldest_before = *held.begin();
      held.erase(i);
      EXPECT_EQ(window.Remove(tickets[i]), i == oldest_before);
      ASSERT_EQ(window.empty(), held.empty());
      if (!held.empty()) {
        EXPECT_EQ(window.oldest(), static_cast<Position>(*held.begin()) * 128);
      }
    }
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(orders, 24);
}

TEST(LeaseWindowTest, GrowthKeepsHeldLeasesOfWrappedTickets) {
  LeaseWindow window;
  // The tickets do not begin at a multiple of the size, and there are gaps among the held ones.
  for (int i = 0; i < 37; ++i) window.Remove(window.Add(0));
  std::vector<uint64_t> tickets;
  for (Position i = 0; i < 300; ++i) {
    window.MakeRoom();
    tickets.push_back(window.Add(i * 64));
    if (i % 3 == 1) window.Remove(tickets.back());
  }
  for (Position i = 0; i < 300; ++i) {
    if (i % 3 == 1) continue;
    ASSERT_EQ(window.oldest(), i * 64);
    ASSERT_TRUE(window.Remove(tickets[i]));
  }
  EXPECT_TRUE(window.empty());
}

TEST(LeaseWindowTest, IsFullExactlyWhenTheNextLeaseNeedsRoom) {
  LeaseWindow window;
  std::vector<uint64_t> tickets;
  int grown = 0;
  for (Position i = 0; i < 500; ++i) {
    if (window.full()) {
      window.MakeRoom();
      ASSERT_FALSE(window.full()) << i;
      ++grown;
      ASSERT_EQ(window.oldest(), 0u) << "growing is not releasing";
    }
    tickets.push_back(window.Add(i * 64));
  }
  EXPECT_EQ(grown, 3) << "64 at first, doubled each time";
  for (Position i = 0; i < 500; ++i) {
    ASSERT_EQ(window.oldest(), i * 64);
    ASSERT_TRUE(window.Remove(tickets[i]));
  }
}

TEST(LeaseWindowTest, ReleasedLeaseCountsUntilAllOlderOnesAreReleased) {
  LeaseWindow window;
  std::vector<uint64_t> tickets;
  while (!window.full()) tickets.push_back(window.Add(tickets.size() * 64));
  EXPECT_FALSE(window.Remove(tickets[5]));
  EXPECT_TRUE(window.full()) << "its place lies between two that are held";
  EXPECT_TRUE(window.Remove(tickets[0]));
  EXPECT_FALSE(window.full());
}

TEST(LeaseWindowTest, MakeRoomWhereThereIsRoomKeepsTheSize) {
  LeaseWindow window;
  size_t size = 0;
  for (; !window.full(); ++size) {
    window.MakeRoom();
    window.Add(size * 64);
  }
  EXPECT_EQ(size, 64u);
}

TEST(LeaseWindowTest, AgreesWithASetOverRandomAddsAndRemoves) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    LeaseWindow window;
    std::vector<std::pair<uint64_t, Position>> held;  // in order
    Position next = 0;
    for (int step = 0; step < 400; ++step) {
      if (held.empty() || random() % 100 < 52) {
        window.MakeRoom();
        held.emplace_back(window.Add(next), next);
        next += 64;
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
