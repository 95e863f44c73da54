// A plugin for tests. It generates for each message a function that copies protobuf's class through
// the setters of the generated writer, so that every setter of every .proto file can be tested. It
// also generates code that registers each file's messages with //tests/codegen/installed.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "codegen/edition_generator.h"
#include "codegen/names.h"
#include "codegen/syntax.h"
#include "google/protobuf/compiler/code_generator.h"
#include "google/protobuf/compiler/cpp/names.h"
#include "google/protobuf/compiler/plugin.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/printer.h"
#include "google/protobuf/io/zero_copy_stream.h"

namespace ipmpsc_test {
namespace {

namespace cpp = google::protobuf::compiler::cpp;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::io::Printer;
using ipmpsc::codegen::GeneratedNames;

std::string CopyHeader(const FileDescriptor& file) {
  return cpp::StripProto(file.name()) + ".copy.h";
}

// Returns the statement that writes one value. $from$ is an expression of protobuf's type, or of a
// view's.
const char* ValueStatement(const FieldDescriptor& field) {
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return "{ auto inner = to->$open$_$name$(); Copy($from$, style, &inner); }\n";
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    return "if (style.in_place) {\n"
           "  Fill($from$, to->mutable_$name$($from$.size()));\n"
           "} else {\n"
           "  to->$put$_$name$($from$);\n"
           "}\n";
  }
  return "to->$put$_$name$($from$);\n";
}

void PrintMap(std::map<std::string, std::string> variables, const FieldDescriptor& field,
              Printer* printer) {
  const bool is_message =
      field.message_type()->map_value()->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  printer->Print(variables,
                 "ForEachEntry(from.$name$(), [&](const auto& key, const auto& value) {\n");
  printer->Print(variables, is_message ? "  auto inner = to->add_$name$(key);\n"
                                         "  Copy(value, style, &inner);\n"
                                       : "  to->add_$name$(key, value);\n");
  printer->Print("});\n");
}

void PrintField(const FieldDescriptor& field, Printer* printer) {
  std::map<std::string, std::string> variables = {
      {"name", cpp::FieldName(&field)},
      {"put", field.is_repeated() ? "add" : "set"},
      {"open", field.is_repeated() ? "add" : "mutable"},
      {"from", absl::StrCat("from.", cpp::FieldName(&field), field.is_repeated() ? "(i)" : "()")},
  };
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    variables["enum"] = ipmpsc::codegen::QualifiedEnumName(*field.enum_type());
  }
  if (field.is_map()) return PrintMap(variables, field, printer);
  if (!field.is_repeated()) {
    printer->Print(variables, field.has_presence() ? "if (from.has_$name$()) {\n"
                                                   : "if (!IsDefault(from.$name$())) {\n");
    printer->Indent();
    printer->Print(variables, ValueStatement(field));
    printer->Outdent();
    printer->Print("}\n");
    return;
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      printer->Print(variables,
                     "if (style.arrays) {\n"
                     "  const auto values = Enums<$enum$>(from.$name$());\n"
                     "  to->add_$name$(values);\n"
                     "} else\n");
      break;
    default:
      if (ipmpsc::codegen::IsPackedFixed(field)) {
        printer->Print(variables,
                       "if (style.numbers_in_place) {\n"
                       "  const size_t count = static_cast<size_t>(from.$name$_size());\n"
                       "  FillNumbers(from.$name$(), to->mutable_$name$(count));\n"
                       "} else ");
      }
      printer->Print(variables,
                     "if (style.arrays) {\n"
                     "  to->add_$name$(Numbers(from.$name$()));\n"
                     "} else\n");
  }
  printer->Print(variables, "for (int i = 0; i < from.$name$_size(); ++i) {\n");
  printer->Indent();
  printer->Print(variables, ValueStatement(field));
  printer->Outdent();
  printer->Print("}\n");
}

