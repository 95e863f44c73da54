// Compares a message that was written by one schema with its reading by another.
#ifndef IPMPSC_TESTS_CODEGEN_VALUE_DIFFERENCE_H_
#define IPMPSC_TESTS_CODEGEN_VALUE_DIFFERENCE_H_

#include <string>

#include "google/protobuf/message.h"

namespace ipmpsc_test {

// Returns the first difference as "field: written, read", or "". Fields are matched by number. Only
// fields of both schemas are compared.
std::string ValueDifference(const google::protobuf::Message& written,
                            const google::protobuf::Message& read);

}  // namespace ipmpsc_test

#endif  // IPMPSC_TESTS_CODEGEN_VALUE_DIFFERENCE_H_
