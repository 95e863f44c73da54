// Views of a channel's description and of the descriptors in it. They have the fields of
// ipmpsc.ChannelInfo and of google/protobuf/descriptor.proto that the comparison of schemas needs,
// under the same names.
//
// They are what the plugin would generate, made by hand: generated headers bring the typed ends
// along, and those compare schemas. They are read by the parser of all views, which bounds how deep
// messages nest; descriptor.proto has much more, which it skips.
#ifndef IPMPSC_SCHEMA_DESCRIPTOR_VIEW_H_
#define IPMPSC_SCHEMA_DESCRIPTOR_VIEW_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "ipmpsc/view/repeated_view.h"
#include "ipmpsc/wire/message_table.h"

namespace ipmpsc::schema {

// FieldDescriptorProto.Type
enum FieldType : int32_t {
  kTypeDouble = 1,
  kTypeFloat = 2,
  kTypeInt64 = 3,
  kTypeUint64 = 4,
  kTypeInt32 = 5,
  kTypeFixed64 = 6,
  kTypeFixed32 = 7,
  kTypeBool = 8,
  kTypeString = 9,
  kTypeGroup = 10,
  kTypeMessage = 11,
  kTypeBytes = 12,
  kTypeUint32 = 13,
  kTypeEnum = 14,
  kTypeSfixed32 = 15,
  kTypeSfixed64 = 16,
  kTypeSint32 = 17,
  kTypeSint64 = 18,
};

// FieldDescriptorProto.Label
enum FieldLabel : int32_t { kLabelOptional = 1, kLabelRequired = 2, kLabelRepeated = 3 };

// FeatureSet's enums. 0 means that the feature is not set.
enum FieldPresence : int32_t {
  kPresenceExplicit = 1,
  kPresenceImplicit = 2,
  kPresenceLegacyRequired = 3,
};
enum EnumType : int32_t { kEnumOpen = 1, kEnumClosed = 2 };
enum RepeatedFieldEncoding : int32_t { kEncodingPacked = 1, kEncodingExpanded = 2 };
enum Utf8Validation : int32_t { kUtf8Verify = 2, kUtf8None = 3 };
enum MessageEncoding : int32_t { kMessageLengthPrefixed = 1, kMessageDelimited = 2 };

// Features specific to C++: pb.CppFeatures, an extension of FeatureSet.
struct CppFeaturesView {
  absl::string_view wire;
  uint32_t has_bits = 0;
  bool legacy_closed_enum = false;

  bool has_legacy_closed_enum() const { return has_bits != 0; }

  static const wire::MessageTable kTable;
};

struct FeatureSetView {
  absl::string_view wire;
  int32_t field_presence = 0;
  int32_t enum_type = 0;
  int32_t repeated_field_encoding = 0;
  int32_t utf8_validation = 0;
  int32_t message_encoding = 0;
  const CppFeaturesView* cpp = nullptr;

  static const wire::MessageTable kTable;
};

// FileOptions, EnumOptions and OneofOptions. The comparison needs only their features.
template <uint32_t kFeatures>
struct FeatureOptionsView {
  absl::string_view wire;
  const FeatureSetView* features = nullptr;

  static const wire::MessageTable kTable;
};
using FileOptionsView = FeatureOptionsView<50>;
using EnumOptionsView = FeatureOptionsView<7>;
using OneofOptionsView = FeatureOptionsView<1>;

struct EnumValueView {
  absl::string_view wire;
  absl::string_view name;
  int32_t number = 0;

  static const wire::MessageTable kTable;
};

struct EnumView {
  absl::string_view wire;
  absl::string_view name;
  view::RepeatedView<EnumValueView> value;
  const EnumOptionsView* options = nullptr;

  static const wire::MessageTable kTable;
};

struct FieldOptionsView {
  absl::string_view wire;
  uint32_t has_bits = 0;
  bool packed = false;
  const FeatureSetView* features = nullptr;

  bool has_packed() const { return has_bits != 0; }

  static const wire::MessageTable kTable;
};

struct FieldView {
  absl::string_view wire;
  uint32_t has_bits = 0;
  int32_t number = 0;
  int32_t label = kLabelOptional;
  int32_t type = 0;
  int32_t oneof_index = 0;
  bool proto3_optional = false;
  absl::string_view name;
  absl::string_view type_name;      // ".camera.Frame", for messages, groups and enums
  absl::string_view default_value;  // as text
  const FieldOptionsView* options = nullptr;

  bool has_oneof_index() const { return has_bits != 0; }

  static const wire::MessageTable kTable;
};

struct OneofView {
  absl::string_view wire;
  absl::string_view name;
  const OneofOptionsView* options = nullptr;

  static const wire::MessageTable kTable;
};

struct MessageOptionsView {
  absl::string_view wire;
  bool message_set_wire_format = false;
  bool map_entry = false;
  const FeatureSetView* features = nullptr;

  static const wire::MessageTable kTable;
};

struct MessageView {
  absl::string_view wire;
  absl::string_view name;
  view::RepeatedView<FieldView> field;
  view::RepeatedView<MessageView> nested_type;
  view::RepeatedView<EnumView> enum_type;
  view::RepeatedView<OneofView> oneof_decl;
  const MessageOptionsView* options = nullptr;

  static const wire::MessageTable kTable;
};

struct FileView {
  absl::string_view wire;
  absl::string_view package;
  absl::string_view syntax;
  view::RepeatedView<MessageView> message_type;
  view::RepeatedView<EnumView> enum_type;
  const FileOptionsView* options = nullptr;

  static const wire::MessageTable kTable;
};

struct FileSetView {
  absl::string_view wire;
  view::RepeatedView<FileView> file;

  static const wire::MessageTable kTable;
};

struct ChannelInfoView {
  absl::string_view wire;
  absl::string_view message;
  const FileSetView* schema = nullptr;

  static const wire::MessageTable kTable;
};

}  // namespace ipmpsc::schema

#endif  // IPMPSC_SCHEMA_DESCRIPTOR_VIEW_H_
