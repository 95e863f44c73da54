// Generator: one .ipmpsc.h for each .proto file.
#ifndef IPMPSC_CODEGEN_GENERATOR_H_
#define IPMPSC_CODEGEN_GENERATOR_H_

#include <cstdint>
#include <string>

#include "google/protobuf/compiler/code_generator.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

class Generator : public google::protobuf::compiler::CodeGenerator {
 public:
  // There are no options, so any in `parameter` is an error that names it.
  bool Generate(const google::protobuf::FileDescriptor* file, const std::string& parameter,
                google::protobuf::compiler::GeneratorContext* context,
                std::string* error) const override;

  uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }
};

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_GENERATOR_H_
