// Runs the plugin over arbitrary descriptors. For a file that protobuf accepts, it either generates
// the same output each time, or refuses the file with a reason.
//
// The first byte of an input selects the form of the rest. Even: a serialised FileDescriptorSet,
// whose files import only earlier ones. Odd: a program that draws a file (drawn_file.h), which
// protobuf accepts more often.
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "codegen/generator.h"
#include "google/protobuf/compiler/code_generator.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/zero_copy_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "ipmpsc/internal/require.h"
#include "tests/fuzz/drawn_file.h"
#include "tests/fuzz/input.h"
#include "tests/testing/quiet_protobuf.h"

namespace ipmpsc::fuzz {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using internal::Require;

// Keeps files in memory.
class MemoryContext : public google::protobuf::compiler::GeneratorContext {
 public:
  google::protobuf::io::ZeroCopyOutputStream* Open(const std::string& name) override {
    return new google::protobuf::io::StringOutputStream(&files_[name]);
  }

  const std::map<std::string, std::string>& files() const { return files_; }

 private:
  std::map<std::string, std::string> files_;
};

// Ignores errors, which are reported elsewhere.
class Silent : public DescriptorPool::ErrorCollector {
 public:
  // protobuf 3.21 calls the first function, later releases call the second.
  void AddError(const std::string&, const std::string&, const google::protobuf::Message*,
                ErrorLocation, const std::string&) {}
  void RecordError(absl::string_view, absl::string_view, const google::protobuf::Message*,
                   ErrorLocation, absl::string_view) {}
};

void Generate(const FileDescriptor& file) {
  const codegen::Generator generator;
  MemoryContext first;
  std::string error;
  const bool generated = generator.Generate(&file, "", &first, &error);
  Require(generated == error.empty(), "what is not generated has a reason");
  Require(!generated || first.files().size() == 3, "three headers are generated");
  for (const auto& [name, header] : first.files())
    Require(!generated || !header.empty(), name.c_str());
  MemoryContext second;
  std::string same_error;
  generator.Generate(&file, "", &second, &same_error);
  Require(first.files() == second.files() && error == same_error,
          "the same file gives the same header");
}

void GenerateAll(const FileDescriptorSet& set) {
  // Files can import well-known types and this library's options.
  DescriptorPool pool(DescriptorPool::generated_pool());
  Silent silent;
  for (const FileDescriptorProto& proto : set.file()) {
    // Later releases of protobuf crash on options whose text is not UTF-8.
    if (!FileDescriptorProto().ParsePartialFromString(proto.SerializePartialAsString())) continue;
    const FileDescriptor* const file = pool.BuildFileCollectingErrors(proto, &silent);
    if (file != nullptr) Generate(*file);
  }
}

}  // namespace
}  // namespace ipmpsc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ipmpsc::testing::QuietProtobuf silencer;
  ipmpsc::fuzz::Input input(data, size);
  google::protobuf::FileDescriptorSet set;
  if (input.Take<uint8_t>() % 2 == 0) {
    const absl::string_view bytes = input.TakeRest();
    if (!set.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()))) return 0;
  } else {
    ipmpsc::fuzz::DrawFile(&input, set.add_file());
  }
  ipmpsc::fuzz::GenerateAll(set);
  return 0;
}