void PrintMessage(const Descriptor& message, GeneratedNames* names, Printer* printer) {
  printer->Print(
      "template <typename From>\n"
      "void Copy(const From& from, Style style, $writer$* to) {\n",
      "writer", names->QualifiedName(message, "Writer"));
  printer->Indent();
  std::map<int, const FieldDescriptor*> by_number;
  for (int i = 0; i < message.field_count(); ++i) {
    by_number[message.field(i)->number()] = message.field(i);
  }
  printer->Print("static_cast<void>(from);\nstatic_cast<void>(style);\nstatic_cast<void>(to);\n");
  for (const auto& [number, field] : by_number) PrintField(*field, printer);
  printer->Print("CopyUnknownFields(from, to);\n");
  printer->Outdent();
  printer->Print("}\n\n");
}

void PrintTypes(const FileDescriptor& file, const std::vector<const Descriptor*>& messages,
                GeneratedNames* names, Printer* printer) {
  printer->Print(
      "#pragma once\n"
      "#include \"$stem$.copy.h\"\n"
      "#include \"tests/codegen/copier/copied_type.h\"\n"
      "#include \"tests/codegen/installed/registry.h\"\n"
      "namespace ipmpsc_test::installed {\n"
      "inline const bool k$symbol$ = AddFile([]() -> std::vector<InstalledType> {\n"
      "  return {\n",
      "stem", cpp::StripProto(file.name()), "symbol", ipmpsc::codegen::FileSymbol(file));
  for (const Descriptor* message : messages) {
    printer->Print("      {copier::Copied<$message$, $view$, $writer$>(), &$channel$::kType},\n",
                   "message", ipmpsc::codegen::QualifiedMessageName(*message), "view",
                   names->QualifiedName(*message, "View"), "writer",
                   names->QualifiedName(*message, "Writer"), "channel",
                   names->QualifiedName(*message, "Channel"));
  }
  printer->Print(
      "  };\n"
      "});\n"
      "}  // namespace ipmpsc_test::installed\n");
}

class Generator : public ipmpsc::codegen::EditionGenerator {
 public:
  bool Generate(const FileDescriptor* file, const std::string&,
                google::protobuf::compiler::GeneratorContext* context,
                std::string*) const override {
    const std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> output(
        context->Open(CopyHeader(*file)));
    Printer printer(output.get(), '$');
    printer.Print(
        "#pragma once\n"
        "#pragma GCC diagnostic ignored \"-Wdeprecated-declarations\"\n"
        "#include \"tests/codegen/copier/copy.h\"\n"
        "#include \"$stem$.ipmpsc.h\"\n"
        "#include \"$stem$.pb.h\"\n",
        "stem", cpp::StripProto(file->name()));
    for (int i = 0; i < file->dependency_count(); ++i) {
      printer.Print("#include \"$header$\"\n", "header", CopyHeader(*file->dependency(i)));
    }
    printer.Print("namespace ipmpsc_test::copier {\n");
    GeneratedNames names;
    std::vector<const Descriptor*> messages;
    for (const Descriptor* message : ipmpsc::codegen::MessagesOf(*file)) {
      if (!message->options().map_entry()) messages.push_back(message);
    }
    for (const Descriptor* message : messages) {
      printer.Print(
          "template <typename From>\n"
          "void Copy(const From& from, Style style, $writer$* to);\n",
          "writer", names.QualifiedName(*message, "Writer"));
    }
    for (const Descriptor* message : messages) PrintMessage(*message, &names, &printer);
    printer.Print("}  // namespace ipmpsc_test::copier\n");

    const std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> types_output(
        context->Open(cpp::StripProto(file->name()) + ".types.h"));
    Printer types_printer(types_output.get(), '$');
    PrintTypes(*file, messages, &names, &types_printer);
    return true;
  }
};

}  // namespace
}  // namespace ipmpsc_test

int main(int argc, char** argv) {
  const ipmpsc_test::Generator generator;
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}
