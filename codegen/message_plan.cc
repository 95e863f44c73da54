#include "codegen/message_plan.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codegen/comments.h"
#include "codegen/field_kind.h"
#include "codegen/fingerprint.h"
#include "codegen/names.h"
#include "codegen/syntax.h"
#include "google/protobuf/compiler/cpp/names.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "ipmpsc/field.pb.h"

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
  if (field.enum_type() != nullptr) return QualifiedEnumName(*field.enum_type());
  if (field.message_type() != nullptr) return ViewType(plan, *field.message_type(), names);
  return KindOf(field).type;
}

std::string ContainerType(const FieldDescriptor& field, const std::string& type) {
  if (!field.is_repeated()) return "";
  return absl::StrFormat("::ipmpsc::view::%s<%s>", field.is_map() ? "MapView" : "RepeatedView",
                         type);
}

void NameClasses(MessagePlan* plan, GeneratedNames* names) {
  const Descriptor& message = *plan->message;
  plan->view = names->Name(message, "View");
  if (plan->is_map_entry) {
    plan->writer = names->Name(*message.containing_type(), "Writer");
    return;
  }
  plan->type = QualifiedMessageName(message);
  plan->writer = names->Name(message, "Writer");
  plan->channel = names->Name(message, "Channel");
  plan->loan = names->Name(message, "Loan");
  plan->lease = names->Name(message, "Lease");
  plan->sender = names->Name(message, "Sender");
  plan->receiver = names->Name(message, "Receiver");
  plan->tap = names->Name(message, "Tap");
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
  const Descriptor* const type = WrittenMessage(field);
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
    if (field.message_type() != nullptr && NeedsFinish(*field.message_type(), seen)) return true;
  }
  return false;
}

bool NeedsHasBit(const FieldDescriptor& field) {
  if (field.is_required()) return true;
  if (field.containing_type()->options().map_entry()) return false;
  return field.has_presence() && !field.is_repeated() && field.message_type() == nullptr &&
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
  for (FieldPlan& field : plan->fields) {
    if (!IsClosedEnum(*field.field)) continue;
    const EnumDescriptor* const enum_type = field.field->enum_type();
    auto ranges = std::find_if(plan->enum_ranges.begin(), plan->enum_ranges.end(),
                               [&](const EnumRanges& r) { return r.enum_type == enum_type; });
    if (ranges == plan->enum_ranges.end()) {
      // Two enums may have the same short name, so the name is built from the field's number.
      ranges = plan->enum_ranges.insert(
          ranges, {enum_type, absl::StrCat("kRanges", field.field->number(), "_")});
    }
    field.ranges = ranges->name;
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

FieldPlan PlanField(const MessagePlan& plan, const FieldDescriptor& descriptor,
                    GeneratedNames* names) {
  FieldPlan field;
  field.field = &descriptor;
  field.kind = &KindOf(descriptor);
  field.accessor = cpp::FieldName(&descriptor);
  field.type = ValueType(plan, descriptor, names);
  field.container = ContainerType(descriptor, field.type);
  if (!field.is_message()) field.default_value = field.kind->default_value(descriptor, field.type);
  field.declaration = absl::StrCat("`", DeclarationOf(descriptor), "`");
  field.comment = CommentOf(descriptor);
  field.writer = WriterOf(plan, descriptor, names);
  field.alignment = descriptor.options().GetExtension(::ipmpsc::field).alignment();
  if (descriptor.real_containing_oneof() != nullptr) {
    field.oneof = descriptor.real_containing_oneof()->index();
    field.oneof_constant = cpp::OneofCaseConstantName(&descriptor);
  }
  return field;
}

}  // namespace

const Descriptor* WrittenMessage(const FieldDescriptor& field) {
  return field.is_map() ? field.message_type()->map_value()->message_type() : field.message_type();
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

MessagePlan PlanMessage(const Descriptor& message, GeneratedNames* names) {
  MessagePlan plan;
  plan.message = &message;
  plan.is_map_entry = message.options().map_entry();
  NameClasses(&plan, names);
  if (!plan.is_map_entry) plan.fingerprint = Fingerprint(message);
  for (int i = 0; i < message.real_oneof_decl_count(); ++i) {
    const OneofDescriptor& oneof = *message.oneof_decl(i);
    plan.oneofs.push_back({&oneof, OneofCaseName(oneof), OneofNotSetName(oneof),
                           absl::StrCat(oneof.name(), "_case"), ""});
  }
  TakePublicNames(&plan);
  for (int i = 0; i < message.field_count(); ++i) {
    plan.fields.push_back(PlanField(plan, *message.field(i), names));
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
