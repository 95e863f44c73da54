#include "codegen/header.h"

#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "codegen/enum_constants.h"
#include "codegen/file_description.h"
#include "codegen/file_plan.h"
#include "codegen/layout.h"
#include "codegen/message_plan.h"
#include "codegen/names.h"
#include "codegen/service_classes.h"
#include "codegen/service_plan.h"
#include "codegen/typed_ends.h"
#include "codegen/view_class.h"
#include "codegen/view_table.h"
#include "codegen/writer_class.h"
#include "google/protobuf/compiler/cpp/names.h"
#include "google/protobuf/io/printer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace ipmpsc::codegen {

namespace cpp = google::protobuf::compiler::cpp;
using google::protobuf::io::Printer;

namespace {

std::string Hexadecimal(uint64_t number) { return absl::StrFormat("0x%016xu", number); }

void PrintInclude(const std::string& header, Printer* printer) {
  printer->Print("#include \"$header$\"\n", "header", header);
}

void PrintIncludesOfImports(const FilePlan& plan, HeaderKind kind, Printer* printer) {
  for (const ImportPlan& file : plan.imports) PrintInclude(HeaderName(file.stem, kind), printer);
}

void HideMacros(const FilePlan& plan, Printer* printer) {
  if (plan.macros.empty()) return;
  printer->Print("// The end of this header restores macros of these names.\n");
  for (const std::string& name : plan.macros) {
    printer->Print(R"(#pragma push_macro("$name$")
#undef $name$
)",
                   "name", name);
  }
  printer->Print("\n");
}

void ShowMacros(const FilePlan& plan, Printer* printer) {
  for (const std::string& name : plan.macros) {
    printer->Print("#pragma pop_macro(\"$name$\")\n", "name", name);
  }
  if (!plan.macros.empty()) printer->Print("\n");
}

void OpenFileNamespace(const FilePlan& plan, Printer* printer) {
  printer->Print("namespace $name$ {\n\n", "name", plan.file_namespace);
}

void CloseFileNamespace(const FilePlan& plan, Printer* printer) {
  printer->Print("}  // namespace $name$\n\n", "name", plan.file_namespace);
}

void PrintProtobufDeclarations(const FilePlan& plan, Printer* printer) {
  printer->Print("// The .pb.h defines these. This header does not need it.\n");
  if (!plan.package_namespace.empty()) {
    printer->Print("namespace $name$ {\n", "name", plan.package_namespace);
  }
  for (const EnumPlan& enum_plan : plan.enums) {
    printer->Print("enum $name$ : int;\n", "name", cpp::ClassName(enum_plan.descriptor));
  }
  for (const MessagePlan& message : plan.messages) {
    if (message.is_map_entry) continue;
    printer->Print("class $name$;\n", "name", cpp::ClassName(message.message));
  }
  if (!plan.package_namespace.empty()) {
    printer->Print("}  // namespace $name$\n", "name", plan.package_namespace);
  }
  printer->Print("\n");
}

void PrintForwardDeclarations(const FilePlan& plan, Printer* printer) {
  OpenFileNamespace(plan, printer);
  for (const EnumPlan& enum_plan : plan.enums) {
    printer->Print("struct $constants$;\n", "constants", enum_plan.constants);
  }
  if (!plan.enums.empty()) printer->Print("\n");
  for (const MessagePlan& message : plan.messages) {
    if (message.is_map_entry) continue;
    printer->Print("class $view$;\n", "view", message.view);
    if (!plan.package_beside_status.empty()) continue;
    for (const std::string& name : {message.writer, message.channel, message.loan, message.lease,
                                    message.sender, message.receiver}) {
      printer->Print("class $name$;\n", "name", name);
    }
  }
  if (!plan.messages.empty()) printer->Print("\n");
  if (!plan.services.empty()) {
    for (const ServicePlan& service : plan.services) {
      for (const std::string& name : {service.handler, service.client, service.server}) {
        printer->Print("class $name$;\n", "name", name);
      }
    }
    printer->Print("\n");
  }
  CloseFileNamespace(plan, printer);
}

