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
      // One block: the allocations are adjacent.
      EXPECT_EQ(static_cast<char*>(arena.Allocate(500)), first + i * 504);
    }
    EXPECT_EQ(arena.capacity(), capacity);
  }
}

TEST(ArenaTest, EmptyArenaCanBeReset) {
  Arena arena;
  arena.Reset();
  EXPECT_EQ(arena.capacity(), 0);
}

TEST(ArenaTest, NewestAllocationGrowsInPlace) {
  Arena arena;
  char* const a = static_cast<char*>(arena.Allocate(10));
  std::memcpy(a, "abcdefghij", 10);
  char* const b = static_cast<char*>(arena.Allocate(10));
  char* const moved = static_cast<char*>(arena.Grow(a, 10, 10, 20));
  EXPECT_GE(moved, b + 10);
  EXPECT_EQ(std::memcmp(moved, "abcdefghij", 10), 0);
  EXPECT_EQ(arena.Grow(moved, 20, 10, 100), moved);
  EXPECT_GE(static_cast<char*>(arena.Allocate(1)), moved + 100);
}

TEST(ArenaTest, GrowsBeyondItsBlock) {
  Arena arena;
  char* const a = static_cast<char*>(arena.Allocate(8));
  std::memcpy(a, "12345678", 8);
  EXPECT_EQ(arena.Grow(a, 8, 8, arena.capacity()), a);
  const size_t size = arena.capacity();
  char* const moved = static_cast<char*>(arena.Grow(a, size, 8, size + 8));
  EXPECT_NE(moved, a);
  EXPECT_EQ(std::memcmp(moved, "12345678", 8), 0);
}

// An array that doubles until it is large does not keep the memory of its earlier sizes.
TEST(ArenaTest, LargeArraysAreFreed) {
  Arena arena;
  size_t size = 64;
  char* array = static_cast<char*>(arena.Allocate(size));
  for (; size < (size_t{64} << 20); size *= 2) {
    array[size - 1] = 'x';
    array = static_cast<char*>(arena.Grow(array, size, size, 2 * size));
    ASSERT_NE(array, nullptr);
    EXPECT_EQ(array[size - 1], 'x');
  }
  EXPECT_LT(arena.capacity(), size + (size_t{4} << 20));
}

TEST(ArenaTest, BudgetCountsAllocatedBytes) {
  for (const bool moves : {false, true}) {
    Arena arena;
    arena.BeginBudget(10000);
    void* array = arena.Allocate(1000);
    if (moves) {
      EXPECT_NE(arena.Allocate(8), nullptr);
    }
    // Earlier sizes of an array do not count, whether it was moved or extended in place.
    array = arena.Grow(array, 1000, 1000, 9000);
    ASSERT_NE(array, nullptr);
    EXPECT_EQ(arena.Grow(array, 9000, 9000, 10008), nullptr);
    EXPECT_EQ(arena.failure(), Arena::Failure::kLimit);
    EXPECT_NE(arena.Allocate(moves ? 992 : 1000), nullptr);
    EXPECT_EQ(arena.Allocate(1), nullptr);
    arena.EndBudget();
    EXPECT_NE(arena.Allocate(1000000), nullptr);
    EXPECT_EQ(arena.failure(), Arena::Failure::kLimit);  // until the next message
    arena.BeginBudget(8);
    EXPECT_EQ(arena.failure(), Arena::Failure::kNone);
    EXPECT_NE(arena.Allocate(8), nullptr);
    EXPECT_EQ(arena.Allocate(8), nullptr);
    arena.Reset();
    EXPECT_EQ(arena.failure(), Arena::Failure::kNone);
    EXPECT_NE(arena.Allocate(2000000), nullptr);
  }
}

TEST(ArenaTest, ImpossibleSizeFails) {
  Arena arena;
  EXPECT_NE(arena.Allocate(100), nullptr);
  EXPECT_EQ(arena.Allocate(size_t{1} << 60), nullptr);
  EXPECT_EQ(arena.failure(), Arena::Failure::kNoMemory);
  EXPECT_NE(arena.Allocate(100), nullptr);
}

TEST(ArenaTest, MemoryIsFreedAfterManySmallMessages) {
  Arena arena;
  arena.Allocate(size_t{100} << 20);
  arena.Reset();
  EXPECT_GE(arena.capacity(), size_t{100} << 20);
  for (int i = 0; i < 64; ++i) {  // an occasional large block is kept
    arena.Allocate(i == 30 ? size_t{100} << 20 : 10000);
    arena.Reset();
  }
  EXPECT_GE(arena.capacity(), size_t{100} << 20);
  for (int i = 0; i < 128; ++i) {
    arena.Allocate(10000);
    arena.Reset();
  }
  EXPECT_LE(arena.capacity(), 20000 + 100);
  EXPECT_GE(arena.capacity(), 10000);
}

TEST(MemoryLimitTest, LimitGrowsWithTheMessage) {
  EXPECT_EQ((MemoryLimit{3, 7}.BytesFor(10)), 37);
  EXPECT_EQ(MemoryLimit().BytesFor(0), size_t{1} << 20);
  EXPECT_EQ(MemoryLimit::None().BytesFor(5), SIZE_MAX);
  EXPECT_EQ((MemoryLimit{SIZE_MAX, 0}.BytesFor(2)), SIZE_MAX);
  EXPECT_EQ((MemoryLimit{2, SIZE_MAX}.BytesFor(2)), SIZE_MAX);
}

}  // namespace
}  // namespace ipmpsc::view
