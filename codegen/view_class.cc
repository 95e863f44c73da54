#include "codegen/view_class.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codegen/message_plan.h"
#include "codegen/names.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::io::Printer;
using Variables = std::map<std::string, std::string>;

namespace {

Variables VariablesOf(const MessagePlan& message, const FieldPlan& field) {
  const int has_bit = std::max(field.has_bit, 0);  // without one, nothing is printed of it
  return {
      {"view", message.view},
      {"name", field.accessor},
      {"member", field.member},
      {"type", field.type},
      {"default", field.default_value},
      {"size_name", field.accessor + "_size"},
      {"number", absl::StrCat(field.field->number())},
      {"proto_name", std::string(field.field->name())},
      {"constant", field.oneof_constant},
      {"case", field.oneof < 0 ? "" : message.oneofs[static_cast<size_t>(field.oneof)].member},
      {"has_word", absl::StrFormat("%s[%d]", message.has_bits_member, has_bit / 32)},
      {"has_mask", absl::StrFormat("0x%xu", 1u << (has_bit % 32))},
  };
}

std::string ContainerOf(const FieldPlan& field) {
  return absl::StrFormat("::ipmpsc::view::%s<%s>",
                         field.field->is_map() ? "MapView" : "RepeatedView", field.type);
}

void PrintHas(const MessagePlan& message, const FieldPlan& field, const Variables& variables,
              Printer* printer) {
  if (!field.field->has_presence() || message.is_map_entry) return;
  if (field.oneof >= 0) {
    printer->Print(variables, "bool has_$name$() const { return $case$ == $constant$; }\n");
  } else if (field.has_bit < 0) {  // a message
    printer->Print(variables, "bool has_$name$() const { return $member$ != nullptr; }\n");
  } else {
    printer->Print(variables,
                   "bool has_$name$() const { return ($has_word$ & $has_mask$) != 0; }\n");
  }
}

// Returns the body of the accessor of a singular message.
const char* MessageAccessorBody(const FieldPlan& field) {
  if (field.oneof >= 0)
    return " {\n  return $case$ == $constant$ ? *$member$ : $type$::kEmpty_;\n}\n";
  return " {\n  return $member$ != nullptr ? *$member$ : $type$::kEmpty_;\n}\n";
}

void PrintSingular(const FieldPlan& field, const Variables& variables, bool is_defined,
                   Printer* printer) {
  if (IsMessage(*field.field)) {
    printer->Print(variables, "const $type$& $name$() const");
    printer->Print(variables, is_defined ? MessageAccessorBody(field) : ";\n");
  } else if (field.oneof >= 0) {
    Variables with_default = variables;
    if (field.default_value.empty()) with_default["default"] = "::absl::string_view()";
    printer->Print(
        with_default,
        "$type$ $name$() const { return $case$ == $constant$ ? $member$ : $default$; }\n");
  } else {
    printer->Print(variables, "$type$ $name$() const { return $member$; }\n");
  }
}

void PrintRepeated(const MessagePlan& message, const FieldPlan& field, const Variables& variables,
                   bool is_defined, Printer* printer) {
  printer->Print(variables, "$container$ $name$() const { return $member$; }\n");
  if (!message.members.Contains(variables.at("size_name"))) {
    printer->Print(variables,
                   "int $size_name$() const { return static_cast<int>($member$.size()); }\n");
  }
  if (field.field->is_map()) return;
  if (IsMessage(*field.field)) {
    printer->Print(variables, "const $type$& $name$(int index) const");
    printer->Print(variables,
                   is_defined ? " { return $member$[static_cast<size_t>(index)]; }\n" : ";\n");
  } else {
    printer->Print(
        variables,
        "$type$ $name$(int index) const { return $member$[static_cast<size_t>(index)]; }\n");
  }
}

void PrintAccessors(const MessagePlan& message, const FieldPlan& field, bool is_defined,
                    Printer* printer) {
  Variables variables = VariablesOf(message, field);
  if (!message.is_map_entry) printer->Print(variables, "\n// $proto_name$ = $number$\n");
  PrintHas(message, field, variables, printer);
  if (field.field->is_repeated()) {
    variables["container"] = ContainerOf(field);
    PrintRepeated(message, field, variables, is_defined, printer);
  } else {
    PrintSingular(field, variables, is_defined, printer);
  }
}

void PrintOneof(const OneofPlan& oneof, const MessagePlan& message, Printer* printer) {
  const Variables variables = {{"type", oneof.case_type},
                               {"not_set", oneof.not_set},
                               {"name", oneof.accessor},
                               {"member", oneof.member}};
  printer->Print(variables, "\nenum $type$ : uint32_t {\n");
  for (const FieldPlan& field : message.fields) {
    if (field.field->real_containing_oneof() != oneof.oneof) continue;
    printer->Print("  $constant$ = $number$,\n", "constant", field.oneof_constant, "number",
                   absl::StrCat(field.field->number()));
  }
  printer->Print(variables,
                 "  $not_set$ = 0,\n"
                 "};\n"
                 "$type$ $name$() const { return $member$; }\n");
}

// Prints the view classes of nested messages under their names in the .proto file.
void PrintNestedNames(const MessagePlan& plan, Printer* printer) {
  for (const NestedPlan& nested : plan.nested) {
    const std::string alias = nested.name + "View";
    if (alias == plan.view) continue;
    printer->Print("using $alias$ = $view$;\n", "alias", alias, "view", nested.view);
  }
}

void PrintWholeMessage(const MessagePlan& plan, Printer* printer) {
  printer->Print(
      {{"view", plan.view}, {"message", plan.type}, {"wire", plan.wire_member}},
      "// Null where ParseFromArray of $message$ fails.\n"
      "// Lives as long as `wire`, until `arena` is reset.\n"
      "static const $view$* Parse(::absl::string_view wire, ::ipmpsc::view::Arena* arena) {\n"
      "  return static_cast<const $view$*>(::ipmpsc::view::Parse(kTable_, wire, arena));\n"
      "}\n"
      "// A copy; needs the .pb.h, as DebugString() does.\n"
      "template <typename Message = $message$>\n"
      "Message ToMessage() const { return ::ipmpsc::view::ToMessage<Message>($wire$); }\n"
      "template <typename Message = $message$>\n"
      "::std::string DebugString() const { return ToMessage<Message>().DebugString(); }\n"
      "// The bytes that it was parsed from, unknown fields included.\n"
      "::absl::string_view Bytes() const { return $wire$; }\n");
}

// Returns the size of a member in bytes. Larger members come first, which avoids padding.
int SizeOf(const FieldDescriptor& field) {
  if (field.is_repeated() || field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) return 16;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return 1;
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return 8;
    default:
      return 4;
  }
}

