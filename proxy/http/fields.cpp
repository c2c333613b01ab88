#include "proxy/http/fields.hpp"

#include "config/text.hpp"

#include <cstring>

namespace cardea::http {

namespace {

enum class Likeness : std::uint8_t { different, same, twin };

/// Eight bytes in lower case where they are letters. Digits and hyphens stay as they are, and of what else a name may hold
/// nothing becomes one of those: what is alike then is the same.
std::uint64_t folded(const char* at) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, sizeof bytes);
    return bytes | 0x2020202020202020ULL;
}

bool same_name(const char* name, const char* lower, std::size_t size) {
    constexpr std::size_t word = sizeof(std::uint64_t);
    if (size < word) {
        for (std::size_t i = 0; i < size; ++i) {
            if ((name[i] | 0x20) != lower[i]) {
                return false;
            }
        }
        return true;
    }
    for (std::size_t i = 0; i + word < size; i += word) {
        if (folded(name + i) != folded(lower + i)) {
            return false;
        }
    }
    return folded(name + size - word) == folded(lower + size - word);  // over some once more
}

/// Of names of the same length; `name` is a token.
Likeness compare(std::string_view name, std::string_view lower) {
    if ((name[0] | 0x20) != lower[0]) {
        return Likeness::different;
    }
    if (same_name(name.data(), lower.data(), lower.size())) {
        return Likeness::same;
    }
    for (std::size_t i = 0; i < lower.size(); ++i) {
        if (config::ascii_lower(name[i]) != lower[i] && (lower[i] != '-' || name[i] != '_')) {
            return Likeness::different;
        }
    }
    return Likeness::twin;
}

struct Known {
    std::string_view name;
    FieldId id;
};

FieldId twin_of(FieldId id) {
    if (id == FieldId::content_length || id == FieldId::transfer_encoding) {
        return FieldId::framing_twin;
    }
    return id == FieldId::user_agent ? FieldId::other : FieldId::twin;
}

template <std::size_t N>
FieldId pick(std::string_view name, const std::array<Known, N>& candidates) {
    for (const auto& known : candidates) {
        switch (compare(name, known.name)) {
            case Likeness::same:
                return known.id;
            case Likeness::twin:
                return twin_of(known.id);
            case Likeness::different:
                break;
        }
    }
    return FieldId::other;
}

template <typename... T>
constexpr auto of(T... known) {
    return std::array<Known, sizeof...(T)>{known...};
}

constexpr auto names_2 = of(Known{"te", FieldId::te});
constexpr auto names_3 = of(Known{"via", FieldId::via});
constexpr auto names_4 = of(Known{"host", FieldId::host}, Known{"date", FieldId::date});
constexpr auto names_5 = of(Known{"proxy", FieldId::twin});
constexpr auto names_6 = of(Known{"expect", FieldId::expect});
constexpr auto names_7 = of(Known{"upgrade", FieldId::upgrade}, Known{"trailer", FieldId::trailer}, Known{"referer", FieldId::referer});
constexpr auto names_9 = of(Known{"forwarded", FieldId::forwarded}, Known{"x-real-ip", FieldId::x_real_ip});
constexpr auto names_10 =
    of(Known{"connection", FieldId::connection}, Known{"keep-alive", FieldId::keep_alive}, Known{"user-agent", FieldId::user_agent});
constexpr auto names_11 = of(Known{"x-forwarded", FieldId::x_forwarded_other});
constexpr auto names_12 = of(Known{"max-forwards", FieldId::max_forwards}, Known{"x-request-id", FieldId::x_request_id});
constexpr auto names_14 = of(Known{"content-length", FieldId::content_length}, Known{"http2-settings", FieldId::http2_settings});
constexpr auto names_15 = of(Known{"x-forwarded-for", FieldId::x_forwarded_for});
constexpr auto names_16 = of(Known{"x-forwarded-host", FieldId::x_forwarded_host}, Known{"x-forwarded-port", FieldId::x_forwarded_port},
                             Known{"proxy-connection", FieldId::proxy_connection});
constexpr auto names_17 =
    of(Known{"transfer-encoding", FieldId::transfer_encoding}, Known{"x-forwarded-proto", FieldId::x_forwarded_proto});
constexpr auto names_18 = of(Known{"proxy-authenticate", FieldId::proxy_authenticate});
constexpr auto names_19 = of(Known{"proxy-authorization", FieldId::proxy_authorization});

FieldId by_length(std::string_view name) {
    switch (name.size()) {
        case 2:
            return pick(name, names_2);
        case 3:
            return pick(name, names_3);
        case 4:
            return pick(name, names_4);
        case 5:
            return pick(name, names_5);
        case 6:
            return pick(name, names_6);
        case 7:
            return pick(name, names_7);
        case 9:
            return pick(name, names_9);
        case 10:
            return pick(name, names_10);
        case 11:
            return pick(name, names_11);
        case 12:
            return pick(name, names_12);
        case 14:
            return pick(name, names_14);
        case 15:
            return pick(name, names_15);
        case 16:
            return pick(name, names_16);
        case 17:
            return pick(name, names_17);
        case 18:
            return pick(name, names_18);
        case 19:
            return pick(name, names_19);
        default:
            return FieldId::other;
    }
}

}  // namespace

FieldId identify(std::string_view name) {
    const auto id = by_length(name);
    constexpr std::string_view family = "x-forwarded-";
    if (id != FieldId::other || name.size() <= family.size() || config::ascii_lower(name[0]) != 'x') {
        return id;
    }
    switch (compare(name.substr(0, family.size()), family)) {
        case Likeness::same:
            return FieldId::x_forwarded_other;
        case Likeness::twin:
            return FieldId::twin;
        default:
            return FieldId::other;
    }
}

bool Fields::push(std::string_view name, std::string_view value, bool canonical) {
    if (count_ == capacity) {
        return false;
    }
    const auto id = identify(name);
    fields_[count_++] = Field{name, value, id, canonical};
    repeated_ |= seen_ & bit(id);
    seen_ |= bit(id);
    return true;
}

void Fields::clear() {
    count_ = 0;
    seen_ = repeated_ = 0;
}

const Field* Fields::find(FieldId id) const {
    if (has(id)) {
        for (const auto& field : all()) {
            if (field.id == id) {
                return &field;
            }
        }
    }
    return nullptr;
}

std::string_view Fields::value(FieldId id) const {
    const auto* field = find(id);
    return field != nullptr ? field->value : std::string_view{};
}

bool equals_lower(std::string_view text, std::string_view lower) {
    if (text.size() != lower.size()) {
        return false;
    }
    for (std::size_t i = 0; i < lower.size(); ++i) {
        if (config::ascii_lower(text[i]) != lower[i]) {
            return false;
        }
    }
    return true;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (config::ascii_lower(a[i]) != config::ascii_lower(b[i])) {
            return false;
        }
    }
    return true;
}

bool next_member(std::string_view& list, std::string_view& member) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        member = list.substr(0, comma);
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
        member = config::trim(member);
        if (!member.empty()) {
            return true;
        }
    }
    return false;
}

}  // namespace cardea::http
