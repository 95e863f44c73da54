// Prints the headers of a .proto file.
#ifndef IPMPSC_CODEGEN_HEADER_H_
#define IPMPSC_CODEGEN_HEADER_H_

#include "codegen/file_plan.h"
#include "codegen/names.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

void PrintHeader(const FilePlan& plan, HeaderKind kind, google::protobuf::io::Printer* printer);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_HEADER_H_
