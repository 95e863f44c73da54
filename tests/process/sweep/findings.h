// Findings: what a sweep has counted: kill points, how the dead had got on, and what was wrong.
#ifndef TESTS_PROCESS_SWEEP_FINDINGS_H_
#define TESTS_PROCESS_SWEEP_FINDINGS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace ipmpsc::testing {

enum class Fault {
  kLost,    // a committed message did not come, or not once, or not in its place
  kTorn,    // a message came with other bytes than were sent, or without having been sent
  kHung,    // a survivor got an error, or had to wait beyond all bounds
  kLeaked,  // a slot, space or a name was not to be had any more
};
inline constexpr int kFaultKinds = 4;

class Findings {
 public:
  // Where the next faults are found: told with them.
  void At(std::string where) { where_ = std::move(where); }

  void Count(Fault fault, absl::string_view what);
  // One more death, with its outcome.
  void CountDeath(absl::string_view outcome);
  // Adds those of another operation.
  void Add(const Findings& other);

  uint64_t deaths() const { return deaths_; }
  uint64_t faults() const;
  uint64_t faults(Fault fault) const { return faults_[static_cast<int>(fault)]; }
  // "412 kill points: 61 before the claim, 212 claimed, 139 committed".
  std::string Outcomes() const;
  // "412 kill points, 0 lost, 0 torn, 0 hung, 0 leaked".
  std::string Summary() const;

 private:
  std::string where_;
  uint64_t deaths_ = 0;
  uint64_t faults_[kFaultKinds] = {};
  std::vector<std::pair<std::string, uint64_t>> outcomes_;  // in the order of their first
};

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_FINDINGS_H_
