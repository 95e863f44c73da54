// Runs one measurement: a process for each role, started together, each on a processor of its own
// where there are enough.
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

// Nanoseconds of the monotonic clock, which all processes share.
int64_t Now();

// The processor time that this process has used, user and system, in nanoseconds.
int64_t ProcessorTime();

// One `T`, zero at first, that this process and those it forks share.
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

// Where all wait for each other, once all have attached.
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

// On which processor a role runs.
enum class Place {
  kReceiver,  // the last one
  kSender,    // the others, in turn
};

struct Role {
  Place place;
  std::function<absl::Status(StartLine& start)> run;
};

// Which processors this process may use, and the one that a role gets: `number` counts the senders.
std::vector<int> Processors();
int ProcessorOf(Place place, int number);

// Forks a process for each role and waits for all. Errors: that of the first role which failed;
// kDeadlineExceeded - they did not end within `limit`. No process is left.
absl::Status RunProcesses(const std::vector<Role>& roles, absl::Duration limit = absl::Seconds(30));

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_PROCESSES_H_
