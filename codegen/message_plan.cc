#include "codegen/message_plan.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "codegen/literals.h"
#include "codegen/names.h"
#include "codegen/syntax.h"
#include "google/protobuf/compiler/cpp/names.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace ipmpsc::codegen {

namespace cpp = google::protobuf::compiler::cpp;
using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::OneofDescriptor;

namespace {

// Returns the view of `type`, unqualified if that means the same within the view's class.
std::string ViewType(const MessagePlan& plan, const Descriptor& type, GeneratedNames* names) {
  std::string name = names->Name(type, "View");
  return type.file() == plan.message->file() && !plan.members.Contains(name)
             ? name
             : names->QualifiedName(type, "View");
}

std::string ValueType(const MessagePlan& plan, const FieldDescriptor& field,
                      GeneratedNames* names) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return "int32_t";
    case FieldDescriptor::CPPTYPE_INT64:
      return "int64_t";
    case FieldDescriptor::CPPTYPE_UINT32:
      return "uint32_t";
    case FieldDescriptor::CPPTYPE_UINT64:
      return "uint64_t";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "double";
    case FieldDescriptor::CPPTYPE_FLOAT:
      return "float";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "bool";
    case FieldDescriptor::CPPTYPE_ENUM:
      return QualifiedEnumName(*field.enum_type());
    case FieldDescriptor::CPPTYPE_STRING:
      return "::absl::string_view";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ViewType(plan, *field.message_type(), names);
  }
  return "";
}

void NameClasses(MessagePlan* plan, GeneratedNames* names) {
  const Descriptor& message = *plan->message;
  plan->view = names->Name(message, "View");
  if (plan->is_map_entry) return;
  plan->type = QualifiedMessageName(message);
  plan->writer = names->Name(message, "Writer");
  plan->channel = names->Name(message, "Channel");
  plan->loan = names->Name(message, "Loan");
  plan->lease = names->Name(message, "Lease");
  plan->sender = names->Name(message, "Sender");
  plan->receiver = names->Name(message, "Receiver");
  plan->qualified_writer = names->QualifiedName(message, "Writer");
  for (int i = 0; i < message.nested_type_count(); ++i) {
    const Descriptor& nested = *message.nested_type(i);
    if (nested.options().map_entry()) continue;
    plan->nested.push_back({std::string(nested.name()), names->Name(nested, "View"),
                            names->QualifiedName(nested, "Writer")});
  }
}

// Returns the writer of the field's message, or of the map's message values, unqualified if that
// means the same within the message's writer. Returns "" for a field without messages.
std::string WriterOf(const MessagePlan& plan, const FieldDescriptor& field, GeneratedNames* names) {
  const Descriptor* const type =
      field.is_map() ? field.message_type()->map_value()->message_type() : field.message_type();
  if (type == nullptr) return "";
  std::string name = names->Name(*type, "Writer");
  // Within the class, these names mean a base class or a nested message.
  const bool is_hidden =
      name == "MessageWriter" || name == "RequiredWriter" ||
      std::any_of(plan.nested.begin(), plan.nested.end(),
                  [&](const NestedPlan& nested) { return nested.name + "Writer" == name; });
  return is_hidden || type->file() != plan.message->file() ? names->QualifiedName(*type, "Writer")
                                                           : name;
}

bool NeedsFinish(const Descriptor& message, std::set<const Descriptor*>* seen) {
  if (!seen->insert(&message).second) return false;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (field.is_required() || field.is_map()) return true;
    if (IsMessage(field) && NeedsFinish(*field.message_type(), seen)) return true;
  }
  return false;
}

bool NeedsHasBit(const FieldDescriptor& field) {
  if (field.is_required()) return true;
  if (field.containing_type()->options().map_entry()) return false;
  return field.has_presence() && !field.is_repeated() && !IsMessage(field) &&
         field.real_containing_oneof() == nullptr;
}

// Takes the names of accessors and of other public declarations. protobuf decides these, so they
// come before the members, which use the remaining names.
void TakePublicNames(MessagePlan* plan) {
  const Descriptor& message = *plan->message;
  for (int i = 0; i < message.field_count(); ++i)
    plan->members.Take(cpp::FieldName(message.field(i)));
  for (int i = 0; i < message.nested_type_count(); ++i)
    plan->members.Take(absl::StrCat(message.nested_type(i)->name(), "View"));
  for (const OneofPlan& oneof : plan->oneofs) {
    for (const std::string& name : {oneof.accessor, oneof.case_type, oneof.not_set})
      plan->members.Take(name);
    for (int i = 0; i < oneof.oneof->field_count(); ++i) {
      plan->members.Take(cpp::OneofCaseConstantName(oneof.oneof->field(i)));
    }
  }
}

