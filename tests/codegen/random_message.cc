#include "tests/codegen/random_message.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/message.h"
#include "google/protobuf/message_lite.h"

namespace ipmpsc_test {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

int Pick(Random& random, int n) { return static_cast<int>(random() % static_cast<uint64_t>(n)); }

namespace {

// Returns a small number, one at the edges of 7 bits, or any.
uint64_t Number(Random& random) {
  switch (Pick(random, 4)) {
    case 0:
      return static_cast<uint64_t>(Pick(random, 4));
    case 1:
      return (uint64_t{1} << Pick(random, 64)) - static_cast<uint64_t>(Pick(random, 2));
    case 2:
      return ~uint64_t{0} - static_cast<uint64_t>(Pick(random, 200));
    default:
      return random();
  }
}

std::string Text(Random& random, bool is_utf8) {
  static const char* const kPieces[] = {"a",        "lens",         " ",
                                        "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x8e\xa5"};
  std::string text;
  for (int i = Pick(random, 6); i > 0; --i) {
    text += is_utf8 ? kPieces[Pick(random, 6)] : std::string(1, static_cast<char>(random()));
  }
  return Pick(random, 20) == 0 ? text + std::string(static_cast<size_t>(Pick(random, 300)), 'x')
                               : text;
}

double Real(Random& random) {
  static const double kReals[] = {
      0.0, -0.0, 1.5, -1e300, 1e-40, std::numeric_limits<double>::infinity(), NAN};
  return Pick(random, 2) == 0 ? kReals[Pick(random, 7)]
                              : static_cast<double>(static_cast<int64_t>(random()));
}

void SetField(Random& random, int depth, const FieldDescriptor& field, Message* message) {
  const Reflection& r = *message->GetReflection();
  const bool add = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: {
      const int32_t value = static_cast<int32_t>(Number(random));
      return add ? r.AddInt32(message, &field, value) : r.SetInt32(message, &field, value);
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      const int64_t value = static_cast<int64_t>(Number(random));
      return add ? r.AddInt64(message, &field, value) : r.SetInt64(message, &field, value);
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      const uint32_t value = static_cast<uint32_t>(Number(random));
      return add ? r.AddUInt32(message, &field, value) : r.SetUInt32(message, &field, value);
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      const uint64_t value = Number(random);
      return add ? r.AddUInt64(message, &field, value) : r.SetUInt64(message, &field, value);
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      const double value = Real(random);
      return add ? r.AddDouble(message, &field, value) : r.SetDouble(message, &field, value);
    }
    case FieldDescriptor::CPPTYPE_FLOAT: {
      const double wide = Real(random);
      const float value =
          std::abs(wide) > 1e38 && std::isfinite(wide) ? 2.5f : static_cast<float>(wide);
      return add ? r.AddFloat(message, &field, value) : r.SetFloat(message, &field, value);
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool value = Pick(random, 2) == 0;
      return add ? r.AddBool(message, &field, value) : r.SetBool(message, &field, value);
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* const value =
          field.enum_type()->value(Pick(random, field.enum_type()->value_count()));
      return add ? r.AddEnum(message, &field, value) : r.SetEnum(message, &field, value);
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string value = Text(random, field.type() == FieldDescriptor::TYPE_STRING);
      return add ? r.AddString(message, &field, value) : r.SetString(message, &field, value);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return FillRandomly(random, depth - 1,
                          add ? r.AddMessage(message, &field) : r.MutableMessage(message, &field));
  }
}

// One field on the wire.
struct WireField {
  uint32_t tag;
  std::string value;  // of a length-delimited field, without the size
};

std::optional<uint64_t> TakeVarint(const std::string& wire, size_t* at) {
  uint64_t value = 0;
  for (int shift = 0; shift < 70 && *at < wire.size(); shift += 7) {
    const uint8_t byte = static_cast<uint8_t>(wire[(*at)++]);
    value |= static_cast<uint64_t>(byte & 0x7f) << (shift & 63);
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

// Encodes `value`, sometimes with redundant zeros at the end.
std::string Varint(Random& random, uint64_t value, size_t longest) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  bytes += static_cast<char>(value);
  if (Pick(random, 30) == 0 && bytes.size() < longest) {
    bytes.back() = static_cast<char>(bytes.back() | '\x80');
    bytes.append(static_cast<size_t>(Pick(random, static_cast<int>(longest - bytes.size()))),
                 '\x80');
    bytes += '\0';
  }
  return bytes;
}

// Returns nothing if the bytes are no message. A group is one field, up to its end.
std::optional<std::vector<WireField>> TakeFields(const std::string& wire) {
  std::vector<WireField> fields;
  size_t at = 0;
  while (at < wire.size()) {
    const std::optional<uint64_t> tag = TakeVarint(wire, &at);
    if (!tag.has_value() || *tag >> 32 != 0 || *tag >> 3 == 0) return std::nullopt;
    const size_t begin = at;
    size_t size = 0;
    switch (*tag & 7) {
      case 0:
        if (!TakeVarint(wire, &at).has_value()) return std::nullopt;
        size = at - begin;
        at = begin;
        break;
      case 1:
        size = 8;
        break;
      case 2: {
        const std::optional<uint64_t> length = TakeVarint(wire, &at);
        if (!length.has_value()) return std::nullopt;
        size = *length;
        break;
      }
      case 3:
      case 4:
        break;
      case 5:
        size = 4;
        break;
      default:
        return std::nullopt;
    }
    if (size > wire.size() - at) return std::nullopt;
    fields.push_back({static_cast<uint32_t>(*tag), wire.substr(at, size)});
    at += size;
  }
  return fields;
}

std::string PutField(Random& random, const WireField& field) {
  std::string wire = Varint(random, field.tag, 5);
  if ((field.tag & 7) == 2) wire += Varint(random, field.value.size(), 5);
  return wire + field.value;
}

bool IsGroupTag(const WireField& field) { return (field.tag & 7) == 3 || (field.tag & 7) == 4; }

// Makes one change to a list of fields. Group tags stay in place.
void ChangeFields(Random& random, std::vector<WireField>* fields) {
  const size_t i = static_cast<size_t>(Pick(random, static_cast<int>(fields->size())));
  WireField& field = (*fields)[i];
  if (IsGroupTag(field)) return;
  const auto here = fields->begin() + static_cast<std::ptrdiff_t>(i);
  switch (Pick(random, 8)) {
    case 0:  // again
      fields->insert(fields->begin() + Pick(random, static_cast<int>(i) + 1), WireField(field));
      return;
    case 1:
      fields->erase(here);
      return;
    case 2:
      if (i + 1 < fields->size() && !IsGroupTag((*fields)[i + 1]))
        std::swap(field, (*fields)[i + 1]);
      return;
    case 3: {  // in two pieces
      if ((field.tag & 7) != 2) return;
      const size_t cut =
          static_cast<size_t>(Pick(random, static_cast<int>(field.value.size()) + 1));
      WireField rest{field.tag, field.value.substr(cut)};
      field.value.resize(cut);
      fields->insert(here + 1, std::move(rest));
      return;
    }
    case 4:  // a number as a packed one
      if ((field.tag & 7) == 2) return;
      field.tag = (field.tag & ~uint32_t{7}) | 2;
      return;
    case 5:  // a packed one as a number
      if (field.value.size() == 4) field.tag = (field.tag & ~uint32_t{7}) | 5;
      if (field.value.size() == 8) field.tag = (field.tag & ~uint32_t{7}) | 1;
      if (field.value.size() == 1 && static_cast<uint8_t>(field.value[0]) < 0x80)
        field.tag &= ~uint32_t{7};
      return;
    case 6:  // another field's content
      field.tag =
          (*fields)[static_cast<size_t>(Pick(random, static_cast<int>(fields->size())))].tag;
      return;
    default:  // an unknown field, or another known one
      field.tag = static_cast<uint32_t>(Pick(random, 40) + 1) << 3 | (field.tag & 7);
      return;
  }
}

}  // namespace

void FillRandomly(Random& random, int depth, Message* message) {
  for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message->GetDescriptor()->field(i);
    const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    // The value of a map's entry may have required fields.
    const bool is_needed = field.is_required() || message->GetDescriptor()->options().map_entry();
    if (!is_needed && (Pick(random, 2) == 0 || (is_message && depth <= 0))) continue;
    for (int count = field.is_repeated() ? Pick(random, 5) : 1; count > 0; --count) {
      SetField(random, depth, field, message);
    }
  }
}

std::string DeterministicWire(const google::protobuf::MessageLite& message) {
  std::string wire;
  {
    google::protobuf::io::StringOutputStream bytes(&wire);
    google::protobuf::io::CodedOutputStream coded(&bytes);
    coded.SetSerializationDeterministic(true);
    (void)message.SerializePartialToCodedStream(&coded);
  }
  return wire;
}

std::string ShuffleWire(Random& random, const std::string& wire) {
  std::optional<std::vector<WireField>> fields = TakeFields(wire);
  if (!fields.has_value()) return wire;
  for (int i = Pick(random, 3); i > 0 && !fields->empty(); --i) ChangeFields(random, &*fields);
  std::string result;
  for (WireField& field : *fields) {
    if ((field.tag & 7) == 2 && Pick(random, 2) == 0)
      field.value = ShuffleWire(random, field.value);
    result += PutField(random, field);
  }
  return result;
}

std::string DamageWire(Random& random, std::string wire) {
  for (int i = Pick(random, 3); i >= 0 && !wire.empty(); --i) {
    const size_t at = static_cast<size_t>(Pick(random, static_cast<int>(wire.size())));
    switch (Pick(random, 6)) {
      case 0:
        wire[at] = static_cast<char>(random());
        break;
      case 1:
        wire[at] = static_cast<char>(wire[at] ^ (1 << Pick(random, 8)));
        break;
      case 2:
        wire.erase(at, static_cast<size_t>(Pick(random, 4)));
        break;
      case 3:
        wire.insert(at, 1, static_cast<char>(random()));
        break;
      case 4:
        wire.insert(at, wire.substr(at, static_cast<size_t>(Pick(random, 12))));
        break;
      default:
        wire.resize(at);
    }
  }
  return wire;
}

}  // namespace ipmpsc_test
