// Compares a view with a message of protobuf, field by field, by the view's table and protobuf's
// reflection.
#ifndef IPMPSC_TESTS_CODEGEN_VIEW_DIFFERENCE_H_
#define IPMPSC_TESTS_CODEGEN_VIEW_DIFFERENCE_H_

#include <string>

#include "google/protobuf/message.h"
#include "ipmpsc/wire/message_table.h"

namespace ipmpsc_test {

// The first difference, as "path: what"; empty where there is none. Also takes the bytes that the
// view, and each view in it, says it was parsed from, and has protobuf parse those.
std::string ViewDifference(const ipmpsc::wire::MessageTable& table, const void* view,
                           const google::protobuf::Message& message);

}  // namespace ipmpsc_test

#endif  // IPMPSC_TESTS_CODEGEN_VIEW_DIFFERENCE_H_
