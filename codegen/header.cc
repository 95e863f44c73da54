#include "codegen/header.h"

#include <set>
#include <string>
#include <vector>

#include "codegen/enum_constants.h"
#include "codegen/file_description.h"
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
using google::protobuf::EnumDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::io::Printer;

namespace {

void PrintIncludes(const FileDescriptor& file, Printer* printer) {
  printer->Print(
      "#include <cstddef>\n"
      "#include <cstdint>\n"
      "#include <limits>\n"
      "#include <string>\n"
      "\n"
      "#include \"ipmpsc/message/generated.h\"\n");
  for (int i = 0; i < file.dependency_count(); ++i) {
    printer->Print("#include \"$header$\"\n", "header", HeaderName(*file.dependency(i)));
  }
  printer->Print("\n");
}

void OpenNamespaces(const FileDescriptor& file, Printer* printer) {
  const std::vector<std::string> parts = NamespaceParts(file);
  for (const std::string& part : parts) printer->Print("namespace $part$ {\n", "part", part);
  if (!parts.empty()) printer->Print("\n");
}

// Two files of one package that know nothing of each other may make classes of one name, or one of
// them a class and the other a message. In namespaces of their own these stay two: whoever names one
// where both are seen gets an error of the compiler, and a program may consist of both.
void OpenFileNamespace(const FileDescriptor& file, Printer* printer) {
  printer->Print("inline namespace $name$ {\n\n", "name", FileNamespace(file));
}

void CloseFileNamespace(const FileDescriptor& file, Printer* printer) {
  printer->Print("}  // namespace $name$\n", "name", FileNamespace(file));
}

void CloseNamespaces(const FileDescriptor& file, Printer* printer) {
  const std::vector<std::string> parts = NamespaceParts(file);
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    printer->Print("}  // namespace $part$\n", "part", *part);
  }
  if (!parts.empty()) printer->Print("\n");
}

void PrintProtobufDeclarations(const FileDescriptor& file, const std::vector<MessagePlan>& plans,
                               Printer* printer) {
  printer->Print("// In the .pb.h, which this header does not need.\n");
  for (const EnumDescriptor* enum_type : EnumsOf(file)) {
    printer->Print("enum $name$ : int;\n", "name", cpp::ClassName(enum_type));
  }
  for (const MessagePlan& plan : plans) {
    if (plan.is_map_entry) continue;
    printer->Print("class $name$;\n", "name", cpp::ClassName(plan.message));
  }
  printer->Print("\n");
}

void PrintForwardDeclarations(const std::vector<MessagePlan>& plans, GeneratedNames* names,
                              Printer* printer) {
  if (plans.empty()) return;
  for (const MessagePlan& plan : plans) printer->Print("class $view$;\n", "view", plan.view);
  printer->Print("\n");
  for (const MessagePlan& plan : plans) {
    if (plan.is_map_entry) continue;
    printer->Print("class $writer$;\n", "writer", names->Name(*plan.message, "Writer"));
  }
  printer->Print("\n");
}

void PrintConstants(const FileDescriptor& file, GeneratedNames* names, Printer* printer) {
  const std::vector<const EnumDescriptor*> enums = EnumsOf(file);
  if (enums.empty()) return;
  printer->Print("// The constants of enums; those of the .pb.h are the same numbers.\n");
  for (const EnumDescriptor* enum_type : enums) PrintEnumConstants(*enum_type, names, printer);
  printer->Print("\n");
}

void PrintViews(const std::vector<MessagePlan>& plans, GeneratedNames* names, Printer* printer) {
  std::vector<DeferredAccessor> deferred;
  std::set<const Descriptor*> defined;
  for (const MessagePlan& plan : plans) {
    PrintViewClass(plan, defined, names, printer, &deferred);
    defined.insert(plan.message);
  }
  for (const DeferredAccessor& accessor : deferred) PrintDeferredAccessor(accessor, printer);
  if (!deferred.empty()) printer->Print("\n");
  for (const MessagePlan& plan : plans) PrintViewTable(plan, printer);
}

void PrintWriters(const std::vector<MessagePlan>& plans, GeneratedNames* names, Printer* printer) {
  std::vector<DeferredSetter> deferred;
  std::set<const Descriptor*> defined;
  for (const MessagePlan& plan : plans) {
    if (plan.is_map_entry) continue;
    PrintWriterClass(plan, defined, names, printer, &deferred);
    defined.insert(plan.message);
  }
  for (const DeferredSetter& setter : deferred) PrintDeferredSetter(setter, names, printer);
  if (!deferred.empty()) printer->Print("\n");
}

}  // namespace

void PrintHeader(const FileDescriptor& file, Printer* printer) {
  GeneratedNames names;
  std::vector<MessagePlan> plans;
  for (const Descriptor* message : MessagesOf(file)) plans.push_back(PlanMessage(*message, &names));

  printer->Print(
      "// Generated by protoc-gen-ipmpsc from $file$. Do not edit.\n"
      "#ifndef $guard$\n"
      "#define $guard$\n"
      "\n",
      "file", file.name(), "guard", IncludeGuard(file));
  PrintIncludes(file, printer);
  PrintFileDescriptionDeclaration(file, printer);
  if (!plans.empty() || !EnumsOf(file).empty()) {
    OpenNamespaces(file, printer);
    PrintProtobufDeclarations(file, plans, printer);
    OpenFileNamespace(file, printer);
    PrintForwardDeclarations(plans, &names, printer);
    PrintConstants(file, &names, printer);
    PrintViews(plans, &names, printer);
    PrintWriters(plans, &names, printer);
    for (const MessagePlan& plan : plans) {
      if (!plan.is_map_entry) PrintTypedEnds(plan, &names, printer);
    }
    CloseFileNamespace(file, printer);
    CloseNamespaces(file, printer);
    if (NamespaceParts(file).empty()) printer->Print("\n");
  }
  PrintFileDescription(file, printer);
  printer->Print("#endif  // $guard$\n", "guard", IncludeGuard(file));
}

}  // namespace ipmpsc::codegen
