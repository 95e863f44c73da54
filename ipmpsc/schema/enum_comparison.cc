#include "ipmpsc/schema/enum_comparison.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/schema/descriptor_view.h"
#include "ipmpsc/schema/findings.h"
#include "ipmpsc/schema/schema_differences.h"

namespace ipmpsc::schema {

EnumComparison::Values::Values(const EnumView& enum_type) {
  by_number.reserve(enum_type.value.size());
  for (const EnumValueView& value : enum_type.value) by_number.push_back(&value);
  by_name = by_number;
  absl::c_sort(by_number, [](auto* a, auto* b) {
    return std::tie(a->number, a->name) < std::tie(b->number, b->name);
  });
  absl::c_stable_sort(by_name, [](auto* a, auto* b) { return a->name < b->name; });
}

const EnumValueView* EnumComparison::Values::Find(int32_t number) const {
  const auto value = std::lower_bound(by_number.begin(), by_number.end(), number,
                                      [](auto* a, int32_t n) { return a->number < n; });
  return value != by_number.end() && (*value)->number == number ? *value : nullptr;
}

const EnumValueView* EnumComparison::Values::Find(absl::string_view name) const {
  const auto value = std::lower_bound(by_name.begin(), by_name.end(), name,
                                      [](auto* a, absl::string_view n) { return a->name < n; });
  return value != by_name.end() && (*value)->name == name ? *value : nullptr;
}

EnumComparison::EnumComparison(std::string name, const EnumView& ours, const EnumView& theirs)
    : name_(std::move(name)), ours_(ours), theirs_(theirs) {}

void EnumComparison::Compare(End end, bool reader_is_closed, SchemaFindings* findings) const {
  CompareNames(findings);
  const auto add = [this](Findings* list, const EnumValueView& value, absl::string_view what) {
    if (!list->IsNextListed()) return list->Count();
    list->Add(absl::StrCat(name_, ".", Printable(value.name)), value.number, what);
  };
  for (const EnumValueView* const value : ours_.by_number) {
    if (theirs_.Find(value->number) != nullptr) continue;
    if (end == End::kSender && reader_is_closed) {
      add(&findings->refusals, *value, " is not in the channel's schema, whose receivers lose it");
    } else {
      add(&findings->differences, *value, " is not in the channel's schema");
    }
  }
  for (const EnumValueView* const value : theirs_.by_number) {
    if (ours_.Find(value->number) != nullptr) continue;
    if (end == End::kReceiver && reader_is_closed) {
      add(&findings->refusals, *value,
          " is in the channel's schema only, and this receiver loses it");
    } else {
      add(&findings->differences, *value, " is in the channel's schema only");
    }
  }
}

void EnumComparison::CompareNames(SchemaFindings* findings) const {
  for (const EnumValueView* const value : ours_.by_number) {
    const std::string where = absl::StrCat(name_, ".", Printable(value->name));
    const EnumValueView* const same_name = theirs_.Find(value->name);
    if (same_name != nullptr) {
      if (same_name->number != value->number) {
        findings->refusals.Add(where, "is ", value->number, " here, ", same_name->number,
                               " in the channel");
      }
      continue;
    }
    const EnumValueView* const same_number = theirs_.Find(value->number);
    if (same_number == nullptr) continue;
    findings->differences.Add(where, value->number, " is called ", Printable(same_number->name),
                              " in the channel");
  }
}

}  // namespace ipmpsc::schema
