#include "codegen/writer_class.h"

#include <cstddef>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "codegen/comments.h"
#include "codegen/field_kind.h"
#include "codegen/layout.h"
#include "codegen/message_plan.h"
#include "codegen/syntax.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

using google::protobuf::io::Printer;
using Variables = std::map<std::string, std::string>;

namespace {

// Returns the arguments for the check of a value: the valid values of a closed enum, and the
// field's name for the error.
std::string CheckArguments(const MessagePlan& plan, const FieldPlan& field) {
  if (!field.kind->is_checked) return "";
  return absl::StrCat(field.ranges.empty() ? "" : absl::StrCat(", ", plan.view, "::", field.ranges),
                      ", \"", field.field->full_name(), "\"");
}

// Returns the statement that writes `value`.
std::string PutStatement(const MessagePlan& plan, const FieldPlan& field, const char* value) {
  return absl::StrFormat("Put%s(%d, %s%s);", field.kind->writer, field.field->number(), value,
                         CheckArguments(plan, field));
}

Variables VariablesOf(const MessagePlan& plan, const FieldPlan& field) {
  const std::string check = CheckArguments(plan, field);
  return {
      {"writer", plan.writer},
      {"name", field.accessor},
      {"number", absl::StrCat(field.field->number())},
      {"deprecated", field.field->options().deprecated() ? "[[deprecated]] " : ""},
      {"type", field.type},
      {"kind", field.kind->writer},
      {"element", field.kind->element},
      {"prefix", field.field->is_repeated() ? "add" : "set"},
      {"check", check},
      {"check_array", check.empty() ? "" : absl::StrCat("CheckEnums(values", check, "); ")},
      {"alignment",
       field.alignment > 1 ? absl::StrFormat(", /*alignment=*/%d", field.alignment) : ""},
      {"mark", field.field->is_required() ? absl::StrFormat("MarkSet(%d); ", field.has_bit) : ""},
      {"array", field.field->is_packed() ? "PutPacked" : "PutEach"},
      {"inner", field.writer},
  };
}

// Adds the key of a map's entry and its value, if that is no message.
void AddEntry(const MessagePlan& entry, Variables* variables) {
  const FieldPlan& key = entry.fields[0];
  const FieldPlan& value = entry.fields[1];
  (*variables)["key_type"] = key.type;
  (*variables)["put_key"] = PutStatement(entry, key, "key");
  if (value.is_message()) return;
  (*variables)["value_type"] = value.type;
  (*variables)["put_value"] = PutStatement(entry, value, "value");
}

Variables SetterVariables(const MessagePlan& plan, const FieldPlan& field) {
  Variables variables = VariablesOf(plan, field);
  if (field.entry != nullptr) AddEntry(*field.entry, &variables);
  return variables;
}

// A setter that returns the writer of a message.
struct MessageSetter {
  const char* declaration;  // without the return type
  const char* body;
};

MessageSetter MessageSetterOf(const FieldPlan& field) {
  if (field.field->is_map()) {
    return {"add_$name$($key_type$ key)",
            R"({
  StartEntry($number$);
  $put_key$
  return $inner$(this, AsMapValue{});
}
)"};
  }
  return {field.field->is_repeated() ? "add_$name$()" : "mutable_$name$()",
          R"({
  $mark$return $inner$(this, As$kind${$number$});
}
)"};
}

void PrintMessageSetter(const FieldPlan& field, const Variables& variables, Printer* printer) {
  const MessageSetter setter = MessageSetterOf(field);
  printer->Print(variables, "$deprecated$$inner$ ");
  printer->Print(variables, setter.declaration);
  if (field.is_deferred) {
    printer->Print(";\n");
  } else {
    printer->Print(" ");
    printer->Print(variables, setter.body);
  }
}

void PrintTextSetters(const FieldPlan& field, const Variables& variables, Printer* printer) {
  printer->Print(variables, R"($deprecated$void $prefix$_$name$($type$ value) {
  $mark$Put$kind$($number$, value$check$$alignment$);
}
)");
  PrintDocumentation(
      absl::StrCat("Returns `size` bytes of ", field.declaration, ", to be filled by the caller."),
      kMemberIndentation, printer);
  printer->Print(variables, R"($deprecated$::absl::Span<char> mutable_$name$(size_t size) {
  $mark$return Mutable$kind$($number$, size$check$$alignment$);
}
)");
}

