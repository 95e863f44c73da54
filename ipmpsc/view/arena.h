// Arena: memory for the parts of a view beside the record (sub-messages, arrays). It is freed all
// at once and reused.
//
//   ipmpsc::view::Arena arena;
//   const FrameView* frame = FrameView::Parse(bytes, &arena);
//   ...
//   arena.Reset();   // `frame` is gone; the memory stays for the next message
//
// After the first few messages of a kind, parsing another one of at most their size allocates
// nothing. A message takes no more than its `MemoryLimit`, whatever its bytes are. Memory that 64
// messages in a row do not need goes back to the system. The arena runs no destructors.
#ifndef IPMPSC_VIEW_ARENA_H_
#define IPMPSC_VIEW_ARENA_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace ipmpsc::view {

// The bound on the bytes for the views of one message: `per_byte` for each byte on the wire, plus
// `base`. A message that needs more is malformed.
//
// A peer's bytes can multiply memory: an empty message is 2 bytes on the wire, but its view may
// take hundreds. Views of real messages take up to 8 times the wire (docs/codegen.md). The defaults
// leave room for messages with few fields set.
struct MemoryLimit {
  static constexpr size_t kDefaultPerByte = 32;
  static constexpr size_t kDefaultBase = size_t{1} << 20;

  size_t per_byte = kDefaultPerByte;
  size_t base = kDefaultBase;

  // For messages from senders that are as trustworthy as the program itself.
  static constexpr MemoryLimit None() { return {0, std::numeric_limits<size_t>::max()}; }

  // Returns the bound for a message of `wire_size` bytes.
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

  // The limit of messages that are parsed from now on.
  const MemoryLimit& limit() const { return limit_; }
  void set_limit(const MemoryLimit& limit) { limit_ = limit; }

  // Returns `size` bytes, not zeroed, aligned to `kAlignment`. Null if the system has no memory, or
  // if the message that is being parsed has reached its limit.
  void* Allocate(size_t size) {
    size = RoundUp(size);
    if (size > static_cast<size_t>(end_ - next_)) return AllocateSlow(size);
    char* const result = next_;
    next_ += size;
    return result;
  }

  // Enlarges the allocation at `old` from `old_size` to `new_size` bytes and returns its place. If
  // it has to move, copies the first `used` bytes. Returns null and changes nothing if `Allocate`
  // would return null.
  void* Grow(void* old, size_t old_size, size_t used, size_t new_size);

  // Frees all allocations. Replaces several blocks by one of the same total size, or a smaller one
  // if many messages have not needed that much.
  void Reset();

  // Bytes taken from the system.
  size_t capacity() const { return capacity_; }

  // Why the last message could not be parsed. kNone if it was parsed or is malformed.
  Failure failure() const { return failure_; }

  // For the parser: until `EndBudget`, at most `bytes` are allocated.
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

  // Lets the fast path allocate as much of the newest block as the budget allows.
  void Grant() {
    const size_t granted = std::min(static_cast<size_t>(block_end_ - next_), budget_);
    end_ = next_ + granted;
    budget_ -= granted;
  }
  // Returns the unallocated bytes to the budget, until the next `Grant`.
  void Ungrant() {
    budget_ += static_cast<size_t>(end_ - next_);
    end_ = next_;
  }

  void* AllocateSlow(size_t size);
  bool AddBlock(size_t size);
  void FreeBlockOf(void* begin, size_t size);
  void FreeBlocks();

  char* next_ = nullptr;
  char* end_ = nullptr;  // the fast path allocates up to here; the budget excludes it
  char* block_end_ = nullptr;
  size_t budget_ = kUnlimited;
  Block* newest_ = nullptr;
  size_t capacity_ = 0;
  MemoryLimit limit_;
  size_t peak_ = 0;  // the most bytes in use since `resets_` was 0
  uint32_t resets_ = 0;
  Failure failure_ = Failure::kNone;
};

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_ARENA_H_
