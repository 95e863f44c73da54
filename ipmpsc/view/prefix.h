// ParsePrefix: the parser of one message type, unrolled at compile time from its table. It reads
// fields in the order of their numbers, as serialisers write them, in straight-line code. It stops
// at the first field that is not so, and the parser of `parser.h` reads the rest of the message.
//
// Generated tables refer to it where a message declares a channel. It makes a parse faster and the
// program larger, by about 200 bytes for each field.
#ifndef IPMPSC_VIEW_PREFIX_H_
#define IPMPSC_VIEW_PREFIX_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/base/optimization.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/view/fast_path.h"
#include "ipmpsc/view/memory.h"
#include "ipmpsc/view/number.h"
#include "ipmpsc/view/packed.h"
#include "ipmpsc/view/repeated_growth.h"
#include "ipmpsc/view/repeated_view.h"
#include "ipmpsc/wire/decoding.h"
#include "ipmpsc/wire/message_table.h"

namespace ipmpsc::view {

// Parses the fields from `p` to `end`, in any order. Returns `end`, or null where they are
// malformed or there is no memory.
const char* ParseRest(ParseContext* context, const wire::MessageTable& table, char* view,
                      const char* p, const char* end);

template <const wire::MessageTable* kTable>
const char* ParsePrefix(ParseContext* context, char* view, const char* p, const char* end);

// The pieces of `ParsePrefix`, of which the attribute `flatten` makes one function. They are not
// declared inline, so no copies of them remain.
namespace prefix {

using wire::FieldType;
using wire::Operation;

struct State {
  ParseContext* context;
  char* view;
  const char* end;
  const char* limit;  // in front of it, `kAhead` bytes may be read
  const char* p;      // null where the message is malformed or there is no memory

