#include "ipmpsc/view/finish.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/map_view.h"
#include "ipmpsc/view/memory.h"
#include "ipmpsc/view/message_table.h"
#include "ipmpsc/view/repeated_view.h"

namespace ipmpsc::view {
namespace {

// Merge sort of `order`, by `less`. Keys may be strings in the record, which a hostile peer may
// change meanwhile: the order is then nonsense, but nothing outside the arrays is touched, which
// std::sort does not promise.
template <typename Less>
void SortOrder(uint32_t* order, uint32_t* scratch, size_t size, Less less) {
  for (size_t run = 1; run < size; run *= 2) {
    for (size_t begin = 0; begin < size; begin += 2 * run) {
      const size_t middle = std::min(begin + run, size);
      const size_t end = std::min(begin + 2 * run, size);
      size_t left = begin;
      size_t right = middle;
      for (size_t to = begin; to < end; ++to) {
        const bool take_right = left == middle || (right < end && less(order[right], order[left]));
        scratch[to] = order[take_right ? right++ : left++];
      }
    }
    std::memcpy(order, scratch, size * sizeof(uint32_t));
  }
}

// Sorts entries by key, the last of equal ones surviving, into a new array where they are not in
// order already.
template <typename Key>
bool SortEntries(RepeatedData* data, size_t entry_size, size_t key_offset, Arena* arena) {
  const auto key = [&](uint32_t i) {
    return Load<Key>(data->elements + i * entry_size + key_offset);
  };
  uint32_t sorted = 1;
  while (sorted < data->size && MapKeyLess(key(sorted - 1), key(sorted))) ++sorted;
  if (sorted >= data->size) return true;

  char* const entries = static_cast<char*>(arena->Allocate(size_t{data->size} * entry_size));
  uint32_t* const order =
      static_cast<uint32_t*>(arena->Allocate(2 * size_t{data->size} * sizeof(uint32_t)));
  if (entries == nullptr || order == nullptr) return false;
  for (uint32_t i = 0; i < data->size; ++i) order[i] = i;
  SortOrder(order, order + data->size, data->size,
            [&](uint32_t a, uint32_t b) { return MapKeyLess(key(a), key(b)); });
  uint32_t kept = 0;
  for (uint32_t i = 0; i < data->size; ++i) {
    if (i + 1 < data->size && key(order[i]) == key(order[i + 1])) continue;
    std::memcpy(entries + kept * entry_size, data->elements + order[i] * entry_size, entry_size);
    ++kept;
  }
  *data = {entries, kept, data->size};
  return true;
}

bool SortMap(const MessageTable& entry, RepeatedData* data, Arena* arena) {
  const Field& key = entry.fields[0];
  switch (key.type) {
    case FieldType::kBoolOfMap:
      return SortEntries<uint8_t>(data, entry.view_size, key.offset, arena);
    case FieldType::kInt32:
    case FieldType::kSint32:
    case FieldType::kFixed32:
      return SortEntries<uint32_t>(data, entry.view_size, key.offset, arena);
    case FieldType::kInt64:
    case FieldType::kSint64:
    case FieldType::kFixed64:
      return SortEntries<uint64_t>(data, entry.view_size, key.offset, arena);
    default:
      return SortEntries<absl::string_view>(data, entry.view_size, key.offset, arena);
  }
}

// An entry always has a value: one that did not come is an empty message, which may lack required
// fields.
bool LacksRequiredValue(const MessageTable& entry, const char* view) {
  const Field& value = entry.fields[1];
  return value.type == FieldType::kMessage && value.message->required_count != 0 &&
         Load<const char*>(view + value.offset) == nullptr;
}

bool FinishElements(const Field& field, char* at, Arena* arena) {
  RepeatedData data = Load<RepeatedData>(at);
  if (field.cardinality == Cardinality::kMap) {
    if (!SortMap(*field.message, &data, arena)) return false;
    Store(at, data);
  }
  if (!field.message->needs_finish) return true;
  for (uint32_t i = 0; i < data.size; ++i) {
    char* const element = const_cast<char*>(data.elements) + size_t{i} * field.message->view_size;
    if (field.cardinality == Cardinality::kMap && LacksRequiredValue(*field.message, element))
      return false;
    if (!Finish(*field.message, element, arena)) return false;
  }
  return true;
}

}  // namespace

// As deep as what was parsed, so at most kMaxDepth.
bool Finish(const MessageTable& table, char* view, Arena* arena) {
  for (uint32_t bit = 0; bit < table.required_count; ++bit) {
    if (!GetHasBit(view, bit)) return false;
  }
  for (uint32_t i = 0; i < table.field_count; ++i) {
    const Field& field = table.fields[i];
    if (field.type != FieldType::kMessage && field.type != FieldType::kGroup) continue;
    char* const at = view + field.offset;
    if (field.cardinality == Cardinality::kMap || field.cardinality == Cardinality::kRepeated) {
      if (!FinishElements(field, at, arena)) return false;
      continue;
    }
    if (!field.message->needs_finish) continue;
    if (field.cardinality == Cardinality::kOneof &&
        Load<uint32_t>(view + field.presence) != field.number())
      continue;
    char* const message = Load<char*>(at);
    if (message != nullptr && !Finish(*field.message, message, arena)) return false;
  }
  return true;
}

}  // namespace ipmpsc::view
