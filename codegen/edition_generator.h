// EditionGenerator: a CodeGenerator that tells protoc which editions and features the plugin
// supports. Only this file and syntax.h depend on the release of protobuf. Editions exist from
// release 27 on.
#ifndef IPMPSC_CODEGEN_EDITION_GENERATOR_H_
#define IPMPSC_CODEGEN_EDITION_GENERATOR_H_

#include <cstdint>
#include <vector>

#include "google/protobuf/compiler/code_generator.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/stubs/common.h"
#if GOOGLE_PROTOBUF_VERSION >= 5027000
#include "google/protobuf/cpp_features.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/extension_set.h"
#endif

namespace ipmpsc::codegen {

class EditionGenerator : public google::protobuf::compiler::CodeGenerator {
 public:
#if GOOGLE_PROTOBUF_VERSION >= 5027000
  uint64_t GetSupportedFeatures() const override {
    return FEATURE_PROTO3_OPTIONAL | FEATURE_SUPPORTS_EDITIONS;
  }
  // Without these features the plugin does not learn that proto2 treats every enum as closed.
  std::vector<const google::protobuf::FieldDescriptor*> GetFeatureExtensions() const override {
    return {google::protobuf::GetExtensionReflection(pb::cpp)};
  }
  google::protobuf::Edition GetMinimumEdition() const override {
    return google::protobuf::EDITION_PROTO2;
  }
  google::protobuf::Edition GetMaximumEdition() const override {
    return google::protobuf::EDITION_2024;
  }
#else
  uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }
#endif
};

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_EDITION_GENERATOR_H_
