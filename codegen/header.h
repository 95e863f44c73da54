// Prints the header of a .proto file.
#ifndef IPMPSC_CODEGEN_HEADER_H_
#define IPMPSC_CODEGEN_HEADER_H_

#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

void PrintHeader(const google::protobuf::FileDescriptor& file,
                 google::protobuf::io::Printer* printer);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_HEADER_H_
