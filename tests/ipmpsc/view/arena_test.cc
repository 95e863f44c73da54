#include "ipmpsc/view/arena.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gtest/gtest.h"

namespace ipmpsc::view {
namespace {

TEST(ArenaTest, AllocationsAreAlignedAndApart) {
  Arena arena;
  char* previous_end = nullptr;
  for (size_t size = 1; size < 40; ++size) {
    char* const memory = static_cast<char*>(arena.Allocate(size));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % Arena::kAlignment, 0);
    EXPECT_GE(memory, previous_end);
    std::memset(memory, 0xff, size);
    previous_end = memory + size;
  }
}

TEST(ArenaTest, LargeAllocationFits) {
  Arena arena;
  std::memset(arena.Allocate(1000000), 1, 1000000);
  EXPECT_GE(arena.capacity(), 1000000);
}

TEST(ArenaTest, ResetKeepsTheMemoryInOneBlock) {
  Arena arena;
  for (int i = 0; i < 100; ++i) arena.Allocate(500);
  const size_t capacity = arena.capacity();
  EXPECT_GE(capacity, 50000);
  for (int round = 0; round < 3; ++round) {
    arena.Reset();
    EXPECT_EQ(arena.capacity(), capacity);
    char* const first = static_cast<char*>(arena.Allocate(500));
    for (int i = 1; i < 100; ++i) {
      // One block: each follows the other.
      EXPECT_EQ(static_cast<char*>(arena.Allocate(500)), first + i * 504);
    }
    EXPECT_EQ(arena.capacity(), capacity);
  }
}

TEST(ArenaTest, ResetOfAnEmptyOne) {
  Arena arena;
  arena.Reset();
  EXPECT_EQ(arena.capacity(), 0);
}

TEST(ArenaTest, OnlyTheNewestIsExtended) {
  Arena arena;
  void* const a = arena.Allocate(10);
  void* const b = arena.Allocate(10);
  EXPECT_FALSE(arena.Extend(a, 10, 20));
  EXPECT_TRUE(arena.Extend(b, 10, 100));
  EXPECT_GE(static_cast<char*>(arena.Allocate(1)), static_cast<char*>(b) + 100);
}

TEST(ArenaTest, ExtendStaysInItsBlock) {
  Arena arena;
  void* const a = arena.Allocate(8);
  EXPECT_FALSE(arena.Extend(a, 8, arena.capacity() + 8));
  EXPECT_TRUE(arena.Extend(a, 8, arena.capacity()));
}

}  // namespace
}  // namespace ipmpsc::view
