#include "codegen/view_table.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codegen/message_plan.h"
#include "codegen/syntax.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/printer.h"
#include "ipmpsc/channel.pb.h"

namespace ipmpsc::codegen {

using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::io::Printer;

namespace {

// Returns the function of ipmpsc::view::Field that makes the field's entry.
std::string EntryKind(const MessagePlan& message, const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_INT32:
    case FieldDescriptor::TYPE_UINT32:
      return "Int32";
    case FieldDescriptor::TYPE_INT64:
    case FieldDescriptor::TYPE_UINT64:
      return "Int64";
    case FieldDescriptor::TYPE_SINT32:
      return "Sint32";
    case FieldDescriptor::TYPE_SINT64:
      return "Sint64";
    case FieldDescriptor::TYPE_BOOL:
      return message.is_map_entry ? "BoolOfMap" : "Bool";
    case FieldDescriptor::TYPE_ENUM:
      if (!IsClosedEnum(field)) return "Int32";
      return message.is_map_entry ? "ClosedEnumOfMap" : "ClosedEnum";
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
    case FieldDescriptor::TYPE_FLOAT:
      return "Fixed32";
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
    case FieldDescriptor::TYPE_DOUBLE:
      return "Fixed64";
    case FieldDescriptor::TYPE_BYTES:
      return "Bytes";
    case FieldDescriptor::TYPE_STRING:
      return MustBeUtf8(field) ? "String" : "Bytes";
    case FieldDescriptor::TYPE_MESSAGE:
      return field.is_map() ? "Map" : "Message";
    case FieldDescriptor::TYPE_GROUP:
      return "Group";
  }
  return "";
}

// Returns a comma and the argument that the entry refers to, or "".
std::string EntryReference(const MessagePlan& message, const FieldPlan& field) {
  if (IsMessage(*field.field)) return absl::StrFormat(", &%s::kTable_", field.type);
  if (!IsClosedEnum(*field.field)) return "";
  for (const EnumRanges& ranges : message.enum_ranges) {
    if (ranges.enum_type == field.field->enum_type()) return ", " + ranges.name;
  }
  return "";
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
  if (!plan.fields.empty()) {
    printer->Print("inline constexpr ::ipmpsc::wire::Field $view$::kFields_[] = {\n", "view",
                   plan.view);
    for (const FieldPlan& field : plan.fields) {
      printer->Print({{"kind", EntryKind(plan, *field.field)},
                      {"number", absl::StrCat(field.field->number())},
                      {"view", plan.view},
                      {"member", field.member},
                      {"reference", EntryReference(plan, field)},
                      {"modifier", EntryModifier(plan, field)}},
                     "    ::ipmpsc::wire::Field::$kind$($number$, offsetof($view$, "
                     "$member$)$reference$)$modifier$,\n");
    }
    printer->Print("};\n");
  }
  printer->Print("inline constexpr $view$ $view$::kEmpty_;\n", "view", plan.view);
  if (plan.fields.empty()) {
    printer->Print("inline constexpr ::ipmpsc::wire::MessageTable $view$::kTable_(&kEmpty_);\n\n",
                   "view", plan.view);
    return;
  }
  // A message that declares a channel is parsed often enough to be worth code of its own.
  const bool has_channel = plan.message->options().HasExtension(::ipmpsc::channel);
  printer->Print({{"view", plan.view},
                  {"required", absl::StrCat(plan.required_count)},
                  {"finish", plan.needs_finish ? "true" : "false"},
                  {"prefix", has_channel ? ",\n    &::ipmpsc::view::ParsePrefix<&kTable_>" : ""}},
                 "inline constexpr ::ipmpsc::wire::MessageTable $view$::kTable_(\n"
                 "    &kEmpty_, kFields_, /*required_count=*/$required$, "
                 "/*needs_finish=*/$finish$$prefix$);\n\n");
}

}  // namespace ipmpsc::codegen
