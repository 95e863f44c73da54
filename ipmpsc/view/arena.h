// Arena: memory for what a view needs beside the record (sub-messages, arrays), freed all at once
// and reused.
//
//   ipmpsc::view::Arena arena;
//   const FrameView* frame = FrameView::Parse(bytes, &arena);
//   ...
//   arena.Reset();   // `frame` is gone; the memory stays for the next message
//
// What it promises: after the first few messages of a kind, parsing another one of at most their
// size allocates nothing. What it does not: destructors are not run, and the memory of the largest
// message stays until the arena goes.
#ifndef IPMPSC_VIEW_ARENA_H_
#define IPMPSC_VIEW_ARENA_H_

#include <cstddef>

namespace ipmpsc::view {

// Thread-compatible.
class Arena {
 public:
  static constexpr size_t kAlignment = 8;

  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Returns `size` bytes, not zeroed, aligned to `kAlignment`.
  void* Allocate(size_t size) {
    size = (size + kAlignment - 1) & ~(kAlignment - 1);
    if (size > static_cast<size_t>(end_ - next_)) return AllocateFromNewBlock(size);
    char* const result = next_;
    next_ += size;
    return result;
  }

  // Makes `old_size` bytes at `old`, allocated here, `new_size` bytes long without moving them, if
  // they are the newest and there is space.
  bool Extend(void* old, size_t old_size, size_t new_size);

  // Takes back everything allocated. What was several blocks becomes one that holds as much.
  void Reset();

  // Bytes taken from the system.
  size_t capacity() const { return capacity_; }

 private:
  struct Block;

  void* AllocateFromNewBlock(size_t size);
  void AddBlock(size_t size);
  void FreeBlocks();

  char* next_ = nullptr;
  char* end_ = nullptr;
  Block* newest_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_ARENA_H_
