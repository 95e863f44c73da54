#include "codegen/header.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codegen/enum_constants.h"
#include "codegen/file_description.h"
#include "codegen/file_plan.h"
#include "codegen/fingerprint.h"
#include "codegen/message_plan.h"
#include "codegen/names.h"
#include "codegen/typed_ends.h"
#include "codegen/view_class.h"
#include "codegen/view_table.h"
#include "codegen/writer_class.h"
#include "google/protobuf/compiler/cpp/names.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

namespace cpp = google::protobuf::compiler::cpp;
using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::io::Printer;

namespace {

std::string Hexadecimal(uint64_t number) { return absl::StrFormat("0x%016xu", number); }

void PrintIncludesOfImports(const FileDescriptor& file, HeaderKind kind, Printer* printer) {
  for (int i = 0; i < file.dependency_count(); ++i) {
    printer->Print("#include \"$header$\"\n", "header", HeaderName(*file.dependency(i), kind));
  }
}

void HideMacros(const FilePlan& plan, Printer* printer) {
  if (plan.macros.empty()) return;
  printer->Print("// Macros of these names are back at the end.\n");
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
  printer->Print("// In the .pb.h, which this header does not need.\n");
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
  CloseFileNamespace(plan, printer);
}

// Names that a using-directive adds rank below the namespace's own.
void PrintUsingDirective(const FilePlan& plan, Printer* printer) {
  printer->Print("// A name that the package itself declares takes precedence.\n");
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
  for (const FileDescriptor* file : plan.visible_files) {
    printer->Print({{"symbol", FileSymbol(*file)},
                    {"fingerprint", Hexadecimal(Fingerprint(*file))},
                    {"path", std::string(file->name())},
                    {"own_path", std::string(plan.file->name())}},
                   R"(static_assert($symbol$_fingerprint ==
                  $fingerprint$,
              "the header of $own_path$ was generated with another $path$: "
              "regenerate both");
)");
  }
  printer->Print("}  // namespace ipmpsc::schema::files\n\n");
}

void PrintConstants(const FilePlan& plan, Printer* printer) {
  if (plan.enums.empty()) return;
  printer->Print("// The constants of enums; those of the .pb.h are the same numbers.\n");
  for (const EnumPlan& enum_plan : plan.enums) PrintEnumConstants(enum_plan, printer);
  printer->Print("\n");
}

void PrintViews(const FilePlan& plan, Printer* printer) {
  bool has_entries = false;
  for (const MessagePlan& message : plan.messages) {
    if (!message.is_map_entry) continue;
    printer->Print("class $view$;\n", "view", message.view);
    has_entries = true;
  }
  if (has_entries) printer->Print("\n");
  std::vector<DeferredAccessor> deferred;
  std::set<const Descriptor*> defined;
  for (const MessagePlan& message : plan.messages) {
    PrintViewClass(message, defined, printer, &deferred);
    defined.insert(message.message);
  }
  for (const DeferredAccessor& accessor : deferred) PrintDeferredAccessor(accessor, printer);
  if (!deferred.empty()) printer->Print("\n");
  for (const MessagePlan& message : plan.messages) PrintViewTable(message, printer);
}

void PrintViewsHeader(const FilePlan& plan, Printer* printer) {
  printer->Print(R"(#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "ipmpsc/typed/generated_views.h"
)");
  PrintIncludesOfImports(*plan.file, HeaderKind::kViews, printer);
  printer->Print("#include \"$header$\"\n\n", "header",
                 HeaderName(*plan.file, HeaderKind::kForward));
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
  std::vector<DeferredSetter> deferred;
  std::set<const Descriptor*> defined;
  for (const MessagePlan& message : plan.messages) {
    if (message.is_map_entry) continue;
    PrintWriterClass(message, defined, printer, &deferred);
    defined.insert(message.message);
  }
  for (const DeferredSetter& setter : deferred) PrintDeferredSetter(setter, printer);
  if (!deferred.empty()) printer->Print("\n");
}

void PrintWholeHeader(const FilePlan& plan, Printer* printer) {
  if (!plan.package_beside_status.empty()) {
    printer->Print({{"header", HeaderName(*plan.file, HeaderKind::kViews)},
                    {"package", plan.package_beside_status}},
                   R"(#include "$header$"

// No writers, loans, senders and receivers: they need absl/status/statusor.h, whose headers declare a
// function called as package $package$ is.

)");
    return;
  }
  // First, before any header that has macros.
  printer->Print("#include \"$header$\"\n\n", "header", HeaderName(*plan.file, HeaderKind::kViews));
  printer->Print("#include \"ipmpsc/typed/generated.h\"\n");
  PrintIncludesOfImports(*plan.file, HeaderKind::kWhole, printer);
  printer->Print("\n");
  PrintFileDescriptionDeclaration(*plan.file, printer);
  if (!plan.messages.empty()) {
    HideMacros(plan, printer);
    OpenFileNamespace(plan, printer);
    PrintWriters(plan, printer);
    for (const MessagePlan& message : plan.messages) {
      if (!message.is_map_entry) PrintTypedEnds(message, printer);
    }
    CloseFileNamespace(plan, printer);
    ShowMacros(plan, printer);
  }
  PrintFileDescription(*plan.file, printer);
}

}  // namespace

void PrintHeader(const FilePlan& plan, HeaderKind kind, Printer* printer) {
  const std::string guard = IncludeGuard(*plan.file, kind);
  printer->Print(R"(// Generated by protoc-gen-ipmpsc from $file$. Do not edit.
)",
                 "file", plan.file->name());
  printer->Print(kind == HeaderKind::kForward
                     ? "// Declares the classes that the headers beside it define.\n"
                 : kind == HeaderKind::kViews ? "// Views, and the constants of enums.\n"
                                              : "// Views, writers, and the ends of channels.\n");
  printer->Print(R"(#ifndef $guard$
#define $guard$

)",
                 "guard", guard);
  switch (kind) {
    case HeaderKind::kForward:
      PrintForwardHeader(plan, printer);
      break;
    case HeaderKind::kViews:
      PrintViewsHeader(plan, printer);
      break;
    case HeaderKind::kWhole:
      PrintWholeHeader(plan, printer);
      break;
  }
  printer->Print("#endif  // $guard$\n", "guard", guard);
}

}  // namespace ipmpsc::codegen
