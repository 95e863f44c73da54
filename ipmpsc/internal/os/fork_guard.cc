#include "ipmpsc/internal/os/fork_guard.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <vector>

namespace ipmpsc::internal {
namespace {

class ForkRegistry {
 public:
  static ForkRegistry& Get() {
    // Never destroyed: handles may outlive every static object.
    static ForkRegistry* const registry = new ForkRegistry;
    return *registry;
  }

  const volatile uint64_t* generation_word() {
    // Zero only in a child whose fork handlers did not run. Nobody else runs there yet that could
    // hold the mutex, but a thread of the parent may have held it.
    if (*generation_ == 0 && mutex_.try_lock()) {
      AfterForkInChild();
    } else if (*generation_ == 0) {
      *generation_ = ++last_generation_;
    }
    return generation_;
  }

  // The mutex keeps forks out, since their first handler takes it.
  int Open(const char* path) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) fds_.push_back(fd);
    return fd;
  }

  void Close(int fd) {
    const std::lock_guard<std::mutex> lock(mutex_);
    fds_.erase(std::remove(fds_.begin(), fds_.end(), fd), fds_.end());
    close(fd);
  }

 private:
  ForkRegistry() {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    void* memory = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      generation_ = &fallback_;
    } else {
      // Where the kernel cannot do it, the fork handler alone must serve.
      madvise(memory, page, MADV_WIPEONFORK);
      generation_ = static_cast<volatile uint64_t*>(memory);
    }
    *generation_ = last_generation_;
    pthread_atfork([] { Get().mutex_.lock(); }, [] { Get().mutex_.unlock(); },
                   [] { Get().AfterForkInChild(); });
  }

  // REQUIRES: mutex_ is held; releases it.
  void AfterForkInChild() {
    for (const int fd : fds_) close(fd);
    fds_.clear();
    *generation_ = ++last_generation_;
    mutex_.unlock();
  }

  std::mutex mutex_;
  std::vector<int> fds_;
  uint64_t last_generation_ = 1;
  uint64_t fallback_ = 0;
  volatile uint64_t* generation_;
};

}  // namespace

ForkGuard::ForkGuard() : current_(ForkRegistry::Get().generation_word()), generation_(*current_) {}

int OpenClosedInForkedChild(const char* path) { return ForkRegistry::Get().Open(path); }

void CloseInParent(int fd) { ForkRegistry::Get().Close(fd); }

}  // namespace ipmpsc::internal
