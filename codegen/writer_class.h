// Prints the class of a writer.
#ifndef IPMPSC_CODEGEN_WRITER_CLASS_H_
#define IPMPSC_CODEGEN_WRITER_CLASS_H_

#include "codegen/message_plan.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

void PrintWriterClass(const MessagePlan& plan, google::protobuf::io::Printer* printer);

// Prints the setters that need the writer of a message further down in the file.
void PrintDeferredSetters(const MessagePlan& plan, google::protobuf::io::Printer* printer);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_WRITER_CLASS_H_
