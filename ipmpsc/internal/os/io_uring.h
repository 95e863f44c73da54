// IoUring: an io_uring of the kernel, with what is needed to sleep on words.
//
// The constants of Linux 6.7 are not in the headers of every system that the library is built on,
// so they are here, with the system calls.
#ifndef IPMPSC_INTERNAL_OS_IO_URING_H_
#define IPMPSC_INTERNAL_OS_IO_URING_H_

#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "ipmpsc/internal/os/unique_fd.h"

namespace ipmpsc::internal {

// `struct io_uring_sqe` of the kernel: a request.
struct UringRequest {
  uint8_t opcode;
  uint8_t flags;
  uint16_t ioprio;
  int32_t fd;
  uint64_t offset;
  uint64_t address;
  uint32_t length;
  uint32_t operation_flags;
  uint64_t user_data;
  uint64_t reserved;
  uint64_t third_address;
  uint64_t padding;
};
static_assert(sizeof(UringRequest) == 64);

// `struct io_uring_cqe` of the kernel: the completion of a request.
struct UringCompletion {
  uint64_t user_data;
  int32_t result;
  uint32_t flags;
};
static_assert(sizeof(UringCompletion) == 16);

class IoUring {
 public:
  IoUring() = default;
  IoUring(const IoUring&) = delete;
  IoUring& operator=(const IoUring&) = delete;
  ~IoUring();

  // Makes a ring that belongs to this thread. Returns 0 or an errno.
  int Open(uint32_t requests, uint32_t completions);
  bool valid() const { return file_.valid(); }
  void Close();
  // As `Close`, but leaves the descriptor alone: it is not the ring's any more.
  void Forget();

  // Completions signal `event_fd` from now on. Returns 0 or an errno.
  int RegisterEvent(int event_fd);

  // Returns the next request to fill, zeroed, or nullptr: the queue is full until `Enter`.
  UringRequest* NextRequest();
  // The requests that no `Enter` has handed to the kernel yet.
  uint32_t pending() const { return pending_; }

  // Whether the kernel has completions that only `Enter` with `get` makes visible.
  bool HasHiddenCompletions() const;
  // Calls `handler` for each visible completion.
  void ForEachCompletion(absl::FunctionRef<void(const UringCompletion&)> handler);

  // Hands all requests to the kernel. `get`: makes completions visible. `wait`: sleeps until there
  // is one, at most `timeout` nanoseconds. Returns 0 or an errno: EEXIST in another thread than
  // that of `Open`, ETIME after the timeout.
  int Enter(bool get, bool wait, int64_t timeout);

 private:
  template <typename T>
  T* At(void* base, uint32_t offset) const {
    return reinterpret_cast<T*>(static_cast<char*>(base) + offset);
  }

  UniqueFd file_;
  void* rings_ = nullptr;
  size_t rings_size_ = 0;
  UringRequest* requests_ = nullptr;
  size_t requests_size_ = 0;
  uint32_t request_mask_ = 0;
  uint32_t completion_mask_ = 0;
  uint32_t* request_head_ = nullptr;
  uint32_t* request_tail_ = nullptr;
  uint32_t* request_flags_ = nullptr;
  uint32_t* completion_head_ = nullptr;
  uint32_t* completion_tail_ = nullptr;
  const UringCompletion* completions_ = nullptr;
  uint32_t pending_ = 0;
};

// Operations.
inline constexpr uint8_t kUringPollAdd = 6;
inline constexpr uint8_t kUringTimeout = 11;
inline constexpr uint8_t kUringTimeoutRemove = 12;
inline constexpr uint8_t kUringAsyncCancel = 14;
inline constexpr uint8_t kUringFutexWait = 51;
// Flags of requests and operations.
inline constexpr uint8_t kUringSkipSuccess = 1 << 6;
inline constexpr uint32_t kUringTimeoutAbsolute = 1 << 0;

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_IO_URING_H_
