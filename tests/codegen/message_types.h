// Message types that together cover all features of .proto files.
#ifndef IPMPSC_TESTS_CODEGEN_MESSAGE_TYPES_H_
#define IPMPSC_TESTS_CODEGEN_MESSAGE_TYPES_H_

#include <vector>

#include "google/protobuf/message.h"
#include "ipmpsc/wire/message_table.h"

namespace ipmpsc_test {

struct MessageType {
  const google::protobuf::Message* prototype;
  const ipmpsc::wire::MessageTable* table;
};

// New types belong at the end, since inputs of fuzzers select them by index.
std::vector<MessageType> AllMessageTypes();

}  // namespace ipmpsc_test

#endif  // IPMPSC_TESTS_CODEGEN_MESSAGE_TYPES_H_
