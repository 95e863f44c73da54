// Prints the class of a view.
#ifndef IPMPSC_CODEGEN_VIEW_CLASS_H_
#define IPMPSC_CODEGEN_VIEW_CLASS_H_

#include "codegen/message_plan.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

void PrintViewClass(const MessagePlan& plan, google::protobuf::io::Printer* printer);

// Prints the accessors that need the view of a message further down in the file.
void PrintDeferredAccessors(const MessagePlan& plan, google::protobuf::io::Printer* printer);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_VIEW_CLASS_H_
