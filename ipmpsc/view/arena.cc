#include "ipmpsc/view/arena.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>

namespace ipmpsc::view {

struct Arena::Block {
  Block* older;
  size_t size;  // of the bytes after this header
};

namespace {

constexpr size_t kFirstBlockSize = 1024;
// Each block doubles the capacity, up to this size. Larger allocations have blocks of their own.
constexpr size_t kLargeBlockSize = size_t{1} << 20;
// The number of messages after which memory that they did not need is freed.
constexpr uint32_t kResetsToShrink = 64;
// An arena up to this size keeps its memory.
constexpr size_t kKeptSize = size_t{64} << 10;

}  // namespace

Arena::~Arena() { FreeBlocks(); }

void* Arena::Grow(void* old, size_t old_size, size_t used, size_t new_size) {
  old_size = RoundUp(old_size);
  new_size = RoundUp(new_size);
  char* const begin = static_cast<char*>(old);
  Ungrant();
  budget_ += old_size;
  if (new_size <= budget_ && begin + old_size == next_ &&
      new_size <= static_cast<size_t>(block_end_ - begin)) {
    next_ = begin + new_size;
    budget_ -= new_size;
    Grant();
    return old;
  }
  void* const moved = AllocateSlow(new_size);
  if (moved == nullptr) {
    Ungrant();
    budget_ -= old_size;
    Grant();
    return nullptr;
  }
  std::memcpy(moved, old, used);
  // A large allocation has its own block. Without freeing it a growing array would take twice its
  // size.
  if (old_size >= kLargeBlockSize) FreeBlockOf(begin, old_size);
  return moved;
}

void Arena::Reset() {
  failure_ = Failure::kNone;
  if (newest_ == nullptr) return;
  peak_ = std::max(peak_, capacity_ - static_cast<size_t>(block_end_ - next_));
  size_t kept = capacity_;
  if (++resets_ == kResetsToShrink) {
    if (capacity_ > kKeptSize && peak_ < capacity_ / 4) kept = std::max(2 * peak_, kFirstBlockSize);
    resets_ = 0;
    peak_ = 0;
  }
  if (newest_->older != nullptr || kept != capacity_) {
    FreeBlocks();
    AddBlock(kept);  // if there is no memory now, a later allocation tries again
  }
  if (newest_ != nullptr) next_ = reinterpret_cast<char*>(newest_ + 1);
  EndBudget();
}

void* Arena::AllocateSlow(size_t size) {
  Ungrant();
  if (size > budget_) {
    failure_ = Failure::kLimit;
    Grant();
    return nullptr;
  }
  if (size > static_cast<size_t>(block_end_ - next_) &&
      !AddBlock(std::max(size, std::min(std::max(kFirstBlockSize, capacity_), kLargeBlockSize))) &&
      !AddBlock(size)) {
    failure_ = Failure::kNoMemory;
    Grant();
    return nullptr;
  }
  char* const result = next_;
  next_ += size;
  budget_ -= size;
  Grant();
  return result;
}

// REQUIRES: nothing is granted.
bool Arena::AddBlock(size_t size) {
  static_assert(sizeof(Block) % kAlignment == 0);
  void* const memory = ::operator new(sizeof(Block) + size, std::nothrow);
  if (memory == nullptr) return false;
  newest_ = new (memory) Block{newest_, size};
  capacity_ += size;
  next_ = end_ = reinterpret_cast<char*>(newest_ + 1);
  block_end_ = next_ + size;
  return true;
}

// Frees the block of the `size` bytes at `begin`, if it holds nothing else.
void Arena::FreeBlockOf(void* begin, size_t size) {
  for (Block** link = &newest_->older; *link != nullptr; link = &(*link)->older) {
    Block* const block = *link;
    if (block + 1 != begin) continue;
    if (block->size != size) return;
    *link = block->older;
    capacity_ -= size;
    ::operator delete(block);
    return;
  }
}

void Arena::FreeBlocks() {
  while (newest_ != nullptr) {
    Block* const older = newest_->older;
    ::operator delete(newest_);
    newest_ = older;
  }
  next_ = end_ = block_end_ = nullptr;
  capacity_ = 0;
}

}  // namespace ipmpsc::view
