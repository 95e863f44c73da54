#include "tests/codegen/schema_text.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "codegen/fingerprint.h"
#include "google/protobuf/compiler/parser.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "ipmpsc/schema/message_type.h"

namespace ipmpsc_test {
namespace {

class Complaints : public google::protobuf::io::ErrorCollector {
 public:
  // protobuf 3.21 calls the first function, later releases call the second.
  void AddError(int line, int column, const std::string& message) {
    RecordError(line, column, message);
  }
  void RecordError(int line, int column, absl::string_view message) {
    ADD_FAILURE() << line << ":" << column << ": " << message;
  }
};

}  // namespace

SchemaText::SchemaText(const std::string& text) : factory_(&pool_) {
  const size_t syntax = text.find(';');
  const std::string source = absl::StrCat("syntax = \"", text.substr(0, syntax), "\"; package p; ",
                                          text.substr(syntax + 1));
  google::protobuf::io::ArrayInputStream bytes(source.data(), static_cast<int>(source.size()));
  Complaints complaints;
  google::protobuf::io::Tokenizer tokenizer(&bytes, &complaints);
  google::protobuf::compiler::Parser parser;
  parser.RecordErrorsTo(&complaints);
  EXPECT_TRUE(parser.Parse(&tokenizer, &file_)) << source;
  file_.set_name("m.proto");
  const google::protobuf::FileDescriptor* const file = pool_.BuildFile(file_);
  EXPECT_NE(file, nullptr) << source;
  file_.Clear();
  file->CopyTo(&file_);  // with the resolved names of types
  descriptor_ = pool_.FindMessageTypeByName("p.M");
  wire_ = file_.SerializeAsString();
  description_.descriptor = wire_;
}

ipmpsc::schema::MessageType SchemaText::type() const {
  ipmpsc::schema::MessageType type = {};
  type.name = "p.M";
  type.fingerprint = ipmpsc::codegen::Fingerprint(*descriptor_);
  type.file = &description_;
  return type;
}

std::unique_ptr<google::protobuf::Message> SchemaText::NewMessage() {
  return std::unique_ptr<google::protobuf::Message>(factory_.GetPrototype(descriptor_)->New());
}

}  // namespace ipmpsc_test
