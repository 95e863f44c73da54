// Arena: memory for what a view needs beside the record (sub-messages, arrays), freed all at once
// and reused.
//
//   ipmpsc::view::Arena arena;
//   const FrameView* frame = FrameView::Parse(bytes, &arena);
//   ...
//   arena.Reset();   // `frame` is gone; the memory stays for the next message
//
// Promises: after the first few messages of a kind, parsing another one of at most their size
// allocates nothing. A message takes no more than its `MemoryLimit`, whatever its bytes say. Memory
// that 64 messages in a row do not need goes back to the system.
// Runs no destructors.
#ifndef IPMPSC_VIEW_ARENA_H_
#define IPMPSC_VIEW_ARENA_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace ipmpsc::view {

// How many bytes the views of one message may take: `per_byte` for each byte on the wire, and `base`
// above that. A message that needs more is malformed.
//
// The bytes of a peer multiply memory: an empty message is 2 bytes on the wire, and its view, whose
// class has hundreds of bytes, takes them all. Views of real messages take up to 8 times the wire
// (docs/codegen.md); the defaults leave room for messages most of whose fields are not set.
struct MemoryLimit {
  static constexpr size_t kDefaultPerByte = 32;
  static constexpr size_t kDefaultBase = size_t{1} << 20;

  size_t per_byte = kDefaultPerByte;
  size_t base = kDefaultBase;

  // For a message that was written by somebody as trustworthy as the program itself.
  static constexpr MemoryLimit None() { return {0, std::numeric_limits<size_t>::max()}; }

  // Of a message of `wire_size` bytes.
  constexpr size_t BytesFor(size_t wire_size) const {
    constexpr size_t kMax = std::numeric_limits<size_t>::max();
    if (per_byte != 0 && wire_size > kMax / per_byte) return kMax;
    const size_t bytes = per_byte * wire_size;
    return bytes > kMax - base ? kMax : bytes + base;
  }
};

// Thread-compatible.
class Arena {
 public:
  static constexpr size_t kAlignment = 8;

  // Why there was no memory.
  enum class Failure : uint8_t {
    kNone,
    kLimit,     // the message needs more than its limit
    kNoMemory,  // the system has none
  };

  Arena() = default;
  explicit Arena(const MemoryLimit& limit) : limit_(limit) {}
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Of the messages that are parsed from now on.
  const MemoryLimit& limit() const { return limit_; }
  void set_limit(const MemoryLimit& limit) { limit_ = limit; }

  // Returns `size` bytes, not zeroed, aligned to `kAlignment`. Null where the system has none, or
  // where the message that is being parsed has reached its limit.
  void* Allocate(size_t size) {
    size = RoundUp(size);
    if (size > static_cast<size_t>(end_ - next_)) return AllocateSlow(size);
    char* const result = next_;
    next_ += size;
    return result;
  }

  // Makes the `old_size` bytes at `old`, allocated here, `new_size` bytes long, which is more. Where
  // they cannot stay, the first `used` of them are copied to where they are from now on. Null, and
  // nothing is changed, as by `Allocate`.
  void* Grow(void* old, size_t old_size, size_t used, size_t new_size);

  // Takes back everything allocated. Several blocks become one that holds as much, or less where many
  // messages have not needed it.
  void Reset();

  // Bytes taken from the system.
  size_t capacity() const { return capacity_; }

  // Why the message that was parsed last could not be; kNone where it was, or is malformed.
  Failure failure() const { return failure_; }

  // For the parser: from here to `EndBudget`, at most `bytes` are handed out.
  void BeginBudget(size_t bytes) {
    failure_ = Failure::kNone;
    budget_ = std::min(bytes, kUnlimited);
    Grant();
  }
  void EndBudget() {
    budget_ = kUnlimited;
    Grant();
  }

 private:
  struct Block;

  static constexpr size_t kUnlimited = std::numeric_limits<size_t>::max() / 2;

  static size_t RoundUp(size_t size) { return (size + kAlignment - 1) & ~(kAlignment - 1); }

  // Lets the fast path hand out as much of the newest block as the budget allows.
  void Grant() {
    const size_t granted = std::min(static_cast<size_t>(block_end_ - next_), budget_);
    end_ = next_ + granted;
    budget_ -= granted;
  }
  // The budget has all that was not handed out, until the next `Grant`.
  void Ungrant() {
    budget_ += static_cast<size_t>(end_ - next_);
    end_ = next_;
  }

  void* AllocateSlow(size_t size);
  bool AddBlock(size_t size);
  void FreeBlockOf(void* begin, size_t size);
  void FreeBlocks();

  char* next_ = nullptr;
  char* end_ = nullptr;  // up to here the fast path hands out; the budget does not count that
  char* block_end_ = nullptr;
  size_t budget_ = kUnlimited;
  Block* newest_ = nullptr;
  size_t capacity_ = 0;
  MemoryLimit limit_;
  size_t peak_ = 0;  // of what was in use, since `resets_` was 0
  uint32_t resets_ = 0;
  Failure failure_ = Failure::kNone;
};

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_ARENA_H_
