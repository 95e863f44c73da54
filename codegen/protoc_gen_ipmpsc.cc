// protoc-gen-ipmpsc: the plugin that protoc runs for --ipmpsc_out.
#include "codegen/generator.h"
#include "google/protobuf/compiler/plugin.h"

int main(int argc, char** argv) {
  const ipmpsc::codegen::Generator generator;
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}