  // Sets the position. False for null.
  bool Continue(const char* position) {
    p = position;
    return ABSL_PREDICT_TRUE(position != nullptr);
  }
};

// Whether the operation is one of those below. Others are left to the parser of the rest.
constexpr bool IsParsedHere(Operation operation) {
  switch (operation) {
    case Operation::kGeneral:
    case Operation::kClosedEnum:
    case Operation::kOneofMessage:
    case Operation::kMapEntry:
      return false;
    default:
      return true;
  }
}

// Whether the field with the index comes next.
template <const wire::MessageTable* kTable, size_t kI>
bool IsNext(const State& state) {
  constexpr wire::Field kField = kTable->fields[kI];
  if (state.p >= state.limit) return false;
  if constexpr (kField.wire_width == 1) return wire::LoadByte(state.p) == kField.wire_tag;
  return wire::LoadTwoBytes(state.p) == kField.wire_tag;
}

// Parses the first piece of a message. Its length is at `p`.
template <const wire::MessageTable* kNested>
const char* ParseNested(State* state, char* message, const char* p) {
  ParseContext* const context = state->context;
  size_t size;
  p = ReadSizeAhead(p, state->end, &size);
  if (ABSL_PREDICT_FALSE(p == nullptr || context->depth == 0)) return nullptr;
  Store(message, absl::string_view(p, size));
  if (size == 0) return p;
  const char* const end = p + size;
  --context->depth;
  p = ParsePrefix<kNested>(context, message, p, end);
  if (ABSL_PREDICT_FALSE(p != end && p != nullptr))
    p = ParseRest(context, *kNested, message, p, end);
  ++context->depth;
  return p;
}

// Parses a string or bytes: the size is at `p`.
template <FieldType kType>
const char* ParseText(const State& state, char* at, const char* p) {
  size_t size;
  p = ReadSizeAhead(p, state.end, &size);
  if (ABSL_PREDICT_FALSE(p == nullptr)) return nullptr;
  if (kType == FieldType::kString && ABSL_PREDICT_FALSE(!IsUtf8Ahead(p, size))) return nullptr;
  Store(at, absl::string_view(p, size));
  return p + size;
}

// Parses strings, bytes or messages that follow each other, each after the tag of the field.
template <const wire::MessageTable* kTable, size_t kI>
bool ParseElements(State* state, char* at, const char* p) {
  constexpr wire::Field kField = kTable->fields[kI];
  RepeatedData data = Load<RepeatedData>(at);
  const auto grow = [&](size_t element_size) {
    return p < state->end &&
           GrowForElements(&data, element_size, kField.tag, p, state->end, state->context->arena);
  };
  while (true) {
    if constexpr (kField.operation == Operation::kMessages) {
      constexpr size_t kSize = kField.message->view_size;
      if (ABSL_PREDICT_FALSE(data.size == data.capacity) && !grow(kSize))
        return state->Continue(nullptr);
      char* const message = InitView(*kField.message, NextElementOf(data, kSize));
      p = ParseNested<kField.message>(state, message, p);
    } else {
      constexpr size_t kSize = sizeof(absl::string_view);
      if (ABSL_PREDICT_FALSE(data.size == data.capacity) && !grow(kSize))
        return state->Continue(nullptr);
      p = ParseText<kField.type>(*state, NextElementOf(data, kSize), p);
    }
    if (ABSL_PREDICT_FALSE(!state->Continue(p))) return false;
    ++data.size;
    if (!IsNext<kTable, kI>(*state)) break;
    p += kField.wire_width;
  }
  Store(at, data);
  return true;
}

// Parses the value of a field whose tag ends at `p`. False where the prefix ends here.
template <const wire::MessageTable* kTable, size_t kI>
bool ParseValue(State* state, const char* p) {
  constexpr wire::Field kField = kTable->fields[kI];
  constexpr FieldType kType = kField.type;
  char* const at = state->view + kField.offset;
  if constexpr (kField.operation == Operation::kMessage) {
    // A message in several pieces is merged by the parser of the rest.
    if (ABSL_PREDICT_FALSE(Load<char*>(at) != nullptr)) return false;
    void* const memory = state->context->arena->Allocate(kField.message->view_size);
    if (ABSL_PREDICT_FALSE(memory == nullptr)) return state->Continue(nullptr);
    char* const message = InitView(*kField.message, memory);
    Store(at, message);
    if constexpr (kField.presence != wire::Field::kNoHasBit)
      SetHasBit(state->view, kField.presence);
    return state->Continue(ParseNested<kField.message>(state, message, p));
  } else if constexpr (kField.operation == Operation::kMessages ||
                       kField.operation == Operation::kTexts) {
    return ParseElements<kTable, kI>(state, at, p);
  } else if constexpr (kField.operation == Operation::kPacked) {
    if (ABSL_PREDICT_FALSE(p >= state->end)) return state->Continue(nullptr);
    return state->Continue(
        ParsePacked(kTable->fields[kI], at, p, state->end, state->context->arena));
  } else {
    if constexpr (kField.cardinality == wire::Cardinality::kOneof) {
      Store(state->view + kField.presence, kField.number());
    } else if constexpr (kField.presence != wire::Field::kNoHasBit) {
      SetHasBit(state->view, kField.presence);
    }
    if constexpr (kType == FieldType::kBytes || kType == FieldType::kString) {
      return state->Continue(ParseText<kType>(*state, at, p));
    } else if constexpr (kType == FieldType::kFixed32) {
      Store(at, Load<uint32_t>(p));
      return state->Continue(p + sizeof(uint32_t));
    } else if constexpr (kType == FieldType::kFixed64) {
      Store(at, Load<uint64_t>(p));
      return state->Continue(p + sizeof(uint64_t));
    } else {
      uint64_t value;
      p = ReadVarintAhead(p, &value);
      StoreVarint(kField, kType, value, at);
      return state->Continue(p);
    }
  }
}

// Parses the field with the index where it comes next. False where the prefix ends here.
template <const wire::MessageTable* kTable, size_t kI>
bool ParseField(State* state) {
  constexpr wire::Field kField = kTable->fields[kI];
  if constexpr (IsParsedHere(kField.operation)) {
    if (IsNext<kTable, kI>(*state))
      return ParseValue<kTable, kI>(state, state->p + kField.wire_width);
  }
  return true;
}

template <const wire::MessageTable* kTable, size_t... kI>
void ParseFields(State* state, std::index_sequence<kI...>) {
  static_cast<void>((ParseField<kTable, kI>(state) && ...));
}

}  // namespace prefix

// Returns the position after the fields that it has parsed, which may be beyond `end` if they are
// malformed. Null where they are malformed or there is no memory.
template <const wire::MessageTable* kTable>
__attribute__((flatten, noinline)) const char* ParsePrefix(ParseContext* context, char* view,
                                                           const char* p, const char* end) {
  prefix::State state = {context, view, end, std::min(end, context->fast_end), p};
  prefix::ParseFields<kTable>(&state, std::make_index_sequence<kTable->field_count>());
  return state.p;
}

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_PREFIX_H_
