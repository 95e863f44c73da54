// MessagePlan: the contents of the view and the writer of a message, decided before anything is
// printed. Printers take all names and decisions from here.
#ifndef IPMPSC_CODEGEN_MESSAGE_PLAN_H_
#define IPMPSC_CODEGEN_MESSAGE_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "codegen/field_kind.h"
#include "codegen/names.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

struct MessagePlan;

struct FieldPlan {
  const google::protobuf::FieldDescriptor* field;
  const FieldKind* kind;
  std::string accessor;       // as protobuf names it
  std::string member;         // the data member
  std::string type;           // of one value, in C++
  std::string container;      // of all values of a repeated field; empty for others
  std::string default_value;  // in C++; empty for messages
  std::string declaration;    // in the .proto file, quoted: "`uint32 width = 1`"
  std::string comment;        // in the .proto file
  std::string ranges;         // the array of the valid values of a closed enum
  int has_bit = -1;
  int oneof = -1;              // index in MessagePlan::oneofs
  std::string oneof_constant;  // "kCamera"
  uint32_t alignment = 0;      // of option (ipmpsc.field)
  // The writer of a message field, or of a map's message values.
  std::string writer;
  const MessagePlan* entry = nullptr;  // of a map
  // Whether the classes of its message, or of a map's message values, are defined further down in
  // the file. Functions that need them are then defined after all classes.
  bool is_deferred = false;

  bool is_message() const { return kind->shape == FieldKind::kMessage; }
};

struct OneofPlan {
  const google::protobuf::OneofDescriptor* oneof;
  std::string case_type;  // "DeviceCase"
  std::string not_set;    // "DEVICE_NOT_SET"
  std::string accessor;   // "device_case"
  std::string member;
};

// The valid values of a closed enum.
struct EnumRanges {
  const google::protobuf::EnumDescriptor* enum_type;
  std::string name;  // of the array
};

// A message within the message, under its name in the .proto file.
struct NestedPlan {
  std::string name;    // "Inner"
  std::string view;    // "Outer_InnerView"
  std::string writer;  // "::foo::in_x_2eproto::Outer_InnerWriter"
};

struct MessagePlan {
  const google::protobuf::Descriptor* message;
  bool is_map_entry = false;
  std::string type;  // protobuf's class: "::foo::Outer_Inner"
  // The generated classes. A map's entry has only a view; `writer` is that of the message with the
  // map.
  std::string view;
  std::string writer;
  std::string channel;
  std::string loan;
  std::string lease;
  std::string sender;
  std::string receiver;
  std::string tap;
  std::string qualified_writer;
  uint64_t fingerprint = 0;  // see Fingerprint
  std::vector<NestedPlan> nested;
  std::vector<FieldPlan> fields;  // by number
  std::vector<OneofPlan> oneofs;
  std::vector<EnumRanges> enum_ranges;
  std::string wire_member;
  std::string has_bits_member;
  int has_bit_count = 0;
  int required_count = 0;     // they have the lowest has bits
  bool needs_finish = false;  // it, or a message it may contain, has required fields or maps
  NameScope members;          // all names that are taken in the class
};

// Plans a message without the facts that depend on other messages of the file: `entry` and
// `is_deferred` of the fields.
MessagePlan PlanMessage(const google::protobuf::Descriptor& message, GeneratedNames* names);

// Returns the message of the field, or of a map's values, or null.
const google::protobuf::Descriptor* WrittenMessage(const google::protobuf::FieldDescriptor& field);

// A run of consecutive numbers that the enum lists. Runs ascend.
struct EnumRun {
  int first;
  int last;
};
std::vector<EnumRun> RunsOf(const google::protobuf::EnumDescriptor& enum_type);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_MESSAGE_PLAN_H_
