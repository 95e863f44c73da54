#include "ipmpsc/schema/schema_comparison.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "ipmpsc/schema/descriptor_view.h"
#include "ipmpsc/schema/enum_comparison.h"
#include "ipmpsc/schema/findings.h"
#include "ipmpsc/schema/resolved_field.h"
#include "ipmpsc/schema/schema.h"
#include "ipmpsc/schema/schema_differences.h"

namespace ipmpsc::schema {
namespace {

// The fields of a message, by number and by name.
class Fields {
 public:
  explicit Fields(const MessageView& message) {
    by_number_.reserve(message.field.size());
    for (const FieldView& field : message.field) by_number_.push_back(&field);
    by_name_ = by_number_;
    absl::c_stable_sort(by_number_, [](auto* a, auto* b) { return a->number < b->number; });
    absl::c_stable_sort(by_name_, [](auto* a, auto* b) { return a->name < b->name; });
    const auto twice =
        absl::c_adjacent_find(by_number_, [](auto* a, auto* b) { return a->number == b->number; });
    if (twice != by_number_.end()) twice_ = *twice;
  }

  const std::vector<const FieldView*>& by_number() const { return by_number_; }
  // Null if there is none. Returns the first if there are several.
  const FieldView* Find(int32_t number) const {
    const auto field = std::lower_bound(by_number_.begin(), by_number_.end(), number,
                                        [](auto* a, int32_t n) { return a->number < n; });
    return field != by_number_.end() && (*field)->number == number ? *field : nullptr;
  }
  const FieldView* Find(absl::string_view name) const {
    const auto field = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                        [](auto* a, absl::string_view n) { return a->name < n; });
    return field != by_name_.end() && (*field)->name == name ? *field : nullptr;
  }
  // A field whose number another field has, too, or null.
  const FieldView* twice() const { return twice_; }

 private:
  std::vector<const FieldView*> by_number_;
  std::vector<const FieldView*> by_name_;
  const FieldView* twice_ = nullptr;
};

// A field that both schemas have.
struct FieldPair {
  std::string where;
  ResolvedField ours;
  ResolvedField theirs;
};

std::string OneofText(const OneofView* oneof) {
  return oneof == nullptr ? "no oneof" : absl::StrCat("oneof ", Printable(oneof->name));
}

std::string DefaultShown(const ResolvedField& resolved) {
  return absl::StrCat("\"", Printable(DefaultText(resolved)), "\"");
}

class Comparison {
 public:
  Comparison(const Schema& ours, const Schema& theirs, End end)
      : ours_(ours), theirs_(theirs), end_(end) {}

  SchemaFindings Compare(absl::string_view name) {
    const Schema::Type* const ours = ours_.Find(name);
    const Schema::Type* const theirs = theirs_.Find(name);
    if (ours == nullptr || ours->message == nullptr) {
      findings_.refusals.Add(Printable(name), "the schema here does not define it");
    } else if (theirs == nullptr || theirs->message == nullptr) {
      findings_.refusals.Add(Printable(name), "the channel's schema does not define it");
    } else {
      Remember(Printable(name), *ours, *theirs);
    }
    // A list, not recursion: messages refer to one another as deep as their author likes.
    while (!messages_.empty()) {
      const MessagePair pair = std::move(messages_.back());
      messages_.pop_back();
      CompareMessage(pair);
    }
    return std::move(findings_);
  }

 private:
  struct MessagePair {
    std::string where;
    const Schema::Type* ours;
    const Schema::Type* theirs;
  };

  const ResolvedField& Writer(const FieldPair& pair) const {
    return end_ == End::kSender ? pair.ours : pair.theirs;
  }
  const ResolvedField& Reader(const FieldPair& pair) const {
    return end_ == End::kSender ? pair.theirs : pair.ours;
  }
  absl::string_view AtWriter() const { return end_ == End::kSender ? "here" : "in the channel"; }
  absl::string_view AtReader() const { return end_ == End::kSender ? "in the channel" : "here"; }

  // Adds the messages to the comparison, unless they were added before.
  void Remember(const std::string& where, const Schema::Type& ours, const Schema::Type& theirs) {
    if (seen_.emplace(ours.message, theirs.message).second)
      messages_.push_back({where, &ours, &theirs});
  }

  void CompareMessage(const MessagePair& pair);
  void CompareField(const FieldPair& pair);
  bool CompareType(const FieldPair& pair);
  void ComparePresence(const FieldPair& pair);
  void CompareOneofs(const std::vector<FieldPair>& pairs);
  void FieldHereOnly(const std::string& where, const FieldView& field, const Fields& theirs);
  void FieldThereOnly(const std::string& message, const FieldView& field, const Fields& ours);

