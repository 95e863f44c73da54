// Prints the channel, the ends, the loan and the lease of a message.
#ifndef IPMPSC_CODEGEN_TYPED_ENDS_H_
#define IPMPSC_CODEGEN_TYPED_ENDS_H_

#include "codegen/file_plan.h"
#include "codegen/message_plan.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

void PrintTypedEnds(const FilePlan& file, const MessagePlan& plan,
                    google::protobuf::io::Printer* printer);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_TYPED_ENDS_H_
