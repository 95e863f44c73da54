// Findings: the counts of a sweep: kill points, progress of the dead processes, and faults.
#ifndef TESTS_PROCESS_SWEEP_FINDINGS_H_
#define TESTS_PROCESS_SWEEP_FINDINGS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace ipmpsc::testing {

enum class SweepFault {
  kLost,    // a committed message did not come, came twice, or at a wrong position
  kTorn,    // a message came with wrong bytes, or was never sent
  kHung,    // a survivor got an error or waited beyond all bounds
  kLeaked,  // a slot, space or a name was not available any more
};
inline constexpr int kFaultKinds = 4;

class Findings {
 public:
  // Sets the place that is reported with the next faults.
  void At(std::string where) { where_ = std::move(where); }

  void Count(SweepFault fault, absl::string_view what);
  // Counts one more death with its outcome.
  void CountDeath(absl::string_view outcome);
  // Adds the counts of another operation.
  void Add(const Findings& other);

  uint64_t deaths() const { return deaths_; }
  uint64_t faults() const;
  uint64_t faults(SweepFault fault) const { return faults_[static_cast<int>(fault)]; }
  // Returns "412 kill points: 61 before the claim, 212 claimed, 139 committed".
  std::string Outcomes() const;
  // Returns "412 kill points, 0 lost, 0 torn, 0 hung, 0 leaked".
  std::string Summary() const;

 private:
  std::string where_;
  uint64_t deaths_ = 0;
  uint64_t faults_[kFaultKinds] = {};
  std::vector<std::pair<std::string, uint64_t>> outcomes_;  // in order of first occurrence
};

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_FINDINGS_H_
