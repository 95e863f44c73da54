// Prints the file's descriptor, for the descriptions of channels.
#ifndef IPMPSC_CODEGEN_FILE_DESCRIPTION_H_
#define IPMPSC_CODEGEN_FILE_DESCRIPTION_H_

#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

// Returns "::ipmpsc::message::files::camera_2fframe_2eproto".
std::string FileDescriptionName(const google::protobuf::FileDescriptor& file);

void PrintFileDescriptionDeclaration(const google::protobuf::FileDescriptor& file,
                                     google::protobuf::io::Printer* printer);
void PrintFileDescription(const google::protobuf::FileDescriptor& file,
                          google::protobuf::io::Printer* printer);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_FILE_DESCRIPTION_H_
