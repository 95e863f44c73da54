#include "cli/message_filter.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace ipmpsc::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string NamesOf(const Descriptor* type) {
  std::string names;
  for (int i = 0; i < type->field_count(); ++i) {
    absl::StrAppend(&names, i == 0 ? "" : ", ", type->field(i)->name());
  }
  return names.empty() ? "none" : names;
}

}  // namespace

absl::StatusOr<MessageFilter> MessageFilter::Parse(absl::string_view text, const Descriptor* type) {
  static constexpr std::pair<absl::string_view, Operation> kOperations[] = {
      // Longer ones first, where one begins with the other.
      {"!=", Operation::kNotEqual}, {"<=", Operation::kLessEqual}, {">=", Operation::kGreaterEqual},
      {"==", Operation::kEqual},    {"=", Operation::kEqual},      {"<", Operation::kLess},
      {">", Operation::kGreater},   {"~", Operation::kContains}};
  MessageFilter filter;
  const size_t end = text.find_first_of("!=<>~");
  absl::string_view value;
  if (end != absl::string_view::npos) {
    for (const auto& [sign, operation] : kOperations) {
      if (!absl::StartsWith(text.substr(end), sign)) continue;
      filter.operation_ = operation;
      value = absl::StripAsciiWhitespace(text.substr(end + sign.size()));
      break;
    }
    if (filter.operation_ == Operation::kIsSet) {
      return absl::InvalidArgumentError(
          absl::StrCat("the filter '", text, "' has no operation; write = != < <= > >= or ~"));
    }
  }
  const Descriptor* inside = type;
  for (const absl::string_view name :
       absl::StrSplit(absl::StripAsciiWhitespace(text.substr(0, end)), '.')) {
    if (inside == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("the filter '", text, "' goes into ",
                                                     filter.path_.back()->full_name(),
                                                     ", which is no message"));
    }
    const FieldDescriptor* const field = inside->FindFieldByName(std::string(name));
    if (field == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("the filter '", text,
                                                     "': ", inside->full_name(), " has no field '",
                                                     name, "'; it has ", NamesOf(inside)));
    }
    filter.path_.push_back(field);
    inside = field->message_type();
  }
  if (filter.operation_ != Operation::kIsSet) {
    if (const absl::Status status = filter.SetValue(value); !status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the filter '", text, "': ", status.message()));
    }
  }
  return filter;
}

absl::Status MessageFilter::SetValue(absl::string_view value) {
  const FieldDescriptor* const field = path_.back();
  const bool is_text = field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  if (operation_ == Operation::kContains && !is_text) {
    return absl::InvalidArgumentError("~ is for strings and bytes only");
  }
  bool fits = true;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
      fits = absl::SimpleAtoi(value, &signed_);
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      fits = absl::SimpleAtoi(value, &unsigned_);
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      fits = absl::SimpleAtod(value, &real_);
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      fits = absl::SimpleAtob(value, &bool_);
      break;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* const named =
          field->enum_type()->FindValueByName(std::string(value));
      if (named != nullptr) {
        signed_ = named->number();
      } else {
        fits = absl::SimpleAtoi(value, &signed_);
      }
      break;
    }
    case FieldDescriptor::CPPTYPE_STRING:
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
        value = value.substr(1, value.size() - 2);
        fits = absl::CUnescape(value, &text_);
      } else {
        text_ = std::string(value);
      }
      break;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return absl::InvalidArgumentError(
          absl::StrCat(field->full_name(),
                       " is a message; name a field in it, or only whether it "
                       "is set"));
  }
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("'", value, "' is no ",
                                                 field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM
                                                     ? field->enum_type()->full_name()
                                                     : field->type_name()));
}

bool MessageFilter::Matches(const Message& message) const { return MatchesFrom(message, 0); }

bool MessageFilter::MatchesFrom(const Message& message, size_t depth) const {
  const FieldDescriptor* const field = path_[depth];
  const Reflection* const reflection = message.GetReflection();
  const bool is_last = depth + 1 == path_.size();
  if (is_last && operation_ == Operation::kIsSet) {
    return field->is_repeated() ? reflection->FieldSize(message, field) > 0
                                : reflection->HasField(message, field);
  }
  if (field->is_repeated()) {
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      if (is_last ? MatchesValue(message, field, i)
                  : MatchesFrom(reflection->GetRepeatedMessage(message, field, i), depth + 1)) {
        return true;
      }
    }
    return false;
  }
  if (is_last) return MatchesValue(message, field, -1);
  return reflection->HasField(message, field) &&
         MatchesFrom(reflection->GetMessage(message, field), depth + 1);
}

template <typename T>
bool MessageFilter::Compare(const T& left, const T& right) const {
  switch (operation_) {
    case Operation::kEqual:
      return left == right;
    case Operation::kNotEqual:
      return left != right;
    case Operation::kLess:
      return left < right;
    case Operation::kLessEqual:
      return left <= right;
    case Operation::kGreater:
      return left > right;
    case Operation::kGreaterEqual:
      return left >= right;
    case Operation::kContains:
    case Operation::kIsSet:
      break;
  }
  return false;
}

bool MessageFilter::MatchesValue(const Message& message, const FieldDescriptor* field,
                                 int index) const {
  const Reflection* const reflection = message.GetReflection();
  const auto get = [&](auto single, auto repeated) {
    return index < 0 ? (reflection->*single)(message, field)
                     : (reflection->*repeated)(message, field, index);
  };
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return Compare<int64_t>(get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32), signed_);
    case FieldDescriptor::CPPTYPE_INT64:
      return Compare<int64_t>(get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64), signed_);
    case FieldDescriptor::CPPTYPE_UINT32:
      return Compare<uint64_t>(get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32),
                               unsigned_);
    case FieldDescriptor::CPPTYPE_UINT64:
      return Compare<uint64_t>(get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64),
                               unsigned_);
    case FieldDescriptor::CPPTYPE_FLOAT:
      // As a float, or 0.1 would not equal 0.1.
      return Compare<float>(get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat),
                            static_cast<float>(real_));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Compare<double>(get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble), real_);
    case FieldDescriptor::CPPTYPE_BOOL:
      return Compare<bool>(get(&Reflection::GetBool, &Reflection::GetRepeatedBool), bool_);
    case FieldDescriptor::CPPTYPE_ENUM:
      return Compare<int64_t>(get(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue),
                              signed_);
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      const std::string& value =
          index < 0 ? reflection->GetStringReference(message, field, &scratch)
                    : reflection->GetRepeatedStringReference(message, field, index, &scratch);
      return operation_ == Operation::kContains ? absl::StrContains(value, text_)
                                                : Compare<std::string>(value, text_);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return false;
}

}  // namespace ipmpsc::cli
