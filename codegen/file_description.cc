#include "codegen/file_description.h"

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "codegen/file_plan.h"
#include "codegen/layout.h"
#include "codegen/literals.h"
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

std::string SerializedFile(const FileDescriptor& file) {
  FileDescriptorProto proto;
  file.CopyTo(&proto);
  for (DescriptorProto& message : *proto.mutable_message_type()) DropDefaultJsonNames(&message);
  DropDefaultJsonNames(proto.mutable_extension());
  return proto.SerializeAsString();
}

}  // namespace

void PrintFileDescriptionDeclaration(const FilePlan& plan, Printer* printer) {
  printer->Print(R"(namespace ipmpsc::schema::files {
extern const FileDescription $symbol$;  // at the end
}  // namespace ipmpsc::schema::files

)",
                 "symbol", plan.symbol);
}

void PrintFileDescription(const FilePlan& plan, Printer* printer) {
  const std::string bytes = SerializedFile(*plan.file);
  printer->Print(R"(// The file itself, for the descriptions of channels.
namespace ipmpsc::schema::files {
)");
  if (!plan.imports.empty()) {
    std::vector<std::string> imports;
    for (const ImportPlan& file : plan.imports) imports.push_back("&" + file.symbol);
    printer->Print(R"(inline constexpr const FileDescription* $symbol$_imports[] = {
    $imports$};
)",
                   "symbol", plan.symbol, "imports", absl::StrJoin(imports, ",\n    "));
  }
  printer->Print(R"(inline constexpr FileDescription $symbol$ = {
    ::absl::string_view(
)",
                 "symbol", plan.symbol);
  for (const std::string& literal : StringLiterals(bytes, kColumns - 8)) {
    printer->Print("        $literal$\n", "literal", literal);
  }
  printer->Print({{"size", absl::StrCat(bytes.size())},
                  {"imports", plan.imports.empty() ? "nullptr" : plan.symbol + "_imports"},
                  {"count", absl::StrCat(plan.imports.size())}},
                 R"(        , $size$), $imports$, $count$};
}  // namespace ipmpsc::schema::files

)");
}

}  // namespace ipmpsc::codegen
