// SchemaText: a message type built at run time from the text of a .proto file. A test can have two
// schemas of one message.
#ifndef IPMPSC_TESTS_CODEGEN_SCHEMA_TEXT_H_
#define IPMPSC_TESTS_CODEGEN_SCHEMA_TEXT_H_

#include <memory>
#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/message.h"
#include "ipmpsc/schema/message_type.h"

namespace ipmpsc_test {

class SchemaText {
 public:
  // Builds message M of package p. `text` begins with the syntax: "proto3; message M { ... }".
  explicit SchemaText(const std::string& text);

  // As a generated header would have it.
  ipmpsc::schema::MessageType type() const;
  std::unique_ptr<google::protobuf::Message> NewMessage();
  const google::protobuf::FileDescriptorProto& file() const { return file_; }

 private:
  google::protobuf::FileDescriptorProto file_;
  google::protobuf::DescriptorPool pool_;
  const google::protobuf::Descriptor* descriptor_;
  google::protobuf::DynamicMessageFactory factory_;
  std::string wire_;
  ipmpsc::schema::FileDescription description_ = {};
};

}  // namespace ipmpsc_test

#endif  // IPMPSC_TESTS_CODEGEN_SCHEMA_TEXT_H_
