// The message types of the .proto files that a test is made of.
#ifndef IPMPSC_TESTS_CODEGEN_INSTALLED_REGISTRY_H_
#define IPMPSC_TESTS_CODEGEN_INSTALLED_REGISTRY_H_

#include <vector>

#include "ipmpsc/schema/message_type.h"
#include "tests/codegen/copier/copied_type.h"

namespace ipmpsc_test::installed {

struct InstalledType {
  copier::CopiedType classes;
  const ipmpsc::schema::MessageType* type;
};

// Those of one file. Called when the program has been loaded.
using TypesOfFile = std::vector<InstalledType> (*)();

// Returns true.
bool AddFile(TypesOfFile types);

// The entries that were added while the program was loaded.
const std::vector<TypesOfFile>& AddedFiles();

// How many there should be.
extern const int kFileCount;

}  // namespace ipmpsc_test::installed

#endif  // IPMPSC_TESTS_CODEGEN_INSTALLED_REGISTRY_H_
