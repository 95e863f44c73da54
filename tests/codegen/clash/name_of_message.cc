#include "tests/codegen/clash/name_of_message.h"

#include <cstdint>
#include <string>

#include "tests/codegen/clash/frame_view.ipmpsc.h"
#include "tests/codegen/clash/frame_view.pb.h"

namespace ipmpsc_test::clash {

std::string NewMessage(const std::string& name, uint32_t width) {
  FrameView message;
  message.set_name(name);
  message.set_width(width);
  return message.SerializeAsString();
}

uint32_t WidthOfMessage(const std::string& wire) {
  FrameView message;
  return message.ParseFromString(wire) ? message.width() : 0;
}

std::string NameOfMessage(const std::string& wire) {
  FrameView message;
  return message.ParseFromString(wire) ? message.name() : "malformed";
}

}  // namespace ipmpsc_test::clash
