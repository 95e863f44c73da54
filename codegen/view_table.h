// Prints the tables that the parser of a view uses.
#ifndef IPMPSC_CODEGEN_VIEW_TABLE_H_
#define IPMPSC_CODEGEN_VIEW_TABLE_H_

#include "codegen/message_plan.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

void PrintViewTable(const MessagePlan& plan, google::protobuf::io::Printer* printer);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_VIEW_TABLE_H_
