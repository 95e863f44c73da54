// Generator: generates the headers of each .proto file, see HeaderKind.
#ifndef IPMPSC_CODEGEN_GENERATOR_H_
#define IPMPSC_CODEGEN_GENERATOR_H_

#include <string>

#include "codegen/edition_generator.h"
#include "google/protobuf/compiler/code_generator.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

class Generator : public EditionGenerator {
 public:
  // There are no options: any `parameter` is an error.
  bool Generate(const google::protobuf::FileDescriptor* file, const std::string& parameter,
                google::protobuf::compiler::GeneratorContext* context,
                std::string* error) const override;
};

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_GENERATOR_H_