void NameMembers(MessagePlan* plan) {
  for (FieldPlan& field : plan->fields)
    field.member = plan->members.TakeFree(absl::StrCat(field.field->lowercase_name(), "_"));
  for (OneofPlan& oneof : plan->oneofs) oneof.member = plan->members.TakeFree(oneof.accessor + "_");
  plan->wire_member = plan->members.TakeFree("wire_");
  plan->has_bits_member = plan->members.TakeFree("has_bits_");
}

void PlanEnumRanges(MessagePlan* plan) {
  for (const FieldPlan& field : plan->fields) {
    if (!IsClosedEnum(*field.field)) continue;
    const EnumDescriptor* const enum_type = field.field->enum_type();
    const bool is_there =
        std::any_of(plan->enum_ranges.begin(), plan->enum_ranges.end(),
                    [&](const EnumRanges& ranges) { return ranges.enum_type == enum_type; });
    // Two enums may have the same short name, so the name is built from the field's number.
    if (!is_there)
      plan->enum_ranges.push_back({enum_type, absl::StrCat("kRanges", field.field->number(), "_")});
  }
}

void PlanHasBits(MessagePlan* plan) {
  for (FieldPlan& field : plan->fields) {
    if (field.field->is_required()) field.has_bit = plan->has_bit_count++;
  }
  plan->required_count = plan->has_bit_count;
  for (FieldPlan& field : plan->fields) {
    if (field.has_bit < 0 && NeedsHasBit(*field.field)) field.has_bit = plan->has_bit_count++;
  }
}

}  // namespace

bool IsMessage(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
}

std::vector<EnumRun> RunsOf(const EnumDescriptor& enum_type) {
  std::set<int> numbers;
  for (int i = 0; i < enum_type.value_count(); ++i) numbers.insert(enum_type.value(i)->number());
  std::vector<EnumRun> runs;
  for (const int number : numbers) {
    if (!runs.empty() && runs.back().last == number - 1) {
      runs.back().last = number;
    } else {
      runs.push_back({number, number});
    }
  }
  return runs;
}

std::string EnumNumber(int number) {
  return number == std::numeric_limits<int>::min() ? "::std::numeric_limits<int32_t>::min()"
                                                   : absl::StrCat(number);
}

MessagePlan PlanMessage(const Descriptor& message, GeneratedNames* names) {
  MessagePlan plan;
  plan.message = &message;
  plan.is_map_entry = message.options().map_entry();
  NameClasses(&plan, names);
  for (int i = 0; i < message.real_oneof_decl_count(); ++i) {
    const OneofDescriptor& oneof = *message.oneof_decl(i);
    plan.oneofs.push_back({&oneof, OneofCaseName(oneof), OneofNotSetName(oneof),
                           absl::StrCat(oneof.name(), "_case"), ""});
  }
  TakePublicNames(&plan);
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& descriptor = *message.field(i);
    FieldPlan field;
    field.field = &descriptor;
    field.accessor = cpp::FieldName(&descriptor);
    field.type = ValueType(plan, descriptor, names);
    if (!IsMessage(descriptor)) field.default_value = DefaultValue(descriptor, field.type);
    field.writer = WriterOf(plan, descriptor, names);
    if (descriptor.is_map()) {
      field.entry =
          std::make_shared<const MessagePlan>(PlanMessage(*descriptor.message_type(), names));
    }
    if (descriptor.real_containing_oneof() != nullptr) {
      field.oneof = descriptor.real_containing_oneof()->index();
      field.oneof_constant = cpp::OneofCaseConstantName(&descriptor);
    }
    plan.fields.push_back(field);
  }
  std::sort(plan.fields.begin(), plan.fields.end(), [](const FieldPlan& a, const FieldPlan& b) {
    return a.field->number() < b.field->number();
  });
  NameMembers(&plan);
  PlanHasBits(&plan);
  PlanEnumRanges(&plan);
  std::set<const Descriptor*> seen;
  plan.needs_finish = NeedsFinish(message, &seen);
  return plan;
}

}  // namespace ipmpsc::codegen
