#include "codegen/file_plan.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "codegen/c_names.h"
#include "codegen/fingerprint.h"
#include "codegen/macros.h"
#include "codegen/message_plan.h"
#include "codegen/names.h"
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

std::vector<const FileDescriptor*> VisibleFiles(const FileDescriptor& file) {
  std::vector<const FileDescriptor*> files;
  for (int i = 0; i < file.dependency_count(); ++i) TakePublicImports(*file.dependency(i), &files);
  return files;
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

}  // namespace

FilePlan PlanFile(const FileDescriptor& file) {
  FilePlan plan;
  plan.file = &file;
  plan.symbol = FileSymbol(file);
  plan.package_namespace = PackageNamespace(file);
  plan.file_namespace = FileNamespace(file);
  plan.file_alias = absl::StrCat("in_", plan.symbol);
  plan.macros = PossibleMacros(file);
  plan.fingerprint = Fingerprint(file);
  plan.visible_files = VisibleFiles(file);
  std::set<const FileDescriptor*> seen;
  plan.package_beside_status = PackageBesideStatus(file, &seen);
  GeneratedNames names;
  for (const Descriptor* message : MessagesOf(file)) {
    plan.messages.push_back(PlanMessage(*message, &names));
  }
  for (const EnumDescriptor* enum_type : EnumsOf(file)) {
    plan.enums.push_back(
        {enum_type, QualifiedEnumName(*enum_type), names.Name(*enum_type, "Constants")});
  }
  return plan;
}

}  // namespace ipmpsc::codegen
