#include "codegen/file_plan.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "codegen/c_names.h"
#include "codegen/fingerprint.h"
#include "codegen/macros.h"
#include "codegen/message_plan.h"
#include "codegen/names.h"
#include "codegen/service_plan.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FileDescriptor;

namespace {

void TakePublicImports(const FileDescriptor& file, std::vector<const FileDescriptor*>* files) {
  if (std::find(files->begin(), files->end(), &file) != files->end()) return;
  files->push_back(&file);
  for (int i = 0; i < file.public_dependency_count(); ++i) {
    TakePublicImports(*file.public_dependency(i), files);
  }
}

std::vector<VisibleFile> VisibleFiles(const FileDescriptor& file) {
  std::vector<const FileDescriptor*> files;
  for (int i = 0; i < file.dependency_count(); ++i) TakePublicImports(*file.dependency(i), &files);
  std::vector<VisibleFile> visible;
  for (const FileDescriptor* visible_file : files) {
    visible.push_back(
        {std::string(visible_file->name()), FileSymbol(*visible_file), Fingerprint(*visible_file)});
  }
  return visible;
}

std::string PackageBesideStatus(const FileDescriptor& file, std::set<const FileDescriptor*>* seen) {
  if (!seen->insert(&file).second) return "";
  const std::vector<std::string> parts = NamespaceParts(file);
  if (!parts.empty() && FindCName(parts[0]) == CName::kBesideStatus) {
    return std::string(file.package());
  }
  for (int i = 0; i < file.dependency_count(); ++i) {
    const std::string package = PackageBesideStatus(*file.dependency(i), seen);
    if (!package.empty()) return package;
  }
  return "";
}

// Decides what depends on the order of the messages and on where their plans are.
void LinkMessages(FilePlan* plan) {
  std::map<const Descriptor*, size_t> indices;
  for (size_t i = 0; i < plan->messages.size(); ++i) indices[plan->messages[i].message] = i;
  for (size_t i = 0; i < plan->messages.size(); ++i) {
    for (FieldPlan& field : plan->messages[i].fields) {
      if (field.field->is_map()) {
        field.entry = &plan->messages[indices.at(field.field->message_type())];
      }
      const auto written = indices.find(WrittenMessage(*field.field));
      field.is_deferred = written != indices.end() && written->second > i;
    }
  }
}

}  // namespace

FilePlan PlanFile(const FileDescriptor& file) {
  FilePlan plan;
  plan.file = &file;
  plan.stem = HeaderStem(file);
  plan.symbol = FileSymbol(file);
  plan.package_namespace = PackageNamespace(file);
  plan.file_namespace = FileNamespace(file);
  plan.file_alias = absl::StrCat("in_", plan.symbol);
  plan.macros = PossibleMacros(file);
  plan.fingerprint = Fingerprint(file);
  plan.visible_files = VisibleFiles(file);
  for (int i = 0; i < file.dependency_count(); ++i) {
    plan.imports.push_back({HeaderStem(*file.dependency(i)), FileSymbol(*file.dependency(i))});
  }
  std::set<const FileDescriptor*> seen;
  plan.package_beside_status = PackageBesideStatus(file, &seen);
  GeneratedNames names;
  for (const Descriptor* message : MessagesOf(file)) {
    plan.messages.push_back(PlanMessage(*message, &names));
  }
  LinkMessages(&plan);
  for (const EnumDescriptor* enum_type : EnumsOf(file)) {
    plan.enums.push_back(
        {enum_type, QualifiedEnumName(*enum_type), names.Name(*enum_type, "Constants")});
  }
  for (int i = 0; i < file.service_count(); ++i) {
    if (!TravelsOverChannels(*file.service(i))) continue;
    plan.services.push_back(PlanService(*file.service(i), &names));
  }
  return plan;
}

}  // namespace ipmpsc::codegen
