#include "codegen/warnings.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "codegen/c_names.h"
#include "codegen/file_plan.h"
#include "codegen/names.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

using google::protobuf::FileDescriptor;

namespace {

bool IsOurs(const FileDescriptor& file) {
  return file.name() == "ipmpsc/channel.proto" || file.name() == "ipmpsc/field.proto" ||
         file.name() == "ipmpsc/info.proto" || file.name() == "ipmpsc/service.proto";
}

// Whether a header that programs include declares classes in the namespace. Other packages below
// `ipmpsc`, such as ipmpsc.examples, are in no class's way.
bool HasOurClasses(const std::vector<std::string>& parts) {
  if (parts[0] != "ipmpsc") return false;
  if (parts.size() == 1) return true;
  constexpr absl::string_view kInner[] = {"internal", "recording", "rpc",  "schema",
                                          "typed",    "view",      "wire", "writer"};
  return std::find(std::begin(kInner), std::end(kInner), parts[1]) != std::end(kInner);
}

// The outermost name of the package is in the way.
std::string Rename(absl::string_view package) {
  const size_t outermost = std::min(package.find('.'), package.size());
  return absl::StrCat("; rename the package, for example to \"", package.substr(0, outermost),
                      "_messages", package.substr(outermost), "\"");
}

}  // namespace

std::vector<std::string> FindWarnings(const FilePlan& plan) {
  const FileDescriptor& file = *plan.file;
  std::vector<std::string> warnings;
  if (!plan.package_beside_status.empty()) {
    warnings.push_back(absl::StrCat(
        "package \"", plan.package_beside_status,
        "\" has the name of a function of the C library: the header gets views, but no writers, "
        "loans, senders and receivers",
        Rename(plan.package_beside_status)));
  }
  const std::vector<std::string> parts = NamespaceParts(file);
  if (parts.empty()) return warnings;
  if (FindCName(parts[0]) == CName::kEverywhere) {
    warnings.push_back(
        absl::StrCat("package \"", file.package(),
                     "\" has the name of a declaration of the C library: neither this "
                     "header nor the .pb.h will compile",
                     Rename(file.package())));
  }
  if (parts[0] == "std" || parts[0] == "absl" || (HasOurClasses(parts) && !IsOurs(file))) {
    warnings.push_back(
        absl::StrCat("package \"", file.package(), "\" is in C++ namespace ", parts[0],
                     ", which belongs to another library: a message with the name of a class "
                     "there will not compile",
                     Rename(file.package())));
  }
  return warnings;
}

}  // namespace ipmpsc::codegen
