// MessagePlan: the contents of the view and the writer of a message, decided before anything is
// printed.
#ifndef IPMPSC_CODEGEN_MESSAGE_PLAN_H_
#define IPMPSC_CODEGEN_MESSAGE_PLAN_H_

#include <memory>
#include <string>
#include <vector>

#include "codegen/names.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

struct MessagePlan;

struct FieldPlan {
  const google::protobuf::FieldDescriptor* field;
  std::string accessor;       // as protobuf names it
  std::string member;         // the data member
  std::string type;           // of one value, in C++
  std::string default_value;  // in C++; empty for messages
  int has_bit = -1;
  int oneof = -1;              // index in MessagePlan::oneofs
  std::string oneof_constant;  // "kCamera"
  // The writer of a message field, or of a map's message values.
  std::string writer;
  std::shared_ptr<const MessagePlan> entry;  // of a map
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
  // The generated classes. A map's entry has only a view.
  std::string view;
  std::string writer;
  std::string channel;
  std::string loan;
  std::string lease;
  std::string sender;
  std::string receiver;
  std::string qualified_writer;
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

MessagePlan PlanMessage(const google::protobuf::Descriptor& message, GeneratedNames* names);

bool IsMessage(const google::protobuf::FieldDescriptor& field);

// A run of consecutive numbers that the enum lists. Runs ascend.
struct EnumRun {
  int first;
  int last;
};
std::vector<EnumRun> RunsOf(const google::protobuf::EnumDescriptor& enum_type);
std::string EnumNumber(int number);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_MESSAGE_PLAN_H_
