// The message types of the .proto files in a test.
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

// Returns the types of one file. Called once the program is loaded.
using TypesOfFile = std::vector<InstalledType> (*)();

// Returns true.
bool AddFile(TypesOfFile types);

// Returns the files that were added while the program was loaded.
const std::vector<TypesOfFile>& AddedFiles();

// The expected number of files.
extern const int kFileCount;

}  // namespace ipmpsc_test::installed

#endif  // IPMPSC_TESTS_CODEGEN_INSTALLED_REGISTRY_H_
