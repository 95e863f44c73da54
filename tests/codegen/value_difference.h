// What of a message that was written by one schema is not the same in it when it is read by another.
#ifndef IPMPSC_TESTS_CODEGEN_VALUE_DIFFERENCE_H_
#define IPMPSC_TESTS_CODEGEN_VALUE_DIFFERENCE_H_

#include <string>

#include "google/protobuf/message.h"

namespace ipmpsc_test {

// The first difference, as "field: written, read"; empty where there is none. Fields are told by
// their numbers, and only those that both schemas have are looked at.
std::string ValueDifference(const google::protobuf::Message& written,
                            const google::protobuf::Message& read);

}  // namespace ipmpsc_test

#endif  // IPMPSC_TESTS_CODEGEN_VALUE_DIFFERENCE_H_
