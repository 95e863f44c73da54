#include "tests/codegen/value_difference.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace ipmpsc_test {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Returns the text of a value, independent of its wire type. `index` is -1 for a singular field.
std::string Text(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& r = *message.GetReflection();
  const bool at = index >= 0;
  const Message* const m = &message;
  const FieldDescriptor* const f = &field;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(at ? r.GetRepeatedInt32(*m, f, index) : r.GetInt32(*m, f));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(at ? r.GetRepeatedInt64(*m, f, index) : r.GetInt64(*m, f));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(at ? r.GetRepeatedUInt32(*m, f, index) : r.GetUInt32(*m, f));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(at ? r.GetRepeatedUInt64(*m, f, index) : r.GetUInt64(*m, f));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(at ? r.GetRepeatedDouble(*m, f, index) : r.GetDouble(*m, f));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return absl::StrCat(at ? r.GetRepeatedFloat(*m, f, index) : r.GetFloat(*m, f));
    case FieldDescriptor::CPPTYPE_BOOL:
      return absl::StrCat(at ? r.GetRepeatedBool(*m, f, index) : r.GetBool(*m, f));
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrCat(at ? r.GetRepeatedEnumValue(*m, f, index) : r.GetEnumValue(*m, f));
    case FieldDescriptor::CPPTYPE_STRING:
      return absl::CHexEscape(at ? r.GetRepeatedString(*m, f, index) : r.GetString(*m, f));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return "";
}

std::string OneDifference(const Message& written, const FieldDescriptor& from, const Message& read,
                          const FieldDescriptor& to, int from_index, int to_index) {
  if (from.message_type() != nullptr && to.message_type() != nullptr) {
    const auto at = [](const Message& message, const FieldDescriptor& field,
                       int index) -> const Message& {
      const Reflection& r = *message.GetReflection();
      return index >= 0 ? r.GetRepeatedMessage(message, &field, index)
                        : r.GetMessage(message, &field);
    };
    return ValueDifference(at(written, from, from_index), at(read, to, to_index));
  }
  const std::string before = Text(written, from, from_index);
  const std::string after = Text(read, to, to_index);
  return before == after ? "" : absl::StrCat(before, ", ", after);
}

// Returns the indices of a map's entries in the order of their keys, or all indices.
std::vector<int> Places(const Message& message, const FieldDescriptor& field) {
  const Reflection& r = *message.GetReflection();
  std::map<std::string, int> by_key;
  std::vector<int> places;
  for (int i = 0; i < r.FieldSize(message, &field); ++i) {
    places.push_back(i);
    if (field.is_map()) {
      const Message& entry = r.GetRepeatedMessage(message, &field, i);
      by_key[Text(entry, *field.message_type()->map_key(), -1)] = i;
    }
  }
  if (!field.is_map()) return places;
  places.clear();
  for (const auto& [key, place] : by_key) places.push_back(place);
  return places;
}

std::string FieldDifference(const Message& written, const FieldDescriptor& from,
                            const Message& read, const FieldDescriptor& to) {
  if (from.is_repeated() != to.is_repeated()) return "one value, many values";
  if (from.is_repeated()) {
    const std::vector<int> before = Places(written, from);
    const std::vector<int> after = Places(read, to);
    if (before.size() != after.size())
      return absl::StrCat(before.size(), " values, ", after.size(), " values");
    for (size_t i = 0; i < before.size(); ++i) {
      const std::string difference = OneDifference(written, from, read, to, before[i], after[i]);
      if (!difference.empty()) return difference;
    }
    return "";
  }
  if (from.has_presence()) {
    if (!written.GetReflection()->HasField(written, &from)) {
      return read.GetReflection()->HasField(read, &to) ? "unset, set" : "";
    }
    if (to.has_presence() && !read.GetReflection()->HasField(read, &to)) return "set, unset";
  }
  return OneDifference(written, from, read, to, -1, -1);
}

}  // namespace

std::string ValueDifference(const Message& written, const Message& read) {
  for (int i = 0; i < written.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& from = *written.GetDescriptor()->field(i);
    const FieldDescriptor* const to = read.GetDescriptor()->FindFieldByNumber(from.number());
    if (to == nullptr) continue;
    const std::string difference = FieldDifference(written, from, read, *to);
    if (!difference.empty()) return absl::StrCat(from.name(), ": ", difference);
  }
  return "";
}

}  // namespace ipmpsc_test
