// Runs one measurement with a process for each role. The processes start together, each on its own
// processor if there are enough.
//
//   SharedMemory<Counters> counters;
//   absl::Status status = RunProcesses({{kSenderPlace, [&](StartLine& start) { ... }}, ...});
#ifndef IPMPSC_BENCHMARKS_MEASUREMENT_PROCESSES_H_
#define IPMPSC_BENCHMARKS_MEASUREMENT_PROCESSES_H_

#include <sched.h>
#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace ipmpsc::benchmarks {

// Returns nanoseconds of the monotonic clock, which all processes share.
int64_t Now();

// Returns the user and system time of this process in nanoseconds.
int64_t ProcessorTime();

// One `T`, zero-initialised, that this process shares with its forked children.
template <typename T>
class SharedMemory {
 public:
  SharedMemory() {
    void* const memory =
        mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    value_ = new (memory) T();
  }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory() { munmap(value_, sizeof(T)); }

  T* operator->() const { return value_; }
  T& operator*() const { return *value_; }

 private:
  T* value_;
};

// A barrier at which all processes wait until all have attached.
class StartLine {
 public:
  explicit StartLine(int runners) : runners_(runners) {}
  void Wait() {
    if (arrived_.fetch_add(1) + 1 == runners_) {
      open_.store(true);
      return;
    }
    while (!open_.load()) sched_yield();
  }

 private:
  const int runners_;
  std::atomic<int> arrived_{0};
  std::atomic<bool> open_{false};
};

// The processor of a role.
enum class Place {
  kReceiver,  // the last one
  kSender,    // the others, in turn
};

struct Role {
  Place place;
  std::function<absl::Status(StartLine& start)> run;
};

// Return the processors that this process may use, and the processor of a role. `number` counts the
// senders.
std::vector<int> Processors();
int ProcessorOf(Place place, int number);

// Forks a process for each role and waits for all. No process remains. Errors: that of the first
// failed role; kDeadlineExceeded - the processes did not end within `limit`.
absl::Status RunProcesses(const std::vector<Role>& roles, absl::Duration limit = absl::Seconds(30));

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_PROCESSES_H_
