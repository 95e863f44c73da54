#include "ipmpsc/schema/descriptor_view.h"

#include <cstddef>
#include <cstdint>

#include "ipmpsc/wire/message_table.h"

namespace ipmpsc::schema {
namespace {

using wire::Field;

template <typename View>
constexpr View kEmpty{};

constexpr Field kCppFeatures[] = {
    Field::Bool(1, offsetof(CppFeaturesView, legacy_closed_enum)).HasBit(0),
};

constexpr Field kFeatureSet[] = {
    Field::Int32(1, offsetof(FeatureSetView, field_presence)),
    Field::Int32(2, offsetof(FeatureSetView, enum_type)),
    Field::Int32(3, offsetof(FeatureSetView, repeated_field_encoding)),
    Field::Int32(4, offsetof(FeatureSetView, utf8_validation)),
    Field::Int32(5, offsetof(FeatureSetView, message_encoding)),
    Field::Message(1000, offsetof(FeatureSetView, cpp), &CppFeaturesView::kTable),
};

template <uint32_t kFeatures>
constexpr Field kFeatureOptions[] = {
    Field::Message(kFeatures, offsetof(FeatureOptionsView<kFeatures>, features),
                   &FeatureSetView::kTable),
};

constexpr Field kEnumValue[] = {
    Field::Bytes(1, offsetof(EnumValueView, name)),
    Field::Int32(2, offsetof(EnumValueView, number)),
};

constexpr Field kEnum[] = {
    Field::Bytes(1, offsetof(EnumView, name)),
    Field::Message(2, offsetof(EnumView, value), &EnumValueView::kTable).Repeated(),
    Field::Message(3, offsetof(EnumView, options), &EnumOptionsView::kTable),
};

constexpr Field kFieldOptions[] = {
    Field::Bool(2, offsetof(FieldOptionsView, packed)).HasBit(0),
    Field::Message(21, offsetof(FieldOptionsView, features), &FeatureSetView::kTable),
};

// `label` and `type` are closed enums. Values that they do not list are handled by the users.
constexpr Field kField[] = {
    Field::Bytes(1, offsetof(FieldView, name)),
    Field::Int32(3, offsetof(FieldView, number)),
    Field::Int32(4, offsetof(FieldView, label)),
    Field::Int32(5, offsetof(FieldView, type)),
    Field::Bytes(6, offsetof(FieldView, type_name)),
    Field::Bytes(7, offsetof(FieldView, default_value)),
    Field::Message(8, offsetof(FieldView, options), &FieldOptionsView::kTable),
    Field::Int32(9, offsetof(FieldView, oneof_index)).HasBit(0),
    Field::Bool(17, offsetof(FieldView, proto3_optional)),
};

constexpr Field kOneof[] = {
    Field::Bytes(1, offsetof(OneofView, name)),
    Field::Message(2, offsetof(OneofView, options), &OneofOptionsView::kTable),
};

constexpr Field kMessageOptions[] = {
    Field::Bool(1, offsetof(MessageOptionsView, message_set_wire_format)),
    Field::Bool(7, offsetof(MessageOptionsView, map_entry)),
    Field::Message(12, offsetof(MessageOptionsView, features), &FeatureSetView::kTable),
};

constexpr Field kMessage[] = {
    Field::Bytes(1, offsetof(MessageView, name)),
    Field::Message(2, offsetof(MessageView, field), &FieldView::kTable).Repeated(),
    Field::Message(3, offsetof(MessageView, nested_type), &MessageView::kTable).Repeated(),
    Field::Message(4, offsetof(MessageView, enum_type), &EnumView::kTable).Repeated(),
    Field::Message(7, offsetof(MessageView, options), &MessageOptionsView::kTable),
    Field::Message(8, offsetof(MessageView, oneof_decl), &OneofView::kTable).Repeated(),
};

constexpr Field kFile[] = {
    Field::Bytes(2, offsetof(FileView, package)),
    Field::Message(4, offsetof(FileView, message_type), &MessageView::kTable).Repeated(),
    Field::Message(5, offsetof(FileView, enum_type), &EnumView::kTable).Repeated(),
    Field::Message(8, offsetof(FileView, options), &FileOptionsView::kTable),
    Field::Bytes(12, offsetof(FileView, syntax)),
};

constexpr Field kFileSet[] = {
    Field::Message(1, offsetof(FileSetView, file), &FileView::kTable).Repeated(),
};

constexpr Field kChannelInfo[] = {
    Field::String(1, offsetof(ChannelInfoView, message)),
    Field::Message(2, offsetof(ChannelInfoView, schema), &FileSetView::kTable),
};

// The parser expects the wire bytes and the has bits at these offsets.
static_assert(offsetof(FieldView, has_bits) == sizeof(absl::string_view));
static_assert(offsetof(CppFeaturesView, has_bits) == sizeof(absl::string_view));
static_assert(offsetof(FieldOptionsView, has_bits) == sizeof(absl::string_view));

template <typename View, size_t kCount>
constexpr wire::MessageTable Table(const Field (&fields)[kCount]) {
  return wire::MessageTable(&kEmpty<View>, fields, /*required=*/0, /*finish=*/false);
}

}  // namespace

constexpr wire::MessageTable CppFeaturesView::kTable = Table<CppFeaturesView>(kCppFeatures);
constexpr wire::MessageTable FeatureSetView::kTable = Table<FeatureSetView>(kFeatureSet);
template <uint32_t kFeatures>
constexpr wire::MessageTable FeatureOptionsView<kFeatures>::kTable =
    Table<FeatureOptionsView<kFeatures>>(kFeatureOptions<kFeatures>);
template struct FeatureOptionsView<50>;
template struct FeatureOptionsView<7>;
template struct FeatureOptionsView<1>;
constexpr wire::MessageTable EnumValueView::kTable = Table<EnumValueView>(kEnumValue);
constexpr wire::MessageTable EnumView::kTable = Table<EnumView>(kEnum);
constexpr wire::MessageTable FieldOptionsView::kTable = Table<FieldOptionsView>(kFieldOptions);
constexpr wire::MessageTable FieldView::kTable = Table<FieldView>(kField);
constexpr wire::MessageTable OneofView::kTable = Table<OneofView>(kOneof);
constexpr wire::MessageTable MessageOptionsView::kTable =
    Table<MessageOptionsView>(kMessageOptions);
constexpr wire::MessageTable MessageView::kTable = Table<MessageView>(kMessage);
constexpr wire::MessageTable FileView::kTable = Table<FileView>(kFile);
constexpr wire::MessageTable FileSetView::kTable = Table<FileSetView>(kFileSet);
constexpr wire::MessageTable ChannelInfoView::kTable = Table<ChannelInfoView>(kChannelInfo);

}  // namespace ipmpsc::schema
