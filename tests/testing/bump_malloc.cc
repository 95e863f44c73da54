// A malloc that makes no system calls once it has begun, in place of the C library's, for a C
// library that cannot be told to take memory by brk alone. It never reuses memory.
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>

namespace {

// Bytes of address space. Only what is used becomes memory.
constexpr size_t kRoom = size_t{4} << 30;
constexpr size_t kAlignment = 16;

struct Header {
  alignas(kAlignment) size_t size;
};

// Relaxed, all uses: each caller gets bytes of its own, and the first comes before other threads.
std::atomic<char*> next{nullptr};
std::atomic<char*> end{nullptr};

void Begin() {
  void* const room = mmap(nullptr, kRoom, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return;
  end.store(static_cast<char*>(room) + kRoom, std::memory_order_relaxed);
  next.store(static_cast<char*>(room), std::memory_order_relaxed);
}

void* Allocate(size_t size, size_t alignment) {
  if (next.load(std::memory_order_relaxed) == nullptr) Begin();
  alignment = std::max(alignment, kAlignment);
  // Room for the header in front of an aligned address.
  const size_t most = sizeof(Header) + alignment + size + kAlignment;
  char* const from = most > size && most < kRoom
                         ? next.fetch_add(most & ~(kAlignment - 1), std::memory_order_relaxed)
                         : nullptr;
  if (from == nullptr || from + most > end.load(std::memory_order_relaxed)) {
    errno = ENOMEM;
    return nullptr;
  }
  const uintptr_t after_header = reinterpret_cast<uintptr_t>(from) + sizeof(Header);
  char* const result = from + sizeof(Header) + (-after_header & (alignment - 1));
  reinterpret_cast<Header*>(result)[-1].size = size;
  return result;
}

}  // namespace

extern "C" {

void* malloc(size_t size) { return Allocate(size, kAlignment); }

void free(void*) {}

// New memory is zero.
void* calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) bytes = SIZE_MAX;
  return Allocate(bytes, kAlignment);
}

void* realloc(void* old, size_t size) {
  void* const result = Allocate(size, kAlignment);
  if (result != nullptr && old != nullptr) {
    memcpy(result, old, std::min(size, reinterpret_cast<Header*>(old)[-1].size));
  }
  return result;
}

void* aligned_alloc(size_t alignment, size_t size) { return Allocate(size, alignment); }

void* memalign(size_t alignment, size_t size) { return Allocate(size, alignment); }

int posix_memalign(void** result, size_t alignment, size_t size) {
  *result = Allocate(size, alignment);
  return *result == nullptr ? ENOMEM : 0;
}

size_t malloc_usable_size(void* memory) {
  return memory == nullptr ? 0 : reinterpret_cast<Header*>(memory)[-1].size;
}

}  // extern "C"
