#include "tests/fuzz/drawn_file.h"

#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.pb.h"
#include "ipmpsc/channel.pb.h"

namespace ipmpsc::fuzz {

using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;
using google::protobuf::OneofDescriptorProto;

namespace {

constexpr uint32_t kMostDepth = 4;

const char* const kNames[] = {
    "A",     "B",      "a",        "value",       "class",     "int",     "has_a",    "a_size",
    "a_",    "wire_",  "wire",     "Parse",       "kTable_",   "kEmpty_", "AView",    "ASender",
    "View",  "Bytes",  "a_case",   "ACase",       "A_NOT_SET", "kA",      "has_bits", "has_bits_",
    "std",   "absl",   "ipmpsc",   "string_view", "_",         "__",      "NULL",     "DebugString",
    "Entry", "AEntry", "kFields_", "Message",     "new",       "x1",      "X_1",      "camelCase",
};

class Drawing {
 public:
  Drawing(Input* input, FileDescriptorProto* file) : input_(*input), file_(*file) {}

  void DrawAll() {
    constexpr const char* kPaths[] = {"a.proto", "a/b-c.proto", "1", "", "a..b/\xc3\xa4 \".proto"};
    constexpr const char* kPackages[] = {"", "a", "std", "class.int", "A.B.c", "ipmpsc.view"};
    file_.set_name(kPaths[input_.Pick(std::size(kPaths))]);
    file_.set_package(kPackages[input_.Pick(std::size(kPackages))]);
    const uint32_t kind = input_.Pick(4);
    is_proto3_ = kind % 2 == 1;
    if (is_proto3_) file_.set_syntax("proto3");
    if (kind >= 2) file_.add_dependency("google/protobuf/descriptor.proto");
    scope_ = file_.package().empty() ? "" : absl::StrCat(".", file_.package());
    // Types that are available to every field from the beginning.
    DrawEnum("E", file_.add_enum_type());
    enums_.push_back(scope_ + ".E");
    for (uint32_t i = 0; i < 8 && !input_.empty(); ++i) {
      DrawMessage(scope_, 0, file_.add_message_type());
    }
  }

 private:
  // Sometimes draws a name from the input itself.
  std::string DrawName() {
    const uint32_t choice = input_.Pick(64);
    if (choice < std::size(kNames)) return kNames[choice];
    if (choice < 60) return absl::StrCat("n", ++names_);
    return std::string(input_.TakeBytes(input_.Pick(16)));
  }

  void DrawEnum(const std::string& name, EnumDescriptorProto* enum_type) {
    enum_type->set_name(name);
    enum_type->mutable_options()->set_allow_alias(true);
    const uint32_t values = 1 + input_.Pick(4);
    for (uint32_t i = 0; i < values; ++i) {
      auto* const value = enum_type->add_value();
      value->set_name(i % 2 == 0 ? absl::StrCat(name, "_", ++names_) : DrawName());
      value->set_number(i == 0 && is_proto3_ ? 0 : DrawNumber());
    }
  }

  int32_t DrawNumber() {
    constexpr int32_t kNumbers[] = {0, 1, 2, -1, INT32_MIN, INT32_MAX, INT32_MAX - 1, 17};
    const uint32_t choice = input_.Pick(16);
    return choice < std::size(kNumbers) ? kNumbers[choice] : input_.Take<int32_t>();
  }

  void DrawMessage(const std::string& scope, uint32_t depth, DescriptorProto* message) {
    message->set_name(DrawName());
    const std::string own = absl::StrCat(scope, ".", message->name());
    messages_.push_back(own);
    DrawOptions(message);
    const uint32_t nested = depth < kMostDepth ? input_.Pick(4) : 0;
    for (uint32_t i = 0; i + 1 < nested; ++i)
      DrawMessage(own, depth + 1, message->add_nested_type());
    if (nested == 1) {
      const std::string name = DrawName();
      DrawEnum(name, message->add_enum_type());
      enums_.push_back(absl::StrCat(own, ".", name));
    }
    const uint32_t oneofs = input_.Pick(4) == 0 ? 1 + input_.Pick(2) : 0;
    for (uint32_t i = 0; i < oneofs; ++i) {
      message->add_oneof_decl()->set_name(DrawName());
      DrawField(own, static_cast<int>(i), message);
    }
    for (uint32_t fields = input_.Pick(12); fields > 0; --fields) DrawField(own, -1, message);
  }

  void DrawOptions(DescriptorProto* message) {
    switch (input_.Pick(16)) {
      case 0: {
        auto* const channel = message->mutable_options()->MutableExtension(ipmpsc::channel);
        channel->set_name(DrawName());
        channel->set_capacity(input_.Take<uint64_t>() >> input_.Pick(64));
        channel->set_max_senders(input_.Take<uint16_t>());
        break;
      }
      case 1:
        message->mutable_options()->set_message_set_wire_format(true);
        break;
      case 2:
        message->add_extension_range()->set_start(100);
        message->mutable_extension_range(0)->set_end(200);
        break;
      default:
        break;
    }
  }