  const Schema& ours_;
  const Schema& theirs_;
  const End end_;
  SchemaFindings findings_;
  std::vector<MessagePair> messages_;
  absl::flat_hash_set<std::pair<const MessageView*, const MessageView*>> seen_;
  absl::flat_hash_set<std::tuple<const EnumView*, const EnumView*, bool>> seen_enums_;
};

bool IsMessageSet(const MessageView& message) {
  return message.options != nullptr && message.options->message_set_wire_format;
}

void Comparison::CompareMessage(const MessagePair& pair) {
  const Fields ours(*pair.ours->message);
  const Fields theirs(*pair.theirs->message);
  if (theirs.twice() != nullptr) {
    findings_.refusals.Add(pair.where, "the channel's schema has two fields ",
                           theirs.twice()->number);
    return;
  }
  if (IsMessageSet(*pair.ours->message) != IsMessageSet(*pair.theirs->message)) {
    findings_.refusals.Add(pair.where, "it has the wire format of a message set on one side only");
    return;
  }
  std::vector<FieldPair> both;
  for (const FieldView* const field : ours.by_number()) {
    const int32_t number = field->number;
    std::string where = absl::StrCat(pair.where, ".", Printable(field->name));
    const FieldView* const their_field = theirs.Find(number);
    if (their_field == nullptr) {
      FieldHereOnly(where, *field, theirs);
      continue;
    }
    const FieldView& other = *their_field;
    const FieldView* const same_name = theirs.Find(field->name);
    if (same_name != nullptr && same_name->number != number) {
      findings_.refusals.Add(where, "is field ", number, " here, field ", same_name->number,
                             " in the channel");
    } else if (field->name != other.name && ours.Find(other.name) == nullptr) {
      findings_.differences.Add(where, "field ", number, " is called ", Printable(other.name),
                                " in the channel");
    }
    both.push_back({std::move(where), ResolveField(ours_, *pair.ours, *field),
                    ResolveField(theirs_, *pair.theirs, other)});
  }
  for (const FieldView* const field : theirs.by_number()) {
    if (ours.Find(field->number) == nullptr) FieldThereOnly(pair.where, *field, ours);
  }
  // Both fields of an entry of a map are always sent.
  const bool is_entry = IsMapEntry(*pair.ours->message);
  for (const FieldPair& field : both) {
    if (CompareType(field) && !is_entry) CompareField(field);
  }
  CompareOneofs(both);
}

void Comparison::FieldHereOnly(const std::string& where, const FieldView& field,
                               const Fields& theirs) {
  const FieldView* const same_name = theirs.Find(field.name);
  if (same_name != nullptr) {
    findings_.refusals.Add(where, "is field ", field.number, " here, field ", same_name->number,
                           " in the channel");
  } else if (end_ == End::kReceiver && field.label == kLabelRequired) {
    findings_.refusals.Add(where, "field ", field.number,
                           " is required here, and not in the channel's schema");
  } else {
    findings_.differences.Add(where, "field ", field.number, " is not in the channel's schema");
  }
}

void Comparison::FieldThereOnly(const std::string& message, const FieldView& field,
                                const Fields& ours) {
  if (ours.Find(field.name) != nullptr) return;  // reported with our field of that name
  const bool is_refused = end_ == End::kSender && field.label == kLabelRequired;
  Findings& findings = is_refused ? findings_.refusals : findings_.differences;
  if (!findings.IsNextListed()) return findings.Count();
  findings.Add(absl::StrCat(message, ".", Printable(field.name)), "field ", field.number,
               is_refused ? " is required in the channel, and not in the schema here"
                          : " is in the channel's schema only");
}

// False if the fields are so different that other differences do not matter.
bool Comparison::CompareType(const FieldPair& pair) {
  const ResolvedField& ours = pair.ours;
  const ResolvedField& theirs = pair.theirs;
  const FieldView& field = *ours.field;
  const bool is_message = ours.field_type == kTypeMessage || ours.field_type == kTypeGroup;
  const bool is_typed = is_message || field.type == kTypeEnum;
  const auto refuse = [&] {
    findings_.refusals.Add(pair.where, "field ", field.number, " is ", TypeText(ours_, ours),
                           " here, ", TypeText(theirs_, theirs), " in the channel");
    return false;
  };
  if (ours.is_repeated != theirs.is_repeated || ours.is_map != theirs.is_map) return refuse();
  if (!ValuesFit(static_cast<FieldType>(Writer(pair).field_type), Reader(pair))) return refuse();
  if (ours.field_type != theirs.field_type) {
    findings_.differences.Add(pair.where, "field ", field.number, " is ", TypeText(ours_, ours),
                              " here, ", TypeText(theirs_, theirs), " in the channel");
    return true;
  }
  if (!is_typed) return true;
  if (!ours.is_map && field.type_name != theirs.field->type_name) return refuse();
  if (ours.type == nullptr || theirs.type == nullptr) {
    findings_.refusals.Add(pair.where, "its type ", Printable(field.type_name), " is not defined ",
                           ours.type == nullptr ? "here" : "in the channel");
    return false;
  }
  if (is_message) {
    Remember(ours.is_map ? pair.where : Printable(absl::StripPrefix(field.type_name, ".")),
             *ours.type, *theirs.type);
    return true;
  }
  const bool reader_is_closed = Reader(pair).is_closed_enum;
  if (reader_is_closed && !Writer(pair).is_closed_enum) {
    findings_.refusals.Add(pair.where, "the enum is open ", AtWriter(), " and closed ", AtReader(),
                           ", where unlisted numbers are lost");
    return false;
  }
  if (ours.is_closed_enum != theirs.is_closed_enum) {
    findings_.differences.Add(pair.where, "the enum is closed ", AtWriter(), " and open ",
                              AtReader());
  }
  const EnumView& our_enum = *ours.type->enum_type;
  const EnumView& their_enum = *theirs.type->enum_type;
  if (seen_enums_.emplace(&our_enum, &their_enum, reader_is_closed).second) {
    const EnumComparison comparison(Printable(absl::StripPrefix(field.type_name, ".")), our_enum,
                                    their_enum);
    comparison.Compare(end_, reader_is_closed, &findings_);
  }
  return true;
}

void Comparison::CompareField(const FieldPair& pair) {
  const ResolvedField& ours = pair.ours;
  const ResolvedField& theirs = pair.theirs;
  if (ours.field->type == kTypeString && theirs.field->type == kTypeString &&
      ours.checks_utf8 != theirs.checks_utf8) {
    findings_.differences.Add(
        pair.where, "is checked for UTF-8 ",
        ours.checks_utf8 ? "here, not in the channel" : "in the channel only");
  }
  if (ours.is_packed != theirs.is_packed) {
    findings_.differences.Add(pair.where, "is packed ",
                              ours.is_packed ? "here, not in the channel" : "in the channel only");
  }
  if (!ours.is_repeated) ComparePresence(pair);
}

void Comparison::ComparePresence(const FieldPair& pair) {
  const ResolvedField& ours = pair.ours;
  const ResolvedField& theirs = pair.theirs;
  if (Reader(pair).is_required && !Writer(pair).is_required) {
    findings_.refusals.Add(pair.where, "is required ", AtReader(), ", not ", AtWriter());
    return;
  }
  if (!Writer(pair).has_presence && !DefaultIsZero(Reader(pair))) {
    findings_.refusals.Add(pair.where, "a zero is not sent ", AtWriter(),
                           ", and an absent field is ", DefaultShown(Reader(pair)), " ",
                           AtReader());
    return;
  }
  if (ours.is_required != theirs.is_required) {
    findings_.differences.Add(
        pair.where, "is required ",
        ours.is_required ? "here, not in the channel" : "in the channel only");
  } else if (ours.has_presence != theirs.has_presence) {
    findings_.differences.Add(
        pair.where, "has presence ",
        ours.has_presence ? "here, not in the channel" : "in the channel only");
  }
  if (DefaultText(ours) != DefaultText(theirs)) {
    findings_.differences.Add(pair.where, "its default is ", DefaultShown(ours), " here, ",
                              DefaultShown(theirs), " in the channel");
  }
}

// A reader keeps one member of a oneof only, so the writer must not be able to send two.
void Comparison::CompareOneofs(const std::vector<FieldPair>& pairs) {
  absl::flat_hash_map<const OneofView*, const FieldPair*> first_of;  // by the reader's oneof
  for (const FieldPair& pair : pairs) {
    const OneofView* const read = Reader(pair).oneof;
    if (read != nullptr) {
      const auto [first, is_first] = first_of.try_emplace(read, &pair);
      const OneofView* const written = Writer(pair).oneof;
      if (!is_first && (written == nullptr || written != Writer(*first->second).oneof)) {
        findings_.refusals.Add(pair.where, "shares ", OneofText(read), " with ",
                               Printable(Reader(*first->second).field->name), " ", AtReader(),
                               ", so one of them is lost if both are set ", AtWriter());
        continue;
      }
    }
    if (OneofText(pair.ours.oneof) != OneofText(pair.theirs.oneof)) {
      findings_.differences.Add(pair.where, "is in ", OneofText(pair.ours.oneof), " here, in ",
                                OneofText(pair.theirs.oneof), " in the channel");
    }
  }
}

}  // namespace

SchemaFindings CompareSchemas(absl::string_view message, const Schema& ours, const Schema& theirs,
                              End end) {
  return Comparison(ours, theirs, end).Compare(message);
}

}  // namespace ipmpsc::schema
