#include "tests/process/sweep/findings.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"

namespace ipmpsc::testing {
namespace {

constexpr const char* kNames[kFaultKinds] = {"lost", "torn", "hung", "leaked"};

}  // namespace

void Findings::Count(SweepFault fault, absl::string_view what) {
  ++faults_[static_cast<int>(fault)];
  const std::string line =
      absl::StrCat(kNames[static_cast<int>(fault)], ": ", where_, ": ", what, "\n");
  std::fputs(line.c_str(), stderr);
}

void Findings::CountDeath(absl::string_view outcome) {
  ++deaths_;
  const auto found = std::find_if(outcomes_.begin(), outcomes_.end(),
                                  [&](const auto& known) { return known.first == outcome; });
  if (found == outcomes_.end()) {
    outcomes_.emplace_back(std::string(outcome), 1);
  } else {
    ++found->second;
  }
}

void Findings::Add(const Findings& other) {
  deaths_ += other.deaths_;
  for (int i = 0; i < kFaultKinds; ++i) faults_[i] += other.faults_[i];
}

uint64_t Findings::faults() const {
  uint64_t sum = 0;
  for (const uint64_t count : faults_) sum += count;
  return sum;
}

std::string Findings::Outcomes() const {
  std::string text = absl::StrCat(deaths_, " kill points");
  const char* separator = ": ";
  for (const auto& [outcome, count] : outcomes_) {
    absl::StrAppend(&text, separator, count, " ", outcome);
    separator = ", ";
  }
  return text;
}

std::string Findings::Summary() const {
  std::string text = absl::StrCat(deaths_, " kill points");
  for (int i = 0; i < kFaultKinds; ++i) absl::StrAppend(&text, ", ", faults_[i], " ", kNames[i]);
  return text;
}

}  // namespace ipmpsc::testing
