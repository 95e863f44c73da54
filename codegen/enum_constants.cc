#include "codegen/enum_constants.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "codegen/comments.h"
#include "codegen/file_plan.h"
#include "codegen/layout.h"
#include "codegen/literals.h"
#include "codegen/names.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::io::Printer;

namespace {

// Returns "kFormatRgb" for FORMAT_RGB. The result is never a keyword or a macro.
std::string ConstantName(absl::string_view name) {
  const bool is_upper_case = std::none_of(name.begin(), name.end(), absl::ascii_islower);
  std::string result = "k";
  bool starts_word = true;
  for (const char c : name) {
    if (c == '_') {
      starts_word = true;
      continue;
    }
    // Keeps 1_2 distinct from 12.
    if (starts_word && absl::ascii_isdigit(c) && absl::ascii_isdigit(result.back())) result += '_';
    result += starts_word ? absl::ascii_toupper(c) : is_upper_case ? absl::ascii_tolower(c) : c;
    starts_word = false;
  }
  return result;
}

}  // namespace

void PrintEnumConstants(const EnumPlan& plan, Printer* printer) {
  const EnumDescriptor& enum_type = *plan.descriptor;
  PrintDocumentation(
      absl::StrFormat("The constants of enum `%s`, the same numbers as in the .pb.h.\n\n%s",
                      enum_type.full_name(), CommentOf(enum_type)),
      0, printer);
  printer->Print("struct $constants$ {\n", "constants", plan.constants);
  printer->Indent();
  NameScope taken;
  for (int i = 0; i < enum_type.value_count(); ++i) {
    const EnumValueDescriptor& value = *enum_type.value(i);
    PrintDocumentation(CommentOf(value), kMemberIndentation, printer);
    printer->Print({{"type", plan.type},
                    {"name", taken.TakeFree(ConstantName(value.name()))},
                    {"number", Literal(value.number())},
                    {"deprecated", value.options().deprecated() ? "[[deprecated]] " : ""}},
                   R"($deprecated$static constexpr $type$ $name$ = static_cast<$type$>($number$);
)");
  }
  printer->Outdent();
  printer->Print("};\n\n");
}

}  // namespace ipmpsc::codegen
