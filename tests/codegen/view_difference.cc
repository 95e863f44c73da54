#include "tests/codegen/view_difference.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/message.h"
#include "ipmpsc/view/memory.h"
#include "ipmpsc/view/repeated_view.h"
#include "ipmpsc/wire/message_table.h"

namespace ipmpsc_test {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using ipmpsc::view::Load;
using ipmpsc::view::RepeatedData;
using ipmpsc::wire::Cardinality;
using ipmpsc::wire::Field;
using ipmpsc::wire::MessageTable;

namespace {

std::string Deterministic(const Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    (void)message.SerializePartialToCodedStream(&coded);
  }
  return bytes;
}

// Compares bits, so that NaN equals itself and 0.0 differs from -0.0.
template <typename T>
std::string Bits(T value) {
  std::string bits(sizeof(T), '\0');
  std::memcpy(&bits[0], &value, sizeof(T));
  return bits;
}

// Returns the value at `index`, or the singular value if `index` is negative.
std::string ValueOf(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& r = *message.GetReflection();
  const bool singular = index < 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return Bits(singular ? r.GetInt32(message, &field)
                           : r.GetRepeatedInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return Bits(singular ? r.GetInt64(message, &field)
                           : r.GetRepeatedInt64(message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT32:
      return Bits(singular ? r.GetUInt32(message, &field)
                           : r.GetRepeatedUInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return Bits(singular ? r.GetUInt64(message, &field)
                           : r.GetRepeatedUInt64(message, &field, index));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Bits(singular ? r.GetDouble(message, &field)
                           : r.GetRepeatedDouble(message, &field, index));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Bits(singular ? r.GetFloat(message, &field)
                           : r.GetRepeatedFloat(message, &field, index));
    case FieldDescriptor::CPPTYPE_BOOL:
      return Bits(singular ? r.GetBool(message, &field)
                           : r.GetRepeatedBool(message, &field, index));
    case FieldDescriptor::CPPTYPE_ENUM:
      return Bits(singular ? r.GetEnumValue(message, &field)
                           : r.GetRepeatedEnumValue(message, &field, index));
    case FieldDescriptor::CPPTYPE_STRING:
      return singular ? r.GetString(message, &field) : r.GetRepeatedString(message, &field, index);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return "?";
}

// Returns the value of a view's member at that address.
std::string ValueOf(const char* at, const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return std::string(at, 8);
    case FieldDescriptor::CPPTYPE_BOOL:
      return std::string(at, 1);
    case FieldDescriptor::CPPTYPE_STRING:
      return std::string(Load<absl::string_view>(at));
    default:
      return std::string(at, 4);
  }
}

size_t ElementSize(const Field& entry, const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return sizeof(absl::string_view);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return entry.message->view_size;
    default:
      return ValueOf("        ", field).size();
  }
}

std::string MapDifference(const Field& entry, const RepeatedData& data,
                          const FieldDescriptor& field, const Message& message) {
  const Field& key_entry = entry.message->fields[0];
  const FieldDescriptor& key_field = *field.message_type()->map_key();
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    const Message& wanted = message.GetReflection()->GetRepeatedMessage(message, &field, i);
    const std::string key = ValueOf(wanted, key_field, -1);
    bool found = false;
    for (uint32_t j = 0; j < data.size && !found; ++j) {
      const char* const view = data.elements + j * entry.message->view_size;
      if (ValueOf(view + key_entry.offset, key_field) != key) continue;
      found = true;
      const std::string difference = ViewDifference(*entry.message, view, wanted);
      if (!difference.empty()) return absl::StrCat("[", i, "].", difference);
    }
    if (!found) return absl::StrCat("[", i, "]: key is missing");
  }
  return "";
}

std::string RepeatedDifference(const Field& entry, const char* view, const FieldDescriptor& field,
                               const Message& message) {
  const RepeatedData data = Load<RepeatedData>(view + entry.offset);
  const Reflection& reflection = *message.GetReflection();
  const int size = reflection.FieldSize(message, &field);
  if (data.size != static_cast<uint32_t>(size))
    return absl::StrCat(": size ", data.size, ", not ", size);
  if (field.is_map()) return MapDifference(entry, data, field, message);
  for (int i = 0; i < size; ++i) {
    const char* const at = data.elements + static_cast<size_t>(i) * ElementSize(entry, field);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const std::string difference =
          ViewDifference(*entry.message, at, reflection.GetRepeatedMessage(message, &field, i));
      if (!difference.empty()) return absl::StrCat("[", i, "].", difference);
    } else if (ValueOf(at, field) != ValueOf(message, field, i)) {
      return absl::StrCat("[", i, "]: other value");
    }
  }
  return "";
}

std::string SingularDifference(const Field& entry, const char* view, const FieldDescriptor& field,
                               const Message& message) {
  const bool is_entry = message.GetDescriptor()->options().map_entry();
  const bool has = !field.has_presence() || message.GetReflection()->HasField(message, &field);
  const char* at = view + entry.offset;
  if (entry.cardinality == Cardinality::kOneof) {
    if (has != (Load<uint32_t>(view + entry.presence) == entry.number()))
      return absl::StrCat(": has, not ", has);
    if (!has) return "";
  } else if (entry.presence != Field::kNoHasBit) {
    if (has != ipmpsc::view::GetHasBit(view, entry.presence))
      return absl::StrCat(": has, not ", has);
  }
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return ValueOf(at, field) == ValueOf(message, field, -1) ? "" : ": other value";
  }
  at = Load<const char*>(at);
  if (!is_entry && has != (at != nullptr)) return absl::StrCat(": has, not ", has);
  const Message& wanted = message.GetReflection()->GetMessage(message, &field);
  if (at == nullptr) return wanted.ByteSizeLong() == 0 ? "" : ": missing";
  const std::string difference = ViewDifference(*entry.message, at, wanted);
  return difference.empty() ? "" : "." + difference;
}

}  // namespace

std::string ViewDifference(const MessageTable& table, const void* view, const Message& message) {
  const char* const bytes = static_cast<const char*>(view);
  const Descriptor& descriptor = *message.GetDescriptor();
  if (table.field_count != static_cast<uint32_t>(descriptor.field_count()))
    return "other number of fields";
  for (uint32_t i = 0; i < table.field_count; ++i) {
    const Field& entry = table.fields[i];
    const FieldDescriptor* const field =
        descriptor.FindFieldByNumber(static_cast<int>(entry.number()));
    if (field == nullptr) return absl::StrCat(entry.number(), ": no such field");
    const std::string difference = field->is_repeated()
                                       ? RepeatedDifference(entry, bytes, *field, message)
                                       : SingularDifference(entry, bytes, *field, message);
    if (!difference.empty()) return absl::StrCat(field->name(), difference);
  }
  if (descriptor.options().map_entry()) return "";
  const std::unique_ptr<Message> copy(message.New());
  const absl::string_view wire = Load<absl::string_view>(bytes);
  if (!copy->ParsePartialFromArray(wire.data(), static_cast<int>(wire.size())))
    return "its bytes do not parse";
  return Deterministic(*copy) == Deterministic(message) ? "" : "its bytes hold another message";
}

}  // namespace ipmpsc_test
