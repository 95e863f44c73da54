// FilePlan: the contents of the headers of a .proto file, decided before anything is printed.
#ifndef IPMPSC_CODEGEN_FILE_PLAN_H_
#define IPMPSC_CODEGEN_FILE_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "codegen/message_plan.h"
#include "codegen/names.h"
#include "codegen/service_plan.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

struct EnumPlan {
  const google::protobuf::EnumDescriptor* descriptor;
  std::string type;       // protobuf's: "::foo::Format"
  std::string constants;  // "FormatConstants"
};

struct ImportPlan {
  std::string stem;    // "camera/frame"
  std::string symbol;  // "camera_2fframe_2eproto"
};

// A file whose types this file may use: an import, or a public import of one.
struct VisibleFile {
  std::string path;    // "camera/frame.proto"
  std::string symbol;  // "camera_2fframe_2eproto"
  uint64_t fingerprint;
};

struct FilePlan {
  const google::protobuf::FileDescriptor* file;
  std::string stem;               // "camera/frame"
  std::string symbol;             // "camera_2fframe_2eproto"
  std::string package_namespace;  // "foo::bar"; empty without a package
  std::string file_namespace;     // "foo::in_camera_2fframe_2eproto"
  std::string file_alias;         // "in_camera_2fframe_2eproto"
  std::vector<MessagePlan> messages;
  std::vector<EnumPlan> enums;
  std::vector<ServicePlan> services;  // those that travel over channels
  std::vector<std::string> macros;    // see PossibleMacros
  uint64_t fingerprint;               // see Fingerprint
  std::vector<ImportPlan> imports;
  std::vector<VisibleFile> visible_files;
  // The package, of this file or an import, that has the name of a function which
  // absl/status/statusor.h declares. Empty if there is none. With such a package the file gets no
  // writers and no typed ends, which need that header.
  std::string package_beside_status;

  FilePlan() = default;
  // Messages point to each other.
  FilePlan(FilePlan&&) = default;

  bool IsEmpty() const { return messages.empty() && enums.empty() && services.empty(); }
};

FilePlan PlanFile(const google::protobuf::FileDescriptor& file);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_FILE_PLAN_H_
