#include "ipmpsc/view/finalize_view.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "absl/strings/string_view.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/map_view.h"
#include "ipmpsc/view/memory.h"
#include "ipmpsc/view/repeated_view.h"
#include "ipmpsc/wire/message_table.h"

namespace ipmpsc::view {
namespace {

// An entry of a map that is being sorted. Keys may be strings in the record, which a hostile peer
// may change meanwhile. So the first part that is compared is loaded once.
struct Order {
  uint64_t key;    // orders entries, unless it is equal
  uint32_t index;  // of the entry
};

// Sorts `order` by merging, by `less`. If keys change meanwhile, the order is undefined, but only
// the arrays are accessed, which std::sort does not promise. Stable.
template <typename Less>
void SortOrder(Order* order, Order* scratch, size_t size, Less less) {
  constexpr size_t kFirstRun = 8;
  for (size_t begin = 0; begin < size; begin += kFirstRun) {
    const size_t end = std::min(begin + kFirstRun, size);
    for (size_t i = begin + 1; i < end; ++i) {
      const Order one = order[i];
      size_t to = i;
      for (; to > begin && less(one, order[to - 1]); --to) order[to] = order[to - 1];
      order[to] = one;
    }
  }
  Order* from = order;
  Order* to = scratch;
  for (size_t run = kFirstRun; run < size; run *= 2) {
    for (size_t begin = 0; begin < size; begin += 2 * run) {
      const size_t middle = std::min(begin + run, size);
      const size_t end = std::min(begin + 2 * run, size);
      size_t left = begin;
      size_t right = middle;
      for (size_t i = begin; i < end; ++i) {
        const bool take_right = left == middle || (right < end && less(from[right], from[left]));
        to[i] = from[take_right ? right++ : left++];
      }
    }
    std::swap(from, to);
  }
  if (from != order) std::memcpy(order, from, size * sizeof(Order));
}

// Returns the eight bytes of a text after the first `skipped` as a number with the same order,
// padded with zeros.
uint64_t PrefixOf(absl::string_view text, size_t skipped) {
  text.remove_prefix(std::min(skipped, text.size()));
  uint64_t word = 0;
  // An empty key may have a null pointer.
  if (!text.empty()) std::memcpy(&word, text.data(), std::min(text.size(), sizeof(word)));
  return __builtin_bswap64(word);
}

// Returns the length of the common prefix of all keys.
template <typename KeyOf>
size_t CommonPrefix(KeyOf key, uint32_t size) {
  const absl::string_view first = key(0);
  size_t common = first.size();
  for (uint32_t i = 1; i < size && common != 0; ++i) {
    const absl::string_view other = key(i);
    size_t same = 0;
    while (same < common && same < other.size() && first[same] == other[same]) ++same;
    common = same;
  }
  return common;
}

// Sorts entries by key and keeps the last of equal ones. Uses a new array unless they are in order
// already.
template <typename Key>
bool SortEntries(RepeatedData* data, size_t entry_size, size_t key_offset, Arena* arena) {
  const auto key = [&](uint32_t i) {
    return Load<Key>(data->elements + i * entry_size + key_offset);
  };
  uint32_t sorted = 1;
  while (sorted < data->size && MapKeyLess(key(sorted - 1), key(sorted))) ++sorted;
  if (sorted >= data->size) return true;

  char* const entries = static_cast<char*>(arena->Allocate(size_t{data->size} * entry_size));
  Order* const order = static_cast<Order*>(arena->Allocate(2 * size_t{data->size} * sizeof(Order)));
  if (entries == nullptr || order == nullptr) return false;
  constexpr bool kIsText = std::is_same_v<Key, absl::string_view>;
  size_t common = 0;
  if constexpr (kIsText) common = CommonPrefix(key, data->size);
  for (uint32_t i = 0; i < data->size; ++i) {
    if constexpr (kIsText) {
      order[i] = {PrefixOf(key(i), common), i};
    } else {
      order[i] = {static_cast<uint64_t>(key(i)), i};
    }
  }
  SortOrder(order, order + data->size, data->size, [&](const Order& a, const Order& b) {
    if (!kIsText || a.key != b.key) return a.key < b.key;
    return MapKeyLess(key(a.index), key(b.index));
  });
  uint32_t kept = 0;
  for (uint32_t i = 0; i < data->size; ++i) {
    if (i + 1 < data->size && key(order[i].index) == key(order[i + 1].index)) continue;
    std::memcpy(entries + kept * entry_size, data->elements + order[i].index * entry_size,
                entry_size);
    ++kept;
  }
  *data = {entries, kept, data->size};
  return true;
}

bool SortMap(const wire::MessageTable& entry, RepeatedData* data, Arena* arena) {
  const wire::Field& key = entry.fields[0];
  switch (key.type) {
    case wire::FieldType::kBoolOfMap:
      return SortEntries<uint8_t>(data, entry.view_size, key.offset, arena);
    case wire::FieldType::kInt32:
    case wire::FieldType::kSint32:
    case wire::FieldType::kFixed32:
      return SortEntries<uint32_t>(data, entry.view_size, key.offset, arena);
    case wire::FieldType::kInt64:
    case wire::FieldType::kSint64:
    case wire::FieldType::kFixed64:
      return SortEntries<uint64_t>(data, entry.view_size, key.offset, arena);
    default:
      return SortEntries<absl::string_view>(data, entry.view_size, key.offset, arena);
  }
}

// An entry always has a value: one that did not come is an empty message, which may lack required
// fields.
bool LacksRequiredValue(const wire::MessageTable& entry, const char* view) {
  const wire::Field& value = entry.fields[1];
  return value.type == wire::FieldType::kMessage && value.message->required_count != 0 &&
         Load<const char*>(view + value.offset) == nullptr;
}

bool FinishElements(const wire::Field& field, char* at, Arena* arena) {
  RepeatedData data = Load<RepeatedData>(at);
  if (field.cardinality == wire::Cardinality::kMap) {
    if (!SortMap(*field.message, &data, arena)) return false;
    Store(at, data);
  }
  if (!field.message->needs_finish) return true;
  for (uint32_t i = 0; i < data.size; ++i) {
    char* const element = const_cast<char*>(data.elements) + size_t{i} * field.message->view_size;
    if (field.cardinality == wire::Cardinality::kMap && LacksRequiredValue(*field.message, element))
      return false;
    if (!FinalizeView(*field.message, element, arena)) return false;
  }
  return true;
}

}  // namespace

// As deep as what was parsed, so at most kMaxDepth.
bool FinalizeView(const wire::MessageTable& table, char* view, Arena* arena) {
  for (uint32_t bit = 0; bit < table.required_count; ++bit) {
    if (!GetHasBit(view, bit)) return false;
  }
  for (uint32_t i = 0; i < table.field_count; ++i) {
    const wire::Field& field = table.fields[i];
    if (field.type != wire::FieldType::kMessage && field.type != wire::FieldType::kGroup) continue;
    char* const at = view + field.offset;
    if (field.cardinality == wire::Cardinality::kMap ||
        field.cardinality == wire::Cardinality::kRepeated) {
      if (!FinishElements(field, at, arena)) return false;
      continue;
    }
    if (!field.message->needs_finish) continue;
    if (field.cardinality == wire::Cardinality::kOneof &&
        Load<uint32_t>(view + field.presence) != field.number())
      continue;
    char* const message = Load<char*>(at);
    if (message != nullptr && !FinalizeView(*field.message, message, arena)) return false;
  }
  return true;
}

}  // namespace ipmpsc::view
