#include "ipmpsc/message/enum_comparison.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/message/descriptor_view.h"
#include "ipmpsc/message/findings.h"
#include "ipmpsc/message/schema_differences.h"

namespace ipmpsc::message {

EnumComparison::Values::Values(const EnumView& enum_type) {
  for (const EnumValueView& value : enum_type.value) {
    by_number.emplace_back(value.number, value.name);
    by_name.emplace(value.name, value.number);
  }
  absl::c_sort(by_number);
}

bool EnumComparison::Values::Has(int32_t number) const {
  const auto value = absl::c_lower_bound(by_number, Value(number, ""));
  return value != by_number.end() && value->first == number;
}

EnumComparison::EnumComparison(std::string name, const EnumView& ours, const EnumView& theirs)
    : name_(std::move(name)), ours_(ours), theirs_(theirs) {}

void EnumComparison::Compare(End end, bool reader_is_closed, SchemaFindings* findings) const {
  CompareNames(findings);
  for (const auto& [number, name] : ours_.by_number) {
    if (theirs_.Has(number)) continue;
    const std::string where = absl::StrCat(name_, ".", Shown(name));
    if (end == End::kSender && reader_is_closed) {
      findings->refusals.Add(where, number, " is not in the channel's schema, where it gets lost");
    } else {
      findings->differences.Add(where, number, " is not in the channel's schema");
    }
  }
  for (const auto& [number, name] : theirs_.by_number) {
    if (ours_.Has(number)) continue;
    const std::string where = absl::StrCat(name_, ".", Shown(name));
    if (end == End::kReceiver && reader_is_closed) {
      findings->refusals.Add(where, number, " is in the channel's schema only, and gets lost here");
    } else {
      findings->differences.Add(where, number, " is in the channel's schema only");
    }
  }
}

void EnumComparison::CompareNames(SchemaFindings* findings) const {
  for (const auto& [number, name] : ours_.by_number) {
    const std::string where = absl::StrCat(name_, ".", Shown(name));
    const auto same_name = theirs_.by_name.find(name);
    if (same_name != theirs_.by_name.end()) {
      if (same_name->second != number) {
        findings->refusals.Add(where, "is ", number, " here, ", same_name->second,
                               " in the channel");
      }
      continue;
    }
    const auto same_number = absl::c_lower_bound(theirs_.by_number, Value(number, ""));
    if (same_number == theirs_.by_number.end() || same_number->first != number) continue;
    findings->differences.Add(where, number, " is called ", Shown(same_number->second),
                              " in the channel");
  }
}

}  // namespace ipmpsc::message