void PrintMembers(const MessagePlan& plan, Printer* printer) {
  printer->Print("::absl::string_view $wire$;\n", "wire", plan.wire_member);
  if (plan.has_bit_count > 0) {
    printer->Print("uint32_t $has_bits$[$words$] = {};\n", "has_bits", plan.has_bits_member,
                   "words", absl::StrCat((plan.has_bit_count + 31) / 32));
  }
  std::vector<const FieldPlan*> by_size;
  for (const FieldPlan& field : plan.fields) by_size.push_back(&field);
  std::stable_sort(by_size.begin(), by_size.end(), [](const FieldPlan* a, const FieldPlan* b) {
    return SizeOf(*a->field) > SizeOf(*b->field);
  });
  for (const OneofPlan& oneof : plan.oneofs) {
    printer->Print("$type$ $member$ = $not_set$;\n", "type", oneof.case_type, "member",
                   oneof.member, "not_set", oneof.not_set);
  }
  for (const FieldPlan* field : by_size) {
    Variables variables = VariablesOf(plan, *field);
    if (field->field->is_repeated()) {
      variables["container"] = ContainerOf(*field);
      printer->Print(variables, "$container$ $member$;\n");
    } else if (IsMessage(*field->field)) {
      printer->Print(variables, "const $type$* $member$ = nullptr;\n");
    } else if (field->default_value.empty()) {
      printer->Print(variables, "$type$ $member$;\n");
    } else {
      printer->Print(variables, "$type$ $member$ = $default$;\n");
    }
  }
}

void PrintEnumRanges(const MessagePlan& plan, Printer* printer) {
  for (const EnumRanges& ranges : plan.enum_ranges) {
    printer->Print("static constexpr ::ipmpsc::wire::EnumRange $name$[] = {", "name", ranges.name);
    const char* separator = "";
    for (const EnumRun& run : RunsOf(*ranges.enum_type)) {
      printer->Print("$separator${$first$, $last$}", "separator", separator, "first",
                     EnumNumber(run.first), "last", EnumNumber(run.last));
      separator = ", ";
    }
    printer->Print("};\n");
  }
}

void PrintFieldsDeclaration(const MessagePlan& plan, Printer* printer) {
  if (!plan.fields.empty()) {
    printer->Print("static const ::ipmpsc::wire::Field kFields_[$count$];\n", "count",
                   absl::StrCat(plan.fields.size()));
  }
}

}  // namespace

void PrintViewClass(const MessagePlan& plan, const std::set<const Descriptor*>& defined,
                    Printer* printer, std::vector<DeferredAccessor>* deferred) {
  const bool is_entry = plan.is_map_entry;
  printer->Print(is_entry ? "// An entry of a map: $message$\nclass $view$ {\n public:\n"
                          : "// $message$\nclass $view$ {\n public:\n",
                 "message", plan.message->full_name(), "view", plan.view);
  printer->Indent();
  if (!is_entry) PrintWholeMessage(plan, printer);
  PrintNestedNames(plan, printer);
  for (const OneofPlan& oneof : plan.oneofs) PrintOneof(oneof, plan, printer);
  for (const FieldPlan& field : plan.fields) {
    const Descriptor* const type = field.field->message_type();
    const bool is_defined = type == nullptr || type == plan.message ||
                            type->file() != plan.message->file() || defined.count(type) != 0 ||
                            field.field->is_map();
    PrintAccessors(plan, field, is_defined, printer);
    if (!is_defined) deferred->push_back({&plan, &field});
  }
  printer->Print(
      "\n// For the parser.\n"
      "static const ::ipmpsc::wire::MessageTable kTable_;\n"
      "static const $view$ kEmpty_;\n",
      "view", plan.view);
  PrintEnumRanges(plan, printer);
  printer->Outdent();
  printer->Print("\n private:\n");
  printer->Indent();
  PrintFieldsDeclaration(plan, printer);
  PrintMembers(plan, printer);
  printer->Outdent();
  printer->Print("};\n\n");
}

void PrintDeferredAccessor(const DeferredAccessor& accessor, Printer* printer) {
  const Variables variables = VariablesOf(*accessor.message, *accessor.field);
  if (accessor.field->field->is_repeated()) {
    printer->Print(variables,
                   "inline const $type$& $view$::$name$(int index) const {\n"
                   "  return $member$[static_cast<size_t>(index)];\n"
                   "}\n");
  } else {
    printer->Print(variables, "inline const $type$& $view$::$name$() const");
    printer->Print(variables, MessageAccessorBody(*accessor.field));
  }
}

}  // namespace ipmpsc::codegen
