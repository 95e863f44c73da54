// EnumComparison: the enums of two schemas.
#ifndef IPMPSC_MESSAGE_ENUM_COMPARISON_H_
#define IPMPSC_MESSAGE_ENUM_COMPARISON_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/message/descriptor_view.h"
#include "ipmpsc/message/findings.h"
#include "ipmpsc/message/schema_differences.h"

namespace ipmpsc::message {

// One enum, "camera.Format".
class EnumComparison {
 public:
  // REQUIRES: `ours` and `theirs` outlive it.
  EnumComparison(std::string name, const EnumView& ours, const EnumView& theirs);

  // What is called otherwise, has another number, or is on one side only. Where the reader's enum
  // is closed, all that is written must be listed there.
  void Compare(End end, bool reader_is_closed, SchemaFindings* findings) const;

 private:
  using Value = std::pair<int32_t, absl::string_view>;

  // The values of an enum, an alias for one included.
  struct Values {
    explicit Values(const EnumView& enum_type);
    bool Has(int32_t number) const;

    std::vector<Value> by_number;
    absl::flat_hash_map<absl::string_view, int32_t> by_name;
  };

  void CompareNames(SchemaFindings* findings) const;

  std::string name_;
  Values ours_;
  Values theirs_;
};

}  // namespace ipmpsc::message

#endif  // IPMPSC_MESSAGE_ENUM_COMPARISON_H_
