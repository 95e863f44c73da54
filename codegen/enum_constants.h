// Prints the constants of an enum for programs without its .pb.h: FormatConstants::kFormatRgb.
#ifndef IPMPSC_CODEGEN_ENUM_CONSTANTS_H_
#define IPMPSC_CODEGEN_ENUM_CONSTANTS_H_

#include "codegen/file_plan.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

void PrintEnumConstants(const EnumPlan& plan, google::protobuf::io::Printer* printer);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_ENUM_CONSTANTS_H_
