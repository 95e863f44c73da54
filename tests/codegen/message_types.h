// Message types that between them have everything that a .proto file may say.
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

// New ones belong at the end: inputs of fuzzers name them by their place.
std::vector<MessageType> AllMessageTypes();

}  // namespace ipmpsc_test

#endif  // IPMPSC_TESTS_CODEGEN_MESSAGE_TYPES_H_
