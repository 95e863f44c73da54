#include "codegen/generator.h"

#include <iostream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "codegen/check.h"
#include "codegen/file_plan.h"
#include "codegen/header.h"
#include "codegen/names.h"
#include "codegen/warnings.h"
#include "google/protobuf/compiler/code_generator.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/printer.h"
#include "google/protobuf/io/zero_copy_stream.h"

namespace ipmpsc::codegen {

using google::protobuf::FileDescriptor;
using google::protobuf::compiler::GeneratorContext;

bool Generator::Generate(const FileDescriptor* file, const std::string& parameter,
                         GeneratorContext* context, std::string* error) const {
  if (!parameter.empty()) {
    *error = absl::StrCat("protoc-gen-ipmpsc has no option \"", parameter, "\"");
    return false;
  }
  // protoc puts the file's name before the error.
  if (const absl::Status status = CheckFile(*file); !status.ok()) {
    *error = std::string(status.message());
    return false;
  }
  const FilePlan plan = PlanFile(*file);
  if (!plan.services.empty() && !plan.package_beside_status.empty()) {
    *error =
        absl::StrCat(plan.services[0].service->full_name(),
                     ": there is no client and no server in a file that has or imports package \"",
                     plan.package_beside_status,
                     "\", which has the name of a function of the C library; rename the "
                     "package, or remove option (ipmpsc.service)");
    return false;
  }
  for (const std::string& warning : FindWarnings(plan)) {
    std::cerr << file->name() << ": warning: " << warning << "\n";
  }
  for (const HeaderKind kind : {HeaderKind::kForward, HeaderKind::kViews, HeaderKind::kWhole}) {
    const std::string name = HeaderName(plan.stem, kind);
    const std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> output(context->Open(name));
    google::protobuf::io::Printer printer(output.get(), '$');
    printer.PrintRaw(PrintHeader(plan, kind));
    if (printer.failed()) {
      *error = absl::StrCat(name, " cannot be written");
      return false;
    }
  }
  return true;
}

}  // namespace ipmpsc::codegen
