// Prints the typed ends of a message's channels: FrameChannel, FrameSender, FrameReceiver,
// FrameLease.
#ifndef IPMPSC_CODEGEN_TYPED_ENDS_H_
#define IPMPSC_CODEGEN_TYPED_ENDS_H_

#include "codegen/message_plan.h"
#include "codegen/names.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

void PrintTypedEnds(const MessagePlan& plan, google::protobuf::io::Printer* printer);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_TYPED_ENDS_H_
