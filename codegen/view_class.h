// Prints the class of a view.
#ifndef IPMPSC_CODEGEN_VIEW_CLASS_H_
#define IPMPSC_CODEGEN_VIEW_CLASS_H_

#include <set>
#include <vector>

#include "codegen/message_plan.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

// An accessor that needs a class which is defined further down. It is defined after all classes.
struct DeferredAccessor {
  const MessagePlan* message;
  const FieldPlan* field;
};

// `defined` is the set of this file's messages whose views are already printed.
void PrintViewClass(const MessagePlan& plan,
                    const std::set<const google::protobuf::Descriptor*>& defined,
                    google::protobuf::io::Printer* printer,
                    std::vector<DeferredAccessor>* deferred);

void PrintDeferredAccessor(const DeferredAccessor& accessor,
                           google::protobuf::io::Printer* printer);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_VIEW_CLASS_H_
