// Quantiles of times that one process measures and another one reads.
#ifndef IPMPSC_BENCHMARKS_MEASUREMENT_QUANTILES_H_
#define IPMPSC_BENCHMARKS_MEASUREMENT_QUANTILES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace ipmpsc::benchmarks {

struct Quantiles {
  double p50;
  double p99;
  double p999;
};

// Lies in `SharedMemory` and keeps the first `kMost` times.
class TimeLog {
 public:
  static constexpr size_t kMost = size_t{1} << 20;

  void Add(int64_t time) {
    if (count_ < kMost) times_[count_++] = time;
  }
  bool full() const { return count_ == kMost; }
  size_t count() const { return count_; }

  // Sorts the times. REQUIRES: count() > 0.
  Quantiles Compute() {
    std::sort(times_, times_ + count_);
    return {At(0.5), At(0.99), At(0.999)};
  }

 private:
  double At(double fraction) const {
    return static_cast<double>(
        times_[static_cast<size_t>(static_cast<double>(count_ - 1) * fraction)]);
  }

  size_t count_ = 0;
  int64_t times_[kMost];
};

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_QUANTILES_H_
