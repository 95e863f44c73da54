#include "codegen/view_class.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "codegen/comments.h"
#include "codegen/layout.h"
#include "codegen/literals.h"
#include "codegen/message_plan.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

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
      {"container", field.container},
      {"default", field.default_value.empty() ? "::absl::string_view()" : field.default_value},
      {"number", absl::StrCat(field.field->number())},
      {"deprecated", field.field->options().deprecated() ? "[[deprecated]] " : ""},
      {"constant", field.oneof_constant},
      {"case", field.oneof < 0 ? "" : message.oneofs[static_cast<size_t>(field.oneof)].member},
      {"has_word", absl::StrFormat("%s[%d]", message.has_bits_member, has_bit / 32)},
      {"has_mask", absl::StrFormat("0x%xu", 1u << (has_bit % 32))},
  };
}

// Returns the function that tells whether a field with presence is set.
const char* HasFunction(const FieldPlan& field) {
  if (field.oneof >= 0)
    return "$deprecated$bool has_$name$() const { return $case$ == $constant$; }\n";
  if (field.has_bit < 0)
    return "$deprecated$bool has_$name$() const { return $member$ != nullptr; }\n";
  return "$deprecated$bool has_$name$() const { return ($has_word$ & $has_mask$) != 0; }\n";
}

// Returns the body of the accessor that returns a view of another message.
const char* MessageBody(const FieldPlan& field) {
  if (field.field->is_repeated()) return "{ return $member$[static_cast<size_t>(index)]; }\n";
  return field.oneof >= 0
             ? "{ return ::ipmpsc::view::ViewAccess::OrEmpty($member$, $case$ == $constant$); }\n"
             : "{ return ::ipmpsc::view::ViewAccess::OrEmpty($member$); }\n";
}

// Returns the parameters of that accessor.
const char* MessageParameters(const FieldPlan& field) {
  return field.field->is_repeated() ? "int index" : "";
}

bool IsDefinedLater(const FieldPlan& field) { return field.is_deferred && !field.field->is_map(); }

void PrintMessageAccessor(const FieldPlan& field, Variables variables, Printer* printer) {
  variables["parameters"] = MessageParameters(field);
  printer->Print(variables, "$deprecated$const $type$& $name$($parameters$) const");
  if (IsDefinedLater(field)) {
    printer->Print(";\n");
  } else {
    printer->Print(" ");
    printer->Print(variables, MessageBody(field));
  }
}

void PrintSingular(const FieldPlan& field, const Variables& variables, Printer* printer) {
  if (field.is_message()) {
    PrintMessageAccessor(field, variables, printer);
  } else if (field.oneof >= 0) {
    printer->Print(variables, R"($deprecated$$type$ $name$() const {
  return $case$ == $constant$ ? $member$ : $default$;
}
)");
  } else {
    printer->Print(variables, R"($deprecated$$type$ $name$() const { return $member$; }
)");
  }
}

void PrintRepeated(const MessagePlan& message, const FieldPlan& field, const Variables& variables,
                   Printer* printer) {
  printer->Print(variables, R"($deprecated$$container$ $name$() const { return $member$; }
)");
  if (!message.members.Contains(field.accessor + "_size")) {
    PrintDocumentation(absl::StrCat("Returns the size of ", field.declaration, "."),
                       kMemberIndentation, printer);
    printer->Print(variables, R"($deprecated$int $name$_size() const {
  return static_cast<int>($member$.size());
}
)");
  }
  if (field.field->is_map()) return;
  PrintDocumentation(absl::StrCat("Returns element `index` of ", field.declaration, "."),
                     kMemberIndentation, printer);
  if (field.is_message()) {
    PrintMessageAccessor(field, variables, printer);
  } else {
    printer->Print(variables, R"($deprecated$$type$ $name$(int index) const {
  return $member$[static_cast<size_t>(index)];
}
)");
  }
}

void PrintAccessors(const MessagePlan& message, const FieldPlan& field, Printer* printer) {
  const Variables variables = VariablesOf(message, field);
  if (!message.is_map_entry) printer->Print("\n");
  PrintDocumentation(absl::StrCat(field.comment, "\n\n", field.declaration), kMemberIndentation,
                     printer);
  if (field.field->is_repeated()) {
    PrintRepeated(message, field, variables, printer);
  } else {
    PrintSingular(field, variables, printer);
  }
  if (field.field->has_presence() && !message.is_map_entry) {
    PrintDocumentation(absl::StrCat("Returns whether ", field.declaration, " is set."),
                       kMemberIndentation, printer);
    printer->Print(variables, HasFunction(field));
  }
}

