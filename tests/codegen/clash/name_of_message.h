// Reads and writes the message FrameView by protobuf's class of that name.
#ifndef TESTS_CODEGEN_CLASH_NAME_OF_MESSAGE_H_
#define TESTS_CODEGEN_CLASH_NAME_OF_MESSAGE_H_

#include <cstdint>
#include <string>

namespace ipmpsc_test::clash {

// Returns the serialised message.
std::string NewMessage(const std::string& name, uint32_t width);
uint32_t WidthOfMessage(const std::string& wire);
std::string NameOfMessage(const std::string& wire);

}  // namespace ipmpsc_test::clash

#endif  // TESTS_CODEGEN_CLASH_NAME_OF_MESSAGE_H_
