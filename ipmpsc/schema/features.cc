#include "ipmpsc/schema/features.h"

#include "ipmpsc/schema/descriptor_view.h"

namespace ipmpsc::schema {
namespace {

constexpr Features kProto2 = {/*has_presence=*/true,  /*is_required=*/false,
                              /*is_closed=*/true,     /*closes_enums=*/true,
                              /*is_delimited=*/false, /*is_packed=*/false,
                              /*checks_utf8=*/false};
constexpr Features kProto3 = {/*has_presence=*/false, /*is_required=*/false,
                              /*is_closed=*/false,    /*closes_enums=*/false,
                              /*is_delimited=*/false, /*is_packed=*/true,
                              /*checks_utf8=*/true};
// Of 2023 and 2024.
constexpr Features kEdition = {/*has_presence=*/true,  /*is_required=*/false,
                               /*is_closed=*/false,    /*closes_enums=*/false,
                               /*is_delimited=*/false, /*is_packed=*/true,
                               /*checks_utf8=*/true};

}  // namespace

Features FeaturesOf(const FileView& file) {
  if (file.syntax == "proto3") return kProto3;
  if (file.syntax != "editions") return kProto2;
  return Override(kEdition, file.options == nullptr ? nullptr : file.options->features);
}

Features Override(Features inherited, const FeatureSetView* features) {
  if (features == nullptr) return inherited;
  // 0 is an unset feature. Unknown numbers are ignored.
  switch (features->field_presence) {
    case kPresenceExplicit:
    case kPresenceImplicit:
    case kPresenceLegacyRequired:
      inherited.has_presence = features->field_presence != kPresenceImplicit;
      inherited.is_required = features->field_presence == kPresenceLegacyRequired;
  }
  if (features->enum_type == kEnumOpen) inherited.is_closed = false;
  if (features->enum_type == kEnumClosed) inherited.is_closed = true;
  if (features->cpp != nullptr && features->cpp->has_legacy_closed_enum())
    inherited.closes_enums = features->cpp->legacy_closed_enum;
  if (features->repeated_field_encoding == kEncodingPacked) inherited.is_packed = true;
  if (features->repeated_field_encoding == kEncodingExpanded) inherited.is_packed = false;
  if (features->utf8_validation == kUtf8Verify) inherited.checks_utf8 = true;
  if (features->utf8_validation == kUtf8None) inherited.checks_utf8 = false;
  if (features->message_encoding == kMessageLengthPrefixed) inherited.is_delimited = false;
  if (features->message_encoding == kMessageDelimited) inherited.is_delimited = true;
  return inherited;
}

}  // namespace ipmpsc::schema