  // Members of a oneof have its index.
  void DrawField(const std::string& scope, int oneof, DescriptorProto* message) {
    FieldDescriptorProto* const field = message->add_field();
    field->set_name(DrawName());
    const uint32_t number = input_.Pick(32);
    field->set_number(number < 24   ? message->field_size()
                      : number < 28 ? 1000 + message->field_size()
                                    : DrawNumber());
    const uint32_t label = input_.Pick(8);
    field->set_label(oneof >= 0 || label < 4 ? FieldDescriptorProto::LABEL_OPTIONAL
                     : label < 7             ? FieldDescriptorProto::LABEL_REPEATED
                                             : FieldDescriptorProto::LABEL_REQUIRED);
    if (oneof >= 0) field->set_oneof_index(oneof);
    const uint32_t type = input_.Pick(20);
    if (type == 19 && oneof < 0) {
      DrawMap(scope, field, message);
      return;
    }
    field->set_type(static_cast<FieldDescriptorProto::Type>(1 + type % 18));
    DrawType(scope, field, message);
    if (input_.Pick(4) == 0) DrawDefault(field);
    if (input_.Pick(8) == 0) field->mutable_options()->set_packed(true);
    if (is_proto3_ && oneof < 0 && input_.Pick(8) == 0) {
      field->set_proto3_optional(true);
      field->set_oneof_index(message->oneof_decl_size());
      OneofDescriptorProto* const synthetic = message->add_oneof_decl();
      synthetic->set_name(absl::StrCat("_", field->name()));
    }
  }

  void DrawType(const std::string& scope, FieldDescriptorProto* field, DescriptorProto* message) {
    if (field->type() == FieldDescriptorProto::TYPE_ENUM) {
      field->set_type_name(enums_[input_.Take<uint8_t>() % enums_.size()]);
    } else if (field->type() == FieldDescriptorProto::TYPE_MESSAGE) {
      field->set_type_name(messages_[input_.Take<uint8_t>() % messages_.size()]);
    } else if (field->type() == FieldDescriptorProto::TYPE_GROUP) {
      DescriptorProto* const group = message->add_nested_type();
      group->set_name(absl::StrCat("Group", ++names_));
      field->set_name(absl::AsciiStrToLower(group->name()));
      field->set_type_name(absl::StrCat(scope, ".", group->name()));
      FieldDescriptorProto* const inside = group->add_field();
      inside->set_name(DrawName());
      inside->set_number(1);
      inside->set_type(FieldDescriptorProto::TYPE_INT32);
      inside->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
    }
  }

  void DrawMap(const std::string& scope, FieldDescriptorProto* field, DescriptorProto* message) {
    // protoc derives the entry's name from the field's name in the same way.
    field->set_name(absl::StrCat("m", ++names_));
    DescriptorProto* const entry = message->add_nested_type();
    entry->set_name(absl::StrCat("M", field->name().substr(1), "Entry"));
    entry->mutable_options()->set_map_entry(true);
    for (const char* const name : {"key", "value"}) {
      FieldDescriptorProto* const part = entry->add_field();
      part->set_name(name);
      part->set_number(entry->field_size());
      part->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
      part->set_type(static_cast<FieldDescriptorProto::Type>(1 + input_.Pick(18)));
      if (part->type() != FieldDescriptorProto::TYPE_GROUP) DrawType(scope, part, entry);
    }
    field->set_label(FieldDescriptorProto::LABEL_REPEATED);
    field->set_type(FieldDescriptorProto::TYPE_MESSAGE);
    field->set_type_name(absl::StrCat(scope, ".", entry->name()));
  }

  void DrawDefault(FieldDescriptorProto* field) {
    constexpr const char* kDefaults[] = {"0",
                                         "1",
                                         "-1",
                                         "-2147483648",
                                         "2147483647",
                                         "-9223372036854775808",
                                         "18446744073709551615",
                                         "inf",
                                         "-inf",
                                         "nan",
                                         "1e-320",
                                         "1.5e300",
                                         "true",
                                         "false"};
    if (field->type() == FieldDescriptorProto::TYPE_STRING ||
        field->type() == FieldDescriptorProto::TYPE_BYTES) {
      field->set_default_value(std::string(input_.TakeBytes(input_.Pick(16))));
    } else if (field->type() == FieldDescriptorProto::TYPE_ENUM) {
      field->set_default_value("E_1");
    } else {
      field->set_default_value(kDefaults[input_.Pick(std::size(kDefaults))]);
    }
  }

  Input& input_;
  FileDescriptorProto& file_;
  bool is_proto3_ = false;
  std::string scope_;  // "" or ".package"
  std::vector<std::string> messages_;
  std::vector<std::string> enums_;
  int names_ = 0;
};

}  // namespace

void DrawFile(Input* input, FileDescriptorProto* file) { Drawing(input, file).DrawAll(); }

}  // namespace ipmpsc::fuzz
