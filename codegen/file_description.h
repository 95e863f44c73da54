// Prints the file's descriptor, for the descriptions of channels.
#ifndef IPMPSC_CODEGEN_FILE_DESCRIPTION_H_
#define IPMPSC_CODEGEN_FILE_DESCRIPTION_H_

#include "codegen/file_plan.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

void PrintFileDescriptionDeclaration(const FilePlan& plan, google::protobuf::io::Printer* printer);
void PrintFileDescription(const FilePlan& plan, google::protobuf::io::Printer* printer);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_FILE_DESCRIPTION_H_
