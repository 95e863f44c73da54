#include "tests/codegen/installed/registry.h"

#include <vector>

namespace ipmpsc_test::installed {
namespace {

std::vector<TypesOfFile>& Files() {
  static auto* const files = new std::vector<TypesOfFile>;
  return *files;
}

}  // namespace

bool AddFile(TypesOfFile types) {
  Files().push_back(types);
  return true;
}

const std::vector<TypesOfFile>& AddedFiles() { return Files(); }

}  // namespace ipmpsc_test::installed
