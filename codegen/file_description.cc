#include "codegen/file_description.h"

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "codegen/literals.h"
#include "codegen/names.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

using google::protobuf::DescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::io::Printer;

namespace {

constexpr size_t kWidth = 100;

// Returns the JSON name of a field that does not declare one.
std::string DefaultJsonName(const std::string& name) {
  std::string result;
  bool upper = false;
  for (const char c : name) {
    if (c != '_') result += upper ? absl::ascii_toupper(c) : c;
    upper = c == '_';
  }
  return result;
}

// protoc fills in every JSON name, which takes a lot of space.
template <typename Fields>
void DropDefaultJsonNames(Fields* fields) {
  for (FieldDescriptorProto& field : *fields) {
    if (field.json_name() == DefaultJsonName(field.name())) field.clear_json_name();
  }
}

void DropDefaultJsonNames(DescriptorProto* message) {
  DropDefaultJsonNames(message->mutable_field());
  DropDefaultJsonNames(message->mutable_extension());
  for (DescriptorProto& nested : *message->mutable_nested_type()) DropDefaultJsonNames(&nested);
}

}  // namespace

std::string FileDescriptionName(const FileDescriptor& file) {
  return absl::StrCat("::ipmpsc::schema::files::", FileSymbol(file));
}

void PrintFileDescriptionDeclaration(const FileDescriptor& file, Printer* printer) {
  printer->Print(
      "namespace ipmpsc::schema::files {\n"
      "extern const FileDescription $symbol$;  // at the end\n"
      "}  // namespace ipmpsc::schema::files\n"
      "\n",
      "symbol", FileSymbol(file));
}

void PrintFileDescription(const FileDescriptor& file, Printer* printer) {
  FileDescriptorProto proto;
  file.CopyTo(&proto);
  for (DescriptorProto& message : *proto.mutable_message_type()) DropDefaultJsonNames(&message);
  DropDefaultJsonNames(proto.mutable_extension());
  const std::string bytes = proto.SerializeAsString();
  const std::string symbol = FileSymbol(file);

  printer->Print(
      "// The file itself, for the descriptions of channels.\n"
      "namespace ipmpsc::schema::files {\n");
  std::vector<std::string> imports;
  for (int i = 0; i < file.dependency_count(); ++i) {
    imports.push_back(absl::StrCat("&", FileSymbol(*file.dependency(i))));
  }
  if (!imports.empty()) {
    printer->Print(
        "inline constexpr const FileDescription* $symbol$_imports[] = {\n"
        "    $imports$};\n",
        "symbol", symbol, "imports", absl::StrJoin(imports, ",\n    "));
  }
  printer->Print(
      "inline constexpr FileDescription $symbol$ = {\n"
      "    ::absl::string_view(\n",
      "symbol", symbol);
  for (const std::string& literal : StringLiterals(bytes, kWidth - 8)) {
    printer->Print("        $literal$\n", "literal", literal);
  }
  printer->Print("        , $size$), $imports$, $count$};\n", "size", absl::StrCat(bytes.size()),
                 "imports", imports.empty() ? "nullptr" : symbol + "_imports", "count",
                 absl::StrCat(imports.size()));
  printer->Print("}  // namespace ipmpsc::schema::files\n\n");
}

}  // namespace ipmpsc::codegen
