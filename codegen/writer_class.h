// Prints the class of a writer.
#ifndef IPMPSC_CODEGEN_WRITER_CLASS_H_
#define IPMPSC_CODEGEN_WRITER_CLASS_H_

#include <set>
#include <vector>

#include "codegen/message_plan.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

// A setter that needs a class which is defined further down. It is defined after all classes.
struct DeferredSetter {
  const MessagePlan* message;
  const FieldPlan* field;
};

// `defined` is the set of this file's messages whose writers are already printed.
void PrintWriterClass(const MessagePlan& plan,
                      const std::set<const google::protobuf::Descriptor*>& defined,
                      google::protobuf::io::Printer* printer,
                      std::vector<DeferredSetter>* deferred);
void PrintDeferredSetter(const DeferredSetter& setter, google::protobuf::io::Printer* printer);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_WRITER_CLASS_H_
