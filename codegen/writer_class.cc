#include "codegen/writer_class.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "codegen/message_plan.h"
#include "codegen/names.h"
#include "codegen/syntax.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/printer.h"
#include "ipmpsc/field.pb.h"

namespace ipmpsc::codegen {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::io::Printer;
using Variables = std::map<std::string, std::string>;

namespace {

// Returns the suffix of the function that writes a number ("Put...") and of its kind in arrays
// ("k...").
const char* NumberKind(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_INT32:
      return "Int32";
    case FieldDescriptor::TYPE_INT64:
      return "Int64";
    case FieldDescriptor::TYPE_UINT32:
      return "Uint32";
    case FieldDescriptor::TYPE_UINT64:
      return "Uint64";
    case FieldDescriptor::TYPE_SINT32:
      return "Sint32";
    case FieldDescriptor::TYPE_SINT64:
      return "Sint64";
    case FieldDescriptor::TYPE_BOOL:
      return "Bool";
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
    case FieldDescriptor::TYPE_FLOAT:
      return "Fixed32";
    default:
      return "Fixed64";
  }
}

bool IsText(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
}

// Returns the arguments for the check of a closed enum: its valid values, and the field's name for
// errors.
std::string RangesOf(const FieldDescriptor& field, const std::string& view,
                     const std::string& ranges) {
  return absl::StrFormat("%s::%s, \"%s\"", view, ranges, field.full_name());
}

// Returns the statement that writes `value`. It may pass `modifier` as its last argument.
std::string PutStatement(const FieldDescriptor& field, const std::string& value,
                         const std::string& ranges, const std::string& modifier) {
  if (MustBeUtf8(field)) {
    return absl::StrFormat("PutString(%d, %s, \"%s\"%s);", field.number(), value, field.full_name(),
                           modifier);
  }
  if (IsText(field)) return absl::StrFormat("PutBytes(%d, %s%s);", field.number(), value, modifier);
  if (IsClosedEnum(field)) {
    return absl::StrFormat("PutClosedEnum(%d, %s, %s);", field.number(), value, ranges);
  }
  const char* const kind = field.type() == FieldDescriptor::TYPE_ENUM ? "Enum" : NumberKind(field);
  return absl::StrFormat("Put%s(%d, %s);", kind, field.number(), value);
}

Variables VariablesOf(const MessagePlan& plan, const FieldPlan& field) {
  const FieldDescriptor& descriptor = *field.field;
  Variables variables = {
      {"writer", plan.writer},
      {"name", field.accessor},
      {"prefix", descriptor.is_repeated() ? "add" : "set"},
      {"number", absl::StrCat(descriptor.number())},
      {"proto_name", std::string(descriptor.name())},
      {"full_name", std::string(descriptor.full_name())},
      {"type", field.type},
      {"required", absl::StrCat(field.has_bit)},
      {"as", descriptor.type() == FieldDescriptor::TYPE_GROUP ? "AsGroup" : "AsMessage"},
  };
  for (const EnumRanges& ranges : plan.enum_ranges) {
    if (ranges.enum_type == descriptor.enum_type()) {
      variables["ranges"] = RangesOf(descriptor, plan.view, ranges.name);
    }
  }
  const uint32_t alignment = descriptor.options().GetExtension(::ipmpsc::field).alignment();
  variables["alignment"] = alignment > 1 ? absl::StrFormat(", /*alignment=*/%d", alignment) : "";
  if (!field.writer.empty()) variables["inner"] = field.writer;
  return variables;
}

// Adds the key of a map's entry, "uint32_t key", and the statement that writes it.
void AddKey(const MessagePlan& entry, Variables* variables) {
  const FieldDescriptor& key = *entry.fields[0].field;
  const FieldDescriptor& value = *entry.fields[1].field;
  (*variables)["key_type"] = entry.fields[0].type;
  (*variables)["put_key"] = PutStatement(key, "key", "", "");
  if (IsMessage(value)) return;
  const std::string ranges =
      entry.enum_ranges.empty() ? "" : RangesOf(value, entry.view, entry.enum_ranges[0].name);
  (*variables)["value_type"] = entry.fields[1].type;
  (*variables)["put_value"] = PutStatement(value, "value", ranges, "");
}

constexpr size_t kWidth = 100;

std::string Expand(const std::string& text, const Variables& variables) {
  std::vector<std::pair<std::string, std::string>> replacements;
  for (const auto& [name, value] : variables) replacements.push_back({"$" + name + "$", value});
  return absl::StrReplaceAll(text, replacements);
}

// Prints a function, in one line if it is short enough.
void PrintFunction(const std::string& head, const std::vector<std::string>& statements,
                   const Variables& variables, size_t indent, Printer* printer) {
  const std::string begin = Expand(head, variables) + " {";
  const std::string body = Expand(absl::StrJoin(statements, " "), variables);
  const std::string line = absl::StrCat(begin, " ", body, " }");
  if (statements.size() <= 2 && indent + line.size() <= kWidth) {
    printer->Print("$line$\n", "line", line);
    return;
  }
  printer->Print("$begin$\n", "begin", begin);
  for (const std::string& statement : statements) {
    printer->Print("  $statement$\n", "statement", Expand(statement, variables));
  }
  printer->Print("}\n");
}

std::vector<std::string> WithMark(const FieldDescriptor& field, const std::string& statement) {
  if (!field.is_required()) return {statement};
  return {"MarkSet($required$);", statement};
}

std::string MessageSetterName(const FieldDescriptor& field) {
  if (field.is_map()) return "add_$name$($key_type$ key)";
  return field.is_repeated() ? "add_$name$()" : "mutable_$name$()";
}

// Returns the body of a setter that returns the writer of a message.
std::vector<std::string> MessageStatements(const FieldDescriptor& field) {
  if (!field.is_map()) return WithMark(field, "return $inner$(this, $as${$number$});");
  return {"StartEntry($number$);", "$put_key$", "return $inner$(this, AsMapValue{});"};
}

void PrintArraySetter(const FieldDescriptor& field, Variables variables, Printer* printer) {
  variables["put"] = field.is_packed() ? "PutPacked" : "PutEach";
  variables["kind"] = field.type() == FieldDescriptor::TYPE_ENUM ? "Int32" : NumberKind(field);
  std::vector<std::string> statements;
  if (IsClosedEnum(field)) statements.push_back("CheckEnums(values, $ranges$);");
  // The check has made sure that an array with an alignment is packed.
  statements.push_back("$put$<Number::k$kind$>($number$, values$alignment$);");
  PrintFunction("void add_$name$(::absl::Span<const $type$> values)", statements, variables, 2,
                printer);
  if (!IsPackedFixed(field)) return;
  PrintFunction("::absl::Span<$type$> mutable_$name$(size_t count)",
                {"return MutableNumbers<$type$>($number$, count$alignment$);"}, variables, 2,
                printer);
}

void PrintValueSetters(const FieldDescriptor& field, Variables variables, Printer* printer) {
  const std::string modifier = IsText(field) ? variables["alignment"] : "";
  const std::string put = PutStatement(field, "value", variables["ranges"], modifier);
  PrintFunction("void $prefix$_$name$($type$ value)", WithMark(field, put), variables, 2, printer);
  if (IsText(field)) {
    const char* const hand_out =
        MustBeUtf8(field) ? "return MutableString($number$, size, \"$full_name$\"$alignment$);"
                          : "return MutableBytes($number$, size$alignment$);";
    PrintFunction("::absl::Span<char> mutable_$name$(size_t size)", WithMark(field, hand_out),
                  variables, 2, printer);
  } else if (field.is_repeated()) {
    PrintArraySetter(field, variables, printer);
  }
}

void PrintSetters(const MessagePlan& plan, const FieldPlan& field, bool is_defined,
                  Printer* printer) {
  Variables variables = VariablesOf(plan, field);
  const FieldDescriptor& descriptor = *field.field;
  printer->Print(variables, "\n// $proto_name$ = $number$\n");
  if (field.entry != nullptr) AddKey(*field.entry, &variables);
  if (variables.count("inner") != 0) {
    const std::string head = "$inner$ " + MessageSetterName(descriptor);
    if (is_defined) {
      PrintFunction(head, MessageStatements(descriptor), variables, 2, printer);
    } else {
      printer->Print("$head$;\n", "head", Expand(head, variables));
    }
  } else if (descriptor.is_map()) {
    PrintFunction("void add_$name$($key_type$ key, $value_type$ value)",
                  {"StartEntry($number$);", "$put_key$", "$put_value$", "EndEntry();"}, variables,
                  2, printer);
  } else {
    PrintValueSetters(descriptor, variables, printer);
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

// Setters of fields are in lower case and cannot clash with this one.
void PrintUnknownFieldsSetter(const MessagePlan& plan, Printer* printer) {
  const Variables variables = {{"view", plan.view},
                               {"full_name", std::string(plan.message->full_name())}};
  printer->Print("\n// What `message` has that is no field above: extensions, newer fields.\n");
  PrintFunction("void AddUnknownFields(::absl::string_view message)",
                {"PutUnknownFields(message, $view$::kTable_, \"$full_name$\");"}, variables, 2,
                printer);
}

void PrintRequired(const MessagePlan& plan, Printer* printer) {
  if (plan.required_count == 0) return;
  printer->Print(
      "\n"
      "// For the check that all of them are set.\n"
      "static constexpr const char* kRequired_[] = {\n");
  for (const FieldPlan& field : plan.fields) {  // by number, as are their has bits
    if (!field.field->is_required()) continue;
    printer->Print("    \"$name$\",\n", "name", field.field->full_name());
  }
  printer->Print("};\n");
}

}  // namespace

void PrintWriterClass(const MessagePlan& plan, const std::set<const Descriptor*>& defined,
                      Printer* printer, std::vector<DeferredSetter>* deferred) {
  printer->Print(
      {{"message", plan.message->full_name()}, {"writer", plan.writer}, {"base", BaseClass(plan)}},
      "// Writes $message$\n"
      "class $writer$ : public $base$ {\n"
      " public:\n"
      "  using Base::Base;\n");
  printer->Indent();
  PrintNestedNames(plan, printer);
  for (const FieldPlan& field : plan.fields) {
    const FieldDescriptor& descriptor = *field.field;
    const Descriptor* const type = descriptor.is_map()
                                       ? descriptor.message_type()->map_value()->message_type()
                                       : descriptor.message_type();
    const bool is_defined = type == nullptr || type == plan.message ||
                            type->file() != plan.message->file() || defined.count(type) != 0;
    PrintSetters(plan, field, is_defined, printer);
    if (!is_defined) deferred->push_back({&plan, &field});
  }
  PrintUnknownFieldsSetter(plan, printer);
  PrintRequired(plan, printer);
  printer->Outdent();
  printer->Print("};\n\n");
}

void PrintDeferredSetter(const DeferredSetter& setter, Printer* printer) {
  const FieldDescriptor& field = *setter.field->field;
  Variables variables = VariablesOf(*setter.message, *setter.field);
  if (setter.field->entry != nullptr) AddKey(*setter.field->entry, &variables);
  PrintFunction("inline $inner$ $writer$::" + MessageSetterName(field), MessageStatements(field),
                variables, 0, printer);
}

}  // namespace ipmpsc::codegen