void PrintNumberSetters(const FieldPlan& field, const Variables& variables, Printer* printer) {
  printer->Print(variables, R"($deprecated$void $prefix$_$name$($type$ value) {
  $mark$Put$kind$($number$, value$check$);
}
)");
  if (!field.field->is_repeated()) return;
  PrintDocumentation(absl::StrCat("Adds all of `values` to ", field.declaration, "."),
                     kMemberIndentation, printer);
  printer->Print(variables, R"($deprecated$void add_$name$(::absl::Span<const $type$> values) {
  $check_array$$array$<Number::k$element$>($number$, values$alignment$);
}
)");
  if (!IsPackedFixed(*field.field)) return;
  PrintDocumentation(absl::StrCat("Returns `count` numbers of ", field.declaration,
                                  ", to be filled by the caller."),
                     kMemberIndentation, printer);
  printer->Print(variables, R"($deprecated$::absl::Span<$type$> mutable_$name$(size_t count) {
  return MutableNumbers<$type$>($number$, count$alignment$);
}
)");
}

void PrintSetters(const MessagePlan& plan, const FieldPlan& field, Printer* printer) {
  const Variables variables = SetterVariables(plan, field);
  printer->Print("\n");
  PrintDocumentation(absl::StrCat(field.comment, "\n\n", field.declaration), kMemberIndentation,
                     printer);
  if (!field.writer.empty()) {
    PrintMessageSetter(field, variables, printer);
  } else if (field.field->is_map()) {
    printer->Print(variables, R"($deprecated$void add_$name$($key_type$ key, $value_type$ value) {
  StartEntry($number$);
  $put_key$
  $put_value$
  EndEntry();
}
)");
  } else if (field.kind->shape == FieldKind::kText) {
    PrintTextSetters(field, variables, printer);
  } else {
    PrintNumberSetters(field, variables, printer);
  }
}

// Prints the writers of nested messages under their names in the .proto file. Setters are in lower
// case and cannot clash with them.
void PrintNestedNames(const MessagePlan& plan, Printer* printer) {
  for (const NestedPlan& nested : plan.nested) {
    const std::string alias = nested.name + "Writer";
    if (alias == plan.writer) continue;
    printer->Print("using $alias$ = $writer$;\n", "alias", alias, "writer", nested.writer);
  }
}

std::string BaseClass(const MessagePlan& plan) {
  if (plan.required_count == 0) return "::ipmpsc::writer::MessageWriter";
  return absl::StrFormat("::ipmpsc::writer::RequiredWriter<%s, %d>", plan.qualified_writer,
                         plan.required_count);
}

// Prints what the check that all required fields are set needs.
void PrintRequired(const MessagePlan& plan, Printer* printer) {
  if (plan.required_count == 0) return;
  printer->Outdent();
  printer->Print("\n private:\n");
  printer->Indent();
  printer->Print(R"(friend Base;

static constexpr const char* kRequired_[] = {
)");
  for (const FieldPlan& field : plan.fields) {  // by number, as are their has bits
    if (!field.field->is_required()) continue;
    printer->Print("    \"$name$\",\n", "name", field.field->full_name());
  }
  printer->Print("};\n");
}

}  // namespace

void PrintWriterClass(const MessagePlan& plan, Printer* printer) {
  const Variables variables = {{"message", std::string(plan.message->full_name())},
                               {"view", plan.view},
                               {"writer", plan.writer},
                               {"base", BaseClass(plan)}};
  PrintDocumentation(absl::StrFormat("The writer of message `%s`.\n\n%s", plan.message->full_name(),
                                     CommentOf(*plan.message)),
                     0, printer);
  printer->Print(variables, R"(class $writer$ : public $base$ {
 public:
  using Base::Base;
)");
  printer->Indent();
  PrintNestedNames(plan, printer);
  for (const FieldPlan& field : plan.fields) PrintSetters(plan, field, printer);
  // Setters of fields are in lower case and cannot clash with this one.
  printer->Print(variables, R"(
/// Copies the fields of `message`, in wire format, that have no setters: extensions, and the
/// fields of a newer schema.
void AddUnknownFields(::absl::string_view message) {
  PutUnknownFields(message, $view$::kTable_, "$message$");
}
)");
  PrintRequired(plan, printer);
  printer->Outdent();
  printer->Print("};\n\n");
}

void PrintDeferredSetters(const MessagePlan& plan, Printer* printer) {
  if (plan.is_map_entry) return;
  for (const FieldPlan& field : plan.fields) {
    if (!field.is_deferred) continue;
    const Variables variables = SetterVariables(plan, field);
    const MessageSetter setter = MessageSetterOf(field);
    printer->Print(variables, "inline $inner$ $writer$::");
    printer->Print(variables, setter.declaration);
    printer->Print(" ");
    printer->Print(variables, setter.body);
    printer->Print("\n");
  }
}

}  // namespace ipmpsc::codegen