void PrintOneof(const OneofPlan& oneof, const MessagePlan& message, Printer* printer) {
  const Variables variables = {{"type", oneof.case_type},
                               {"not_set", oneof.not_set},
                               {"name", oneof.accessor},
                               {"member", oneof.member}};
  printer->Print("\n");
  PrintDocumentation(absl::StrFormat("The members of oneof `%s`.\n\n%s", oneof.oneof->name(),
                                     CommentOf(*oneof.oneof)),
                     kMemberIndentation, printer);
  printer->Print(variables, "enum $type$ : uint32_t {\n");
  for (const FieldPlan& field : message.fields) {
    if (field.field->real_containing_oneof() != oneof.oneof) continue;
    printer->Print("  $constant$ = $number$,\n", "constant", field.oneof_constant, "number",
                   absl::StrCat(field.field->number()));
  }
  printer->Print(variables, R"(  $not_set$ = 0,
};
)");
  PrintDocumentation(
      absl::StrFormat("Returns the member of oneof `%s` that is set.", oneof.oneof->name()),
      kMemberIndentation, printer);
  printer->Print(variables, R"($type$ $name$() const { return $member$; }
)");
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
  const Variables variables = {
      {"view", plan.view}, {"message", plan.type}, {"wire", plan.wire_member}};
  PrintDocumentation(
      "Returns the view of `wire`, or null if that is malformed or `arena` has no memory for it. "
      "Valid as long as `wire`, until `arena` is reset.",
      kMemberIndentation, printer);
  printer->Print(
      variables,
      R"(static const $view$* Parse(::absl::string_view wire, ::ipmpsc::view::Arena* arena) {
  return static_cast<const $view$*>(::ipmpsc::view::Parse(kTable_, wire, arena));
}
/// Returns a copy as protobuf's class. Callers include the .pb.h.
template <typename Message = $message$>
Message ToMessage() const { return ::ipmpsc::view::ToMessage<Message>($wire$); }
/// Returns the text that protobuf prints. Callers include the .pb.h.
template <typename Message = $message$>
::std::string DebugString() const { return ToMessage<Message>().DebugString(); }
/// Returns the bytes that were parsed, unknown fields included.
::absl::string_view Bytes() const { return $wire$; }
)");
}

// Returns the size of a member in bytes.
int SizeOf(const FieldPlan& field) { return field.field->is_repeated() ? 16 : field.kind->size; }

// Returns the declaration of the field's member.
const char* Member(const FieldPlan& field) {
  if (field.field->is_repeated()) return "$container$ $member$;\n";
  if (field.is_message()) return "const $type$* $member$ = nullptr;\n";
  return field.default_value.empty() ? "$type$ $member$;\n" : "$type$ $member$ = $default$;\n";
}

void PrintMembers(const MessagePlan& plan, Printer* printer) {
  printer->Print("::absl::string_view $wire$;\n", "wire", plan.wire_member);
  if (plan.has_bit_count > 0) {
    printer->Print("uint32_t $has_bits$[$words$] = {};\n", "has_bits", plan.has_bits_member,
                   "words", absl::StrCat((plan.has_bit_count + 31) / 32));
  }
  for (const OneofPlan& oneof : plan.oneofs) {
    printer->Print("$type$ $member$ = $not_set$;\n", "type", oneof.case_type, "member",
                   oneof.member, "not_set", oneof.not_set);
  }
  // Larger members come first, which avoids padding.
  std::vector<const FieldPlan*> by_size;
  for (const FieldPlan& field : plan.fields) by_size.push_back(&field);
  std::stable_sort(by_size.begin(), by_size.end(),
                   [](const FieldPlan* a, const FieldPlan* b) { return SizeOf(*a) > SizeOf(*b); });
  for (const FieldPlan* field : by_size) printer->Print(VariablesOf(plan, *field), Member(*field));
}

void PrintEnumRanges(const MessagePlan& plan, Printer* printer) {
  for (const EnumRanges& ranges : plan.enum_ranges) {
    std::vector<std::string> runs;
    for (const EnumRun& run : RunsOf(*ranges.enum_type)) {
      runs.push_back(absl::StrFormat("{%s, %s}", Literal(run.first), Literal(run.last)));
    }
    printer->Print("static constexpr ::ipmpsc::wire::EnumRange $name$[] = {$runs$};\n", "name",
                   ranges.name, "runs", absl::StrJoin(runs, ", "));
  }
}

void PrintFieldsDeclaration(const MessagePlan& plan, Printer* printer) {
  if (!plan.fields.empty()) {
    printer->Print("static const ::ipmpsc::wire::Field kFields_[$count$];\n", "count",
                   absl::StrCat(plan.fields.size()));
  }
}

}  // namespace

void PrintViewClass(const MessagePlan& plan, Printer* printer) {
  const Variables variables = {{"view", plan.view}, {"writer", plan.writer}};
  PrintDocumentation(plan.is_map_entry
                         ? absl::StrFormat("An entry of map `%s`.", plan.message->full_name())
                         : absl::StrFormat("The view of message `%s`.\n\n%s",
                                           plan.message->full_name(), CommentOf(*plan.message)),
                     0, printer);
  printer->Print(variables, R"(class $view$ {
 public:
)");
  printer->Indent();
  if (!plan.is_map_entry) PrintWholeMessage(plan, printer);
  PrintNestedNames(plan, printer);
  for (const OneofPlan& oneof : plan.oneofs) PrintOneof(oneof, plan, printer);
  for (const FieldPlan& field : plan.fields) PrintAccessors(plan, field, printer);
  printer->Outdent();
  printer->Print("\n private:\n");
  printer->Indent();
  printer->Print(variables, R"(friend class $writer$;
friend struct ::ipmpsc::view::ViewAccess;

static const ::ipmpsc::wire::MessageTable kTable_;
static const $view$ kEmpty_;
)");
  PrintFieldsDeclaration(plan, printer);
  PrintEnumRanges(plan, printer);
  printer->Print("\n");
  PrintMembers(plan, printer);
  printer->Outdent();
  printer->Print("};\n\n");
}

void PrintDeferredAccessors(const MessagePlan& plan, Printer* printer) {
  for (const FieldPlan& field : plan.fields) {
    if (!IsDefinedLater(field)) continue;
    Variables variables = VariablesOf(plan, field);
    variables["parameters"] = MessageParameters(field);
    printer->Print(variables, "inline const $type$& $view$::$name$($parameters$) const ");
    printer->Print(variables, MessageBody(field));
    printer->Print("\n");
  }
}

}  // namespace ipmpsc::codegen
