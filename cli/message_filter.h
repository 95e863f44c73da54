// MessageFilter: a condition on a field of messages of one type: "price>100", "pose.x<=0.5",
// "labels.key=host", "text~error", "frame.pixels".
#ifndef IPMPSC_CLI_MESSAGE_FILTER_H_
#define IPMPSC_CLI_MESSAGE_FILTER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace ipmpsc::cli {

class MessageFilter {
 public:
  // Parses FIELD, or FIELD OP VALUE. FIELD is a path of names from `type` on. OP is one of
  // = != < <= > >= ~. Spaces around OP and quotation marks around VALUE are dropped.
  //
  // Errors: kInvalidArgument - no such field, or the operation or the value does not fit its type.
  static absl::StatusOr<MessageFilter> Parse(absl::string_view text,
                                             const google::protobuf::Descriptor* type);

  // Whether the condition holds. Of a list some item must match, also for !=. A field that is not
  // set has its default value. A message that is not set has no fields, so nothing matches.
  bool Matches(const google::protobuf::Message& message) const;

 private:
  enum class Operation {
    kIsSet,
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kContains
  };

  MessageFilter() = default;

  absl::Status SetValue(absl::string_view value);
  bool MatchesFrom(const google::protobuf::Message& message, size_t depth) const;
  // `index` is -1 for a field that is no list.
  bool MatchesValue(const google::protobuf::Message& message,
                    const google::protobuf::FieldDescriptor* field, int index) const;
  template <typename T>
  bool Compare(const T& left, const T& right) const;

  std::vector<const google::protobuf::FieldDescriptor*> path_;
  Operation operation_ = Operation::kIsSet;
  // The value, in the member for the field's type. Enums are by number.
  std::string text_;
  int64_t signed_ = 0;
  uint64_t unsigned_ = 0;
  double real_ = 0;
  bool bool_ = false;
};

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_MESSAGE_FILTER_H_