// Names that a using-directive adds rank below the namespace's own.
void PrintUsingDirective(const FilePlan& plan, Printer* printer) {
  printer->Print("// A name that the package itself declares hides one of these.\n");
  if (plan.package_namespace.empty()) {
    printer->Print("using namespace $file$;\n\n", "file", plan.file_namespace);
    return;
  }
  printer->Print({{"package", plan.package_namespace},
                  {"file", "::" + plan.file_namespace},
                  {"alias", plan.file_alias}},
                 R"(namespace $package$ {
namespace $alias$ = $file$;
using namespace $file$;
}  // namespace $package$

)");
}

void PrintForwardHeader(const FilePlan& plan, Printer* printer) {
  if (plan.IsEmpty()) return;
  HideMacros(plan, printer);
  PrintProtobufDeclarations(plan, printer);
  PrintForwardDeclarations(plan, printer);
  PrintUsingDirective(plan, printer);
  ShowMacros(plan, printer);
}

void PrintFingerprints(const FilePlan& plan, Printer* printer) {
  printer->Print({{"symbol", plan.symbol}, {"fingerprint", Hexadecimal(plan.fingerprint)}},
                 R"(namespace ipmpsc::schema::files {
inline constexpr ::std::uint64_t $symbol$_fingerprint = $fingerprint$;
)");
  for (const VisibleFile& file : plan.visible_files) {
    printer->Print({{"symbol", file.symbol},
                    {"fingerprint", Hexadecimal(file.fingerprint)},
                    {"path", file.path},
                    {"own_path", std::string(plan.file->name())}},
                   R"(static_assert($symbol$_fingerprint == $fingerprint$,
              "the header of $own_path$ "
              "was generated with another $path$: "
              "regenerate both");
)");
  }
  printer->Print("}  // namespace ipmpsc::schema::files\n\n");
}

void PrintConstants(const FilePlan& plan, Printer* printer) {
  for (const EnumPlan& enum_plan : plan.enums) PrintEnumConstants(enum_plan, printer);
}

void PrintViews(const FilePlan& plan, Printer* printer) {
  bool has_entries = false;
  for (const MessagePlan& message : plan.messages) {
    if (!message.is_map_entry) continue;
    printer->Print("class $view$;\n", "view", message.view);
    has_entries = true;
  }
  if (has_entries) printer->Print("\n");
  for (const MessagePlan& message : plan.messages) PrintViewClass(message, printer);
  for (const MessagePlan& message : plan.messages) PrintDeferredAccessors(message, printer);
  for (const MessagePlan& message : plan.messages) PrintViewTable(message, printer);
}

void PrintViewsHeader(const FilePlan& plan, Printer* printer) {
  printer->Print(R"(#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "ipmpsc/typed/generated_views.h"
)");
  PrintIncludesOfImports(plan, HeaderKind::kViews, printer);
  PrintInclude(HeaderName(plan.stem, HeaderKind::kForward), printer);
  printer->Print("\n");
  PrintFingerprints(plan, printer);
  if (plan.IsEmpty()) return;
  HideMacros(plan, printer);
  OpenFileNamespace(plan, printer);
  PrintConstants(plan, printer);
  PrintViews(plan, printer);
  CloseFileNamespace(plan, printer);
  ShowMacros(plan, printer);
}

void PrintWriters(const FilePlan& plan, Printer* printer) {
  for (const MessagePlan& message : plan.messages) {
    if (!message.is_map_entry) PrintWriterClass(message, printer);
  }
  for (const MessagePlan& message : plan.messages) PrintDeferredSetters(message, printer);
}

