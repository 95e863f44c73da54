#include "ipmpsc/view/arena.h"

#include <algorithm>
#include <cstddef>
#include <new>

namespace ipmpsc::view {

struct Arena::Block {
  Block* older;
  size_t size;  // of what follows this header
};

namespace {

constexpr size_t kFirstBlockSize = 1024;

}  // namespace

Arena::~Arena() { FreeBlocks(); }

bool Arena::Extend(void* old, size_t old_size, size_t new_size) {
  old_size = (old_size + kAlignment - 1) & ~(kAlignment - 1);
  new_size = (new_size + kAlignment - 1) & ~(kAlignment - 1);
  char* const begin = static_cast<char*>(old);
  if (begin + old_size != next_ || new_size > static_cast<size_t>(end_ - begin)) return false;
  next_ = begin + new_size;
  return true;
}

void Arena::Reset() {
  if (newest_ == nullptr) return;
  if (newest_->older != nullptr) {
    const size_t size = capacity_;
    FreeBlocks();
    AddBlock(size);
  }
  next_ = reinterpret_cast<char*>(newest_ + 1);
}

void* Arena::AllocateFromNewBlock(size_t size) {
  AddBlock(std::max({size, kFirstBlockSize, capacity_}));  // doubles what there is
  char* const result = next_;
  next_ += size;
  return result;
}

void Arena::AddBlock(size_t size) {
  static_assert(sizeof(Block) % kAlignment == 0);
  Block* const block = new (::operator new(sizeof(Block) + size)) Block{newest_, size};
  newest_ = block;
  capacity_ += size;
  next_ = reinterpret_cast<char*>(block + 1);
  end_ = next_ + size;
}

void Arena::FreeBlocks() {
  while (newest_ != nullptr) {
    Block* const older = newest_->older;
    ::operator delete(newest_);
    newest_ = older;
  }
  next_ = end_ = nullptr;
  capacity_ = 0;
}

}  // namespace ipmpsc::view
