#include "codegen/view_table.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codegen/message_plan.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/printer.h"
#include "ipmpsc/channel.pb.h"

namespace ipmpsc::codegen {

using google::protobuf::io::Printer;

namespace {

// Returns a comma and the argument that the entry refers to, or "".
std::string EntryReference(const FieldPlan& field) {
  if (field.is_message()) {
    return absl::StrFormat(", &::ipmpsc::view::ViewAccess::Table<%s>()", field.type);
  }
  return field.ranges.empty() ? "" : ", " + field.ranges;
}

std::string EntryModifier(const MessagePlan& message, const FieldPlan& field) {
  if (field.field->is_map()) return "";
  if (field.field->is_repeated()) return ".Repeated()";
  if (field.oneof >= 0) {
    return absl::StrFormat(".Oneof(offsetof(%s, %s))", message.view,
                           message.oneofs[static_cast<size_t>(field.oneof)].member);
  }
  return field.has_bit >= 0 ? absl::StrFormat(".HasBit(%d)", field.has_bit) : "";
}

}  // namespace

void PrintViewTable(const MessagePlan& plan, Printer* printer) {
  // A message that declares a channel is parsed often enough to be worth code of its own.
  const bool has_channel = plan.message->options().HasExtension(::ipmpsc::channel);
  const std::map<std::string, std::string> variables = {
      {"view", plan.view},
      {"required", absl::StrCat(plan.required_count)},
      {"finish", plan.needs_finish ? "true" : "false"},
      {"prefix", has_channel ? ",\n    &::ipmpsc::view::ParsePrefix<&kTable_>" : ""}};
  if (plan.fields.empty()) {
    printer->Print(variables, R"(inline constexpr $view$ $view$::kEmpty_;
inline constexpr ::ipmpsc::wire::MessageTable $view$::kTable_(&kEmpty_);

)");
    return;
  }
  printer->Print(variables, "inline constexpr ::ipmpsc::wire::Field $view$::kFields_[] = {\n");
  for (const FieldPlan& field : plan.fields) {
    printer->Print({{"kind", plan.is_map_entry ? field.kind->map_entry : field.kind->entry},
                    {"number", absl::StrCat(field.field->number())},
                    {"offset", absl::StrFormat("offsetof(%s, %s)", plan.view, field.member)},
                    {"reference", EntryReference(field)},
                    {"modifier", EntryModifier(plan, field)}},
                   R"(    ::ipmpsc::wire::Field::$kind$($number$, $offset$$reference$)$modifier$,
)");
  }
  printer->Print(variables, R"(};
inline constexpr $view$ $view$::kEmpty_;
inline constexpr ::ipmpsc::wire::MessageTable $view$::kTable_(
    &kEmpty_, kFields_, /*required_count=*/$required$, /*needs_finish=*/$finish$$prefix$);

)");
}

}  // namespace ipmpsc::codegen