void PrintWholeHeader(const FilePlan& plan, Printer* printer) {
  if (!plan.package_beside_status.empty()) {
    printer->Print({{"header", HeaderName(plan.stem, HeaderKind::kViews)},
                    {"package", plan.package_beside_status}},
                   R"(#include "$header$"

// There are no writers, loans, senders and receivers. They need absl/status/statusor.h, which
// includes the declaration of a C function with the name of package $package$.

)");
    return;
  }
  // First, before any header that has macros.
  PrintInclude(HeaderName(plan.stem, HeaderKind::kViews), printer);
  printer->Print("\n");
  if (!plan.services.empty()) PrintInclude("ipmpsc/rpc/generated.h", printer);
  PrintInclude("ipmpsc/typed/generated.h", printer);
  PrintIncludesOfImports(plan, HeaderKind::kWhole, printer);
  printer->Print("\n");
  PrintFileDescriptionDeclaration(plan, printer);
  if (!plan.messages.empty() || !plan.services.empty()) {
    HideMacros(plan, printer);
    OpenFileNamespace(plan, printer);
    PrintWriters(plan, printer);
    for (const MessagePlan& message : plan.messages) {
      if (!message.is_map_entry) PrintTypedEnds(plan, message, printer);
    }
    for (const ServicePlan& service : plan.services) PrintServiceClasses(service, printer);
    CloseFileNamespace(plan, printer);
    ShowMacros(plan, printer);
  }
  PrintFileDescription(plan, printer);
}

// Returns the line that says what the header has.
const char* Summary(HeaderKind kind) {
  switch (kind) {
    case HeaderKind::kForward:
      return "Declarations of all classes.";
    case HeaderKind::kViews:
      return "Views and the constants of enums.";
    case HeaderKind::kWhole:
      break;
  }
  return "Views, writers and the ends of channels.";
}

void PrintContents(const FilePlan& plan, HeaderKind kind, Printer* printer) {
  switch (kind) {
    case HeaderKind::kForward:
      return PrintForwardHeader(plan, printer);
    case HeaderKind::kViews:
      return PrintViewsHeader(plan, printer);
    case HeaderKind::kWhole:
      return PrintWholeHeader(plan, printer);
  }
}

// Returns the output of `print`.
template <typename Print>
std::string Printed(const Print& print) {
  std::string text;
  {
    google::protobuf::io::StringOutputStream output(&text);
    Printer printer(&output, '$');
    print(&printer);
  }
  return text;
}

// Returns whether a documentation comment has characters of Doxygen's or HTML's markup. In a .proto
// file these are plain text.
bool HasMarkup(absl::string_view contents) {
  for (const absl::string_view line : absl::StrSplit(contents, '\n')) {
    if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(line), "///") &&
        line.find_first_of("@\\<&") != absl::string_view::npos) {
      return true;
    }
  }
  return false;
}

void PrintWithGuard(const FilePlan& plan, HeaderKind kind, absl::string_view contents,
                    Printer* printer) {
  const bool has_markup = HasMarkup(contents);
  const std::map<std::string, std::string> variables = {{"file", std::string(plan.file->name())},
                                                        {"summary", Summary(kind)},
                                                        {"guard", IncludeGuard(plan.symbol, kind)}};
  printer->Print(variables, R"(// Generated by protoc-gen-ipmpsc from $file$. Do not edit.
// $summary$
#ifndef $guard$
#define $guard$

)");
  if (has_markup) {
    printer->Print(R"(#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdocumentation"
#pragma clang diagnostic ignored "-Wdocumentation-unknown-command"
#endif

)");
  }
  printer->PrintRaw(std::string(contents));
  if (has_markup) {
    printer->Print(R"(#ifdef __clang__
#pragma clang diagnostic pop
#endif

)");
  }
  printer->Print(variables, "#endif  // $guard$\n");
}

}  // namespace

std::string PrintHeader(const FilePlan& plan, HeaderKind kind) {
  const std::string contents =
      Printed([&](Printer* printer) { PrintContents(plan, kind, printer); });
  return Layout(Printed([&](Printer* printer) { PrintWithGuard(plan, kind, contents, printer); }));
}

}  // namespace ipmpsc::codegen
