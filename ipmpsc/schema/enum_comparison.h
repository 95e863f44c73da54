// EnumComparison: the enums of two schemas.
#ifndef IPMPSC_SCHEMA_ENUM_COMPARISON_H_
#define IPMPSC_SCHEMA_ENUM_COMPARISON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "ipmpsc/schema/descriptor_view.h"
#include "ipmpsc/schema/findings.h"
#include "ipmpsc/schema/schema_differences.h"

namespace ipmpsc::schema {

// One enum, "camera.Format".
class EnumComparison {
 public:
  // REQUIRES: `ours` and `theirs` outlive it.
  EnumComparison(std::string name, const EnumView& ours, const EnumView& theirs);

  // Finds values that have another name or another number, or are on one side only. If the reader's
  // enum is closed, it must list every value that the writer has.
  void Compare(End end, bool reader_is_closed, SchemaFindings* findings) const;

 private:
  // The values of an enum, including aliases.
  struct Values {
    explicit Values(const EnumView& enum_type);
    // Null if there is none. Returns the first by name if there are several.
    const EnumValueView* Find(int32_t number) const;
    const EnumValueView* Find(absl::string_view name) const;

    std::vector<const EnumValueView*> by_number;
    std::vector<const EnumValueView*> by_name;
  };

  void CompareNames(SchemaFindings* findings) const;

  std::string name_;
  Values ours_;
  Values theirs_;
};

}  // namespace ipmpsc::schema

#endif  // IPMPSC_SCHEMA_ENUM_COMPARISON_H_
