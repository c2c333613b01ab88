#include "proxy/http/fields.hpp"

#include "config/text.hpp"

#include <algorithm>
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

/// By length.
constexpr std::array known_names{
    Known{"te", FieldId::te},
    Known{"via", FieldId::via},
    Known{"host", FieldId::host},
    Known{"date", FieldId::date},
    Known{"proxy", FieldId::twin},
    Known{"expect", FieldId::expect},
    Known{"upgrade", FieldId::upgrade},
    Known{"trailer", FieldId::trailer},
    Known{"referer", FieldId::referer},
    Known{"forwarded", FieldId::forwarded},
    Known{"x-real-ip", FieldId::x_real_ip},
    Known{"connection", FieldId::connection},
    Known{"keep-alive", FieldId::keep_alive},
    Known{"user-agent", FieldId::user_agent},
    Known{"x-forwarded", FieldId::x_forwarded_other},
    Known{"max-forwards", FieldId::max_forwards},
    Known{"x-request-id", FieldId::x_request_id},
    Known{"content-length", FieldId::content_length},
    Known{"http2-settings", FieldId::http2_settings},
    Known{"x-forwarded-for", FieldId::x_forwarded_for},
    Known{"x-forwarded-host", FieldId::x_forwarded_host},
    Known{"x-forwarded-port", FieldId::x_forwarded_port},
    Known{"proxy-connection", FieldId::proxy_connection},
    Known{"transfer-encoding", FieldId::transfer_encoding},
    Known{"x-forwarded-proto", FieldId::x_forwarded_proto},
    Known{"proxy-authenticate", FieldId::proxy_authenticate},
    Known{"proxy-authorization", FieldId::proxy_authorization},
};
constexpr std::string_view open_family = "x-forwarded-";  ///< whatever follows
constexpr std::size_t longest_name = known_names.back().name.size();

/// Where in known_names those of a length begin; where they end, those of the next do.
consteval auto places_by_length() {
    std::array<std::uint8_t, longest_name + 2> places{};
    for (std::size_t size = 0; size < places.size(); ++size) {
        places[size] =
            static_cast<std::uint8_t>(std::ranges::count_if(known_names, [size](const Known& known) { return known.name.size() < size; }));
    }
    return places;
}
constexpr auto known_by_length = places_by_length();
static_assert(std::ranges::is_sorted(known_names, {}, [](const Known& known) { return known.name.size(); }));

/// Which lengths the known names have that begin alike, a bit each: most names are unknown, and this is where it ends for them.
class Lengths {
public:
    consteval Lengths() {
        for (const Known& known : known_names) {
            of(known.name.front()) |= bit(known.name.size());
        }
        for (std::size_t size = open_family.size() + 1; size <= longest_name + 1; ++size) {
            of(open_family.front()) |= bit(size);
        }
    }
    /// `name` may begin in upper case.
    [[nodiscard]] bool may_have(std::string_view name) const {
        return !name.empty() && (of_[place(name.front())] & bit(std::min(name.size(), longest_name + 1))) != 0;
    }

private:
    static constexpr std::size_t place(char first) { return static_cast<std::size_t>(first) % 32; }
    static constexpr std::uint32_t bit(std::size_t size) { return std::uint32_t{1} << size; }
    constexpr std::uint32_t& of(char first) { return of_[place(first)]; }
    std::array<std::uint32_t, 32> of_{};
};
static_assert(longest_name + 1 < 32);
constexpr Lengths known_lengths;

FieldId twin_of(FieldId id) {
    if (id == FieldId::content_length || id == FieldId::transfer_encoding) {
        return FieldId::framing_twin;
    }
    return id == FieldId::user_agent ? FieldId::other : FieldId::twin;
}

/// Not inlined: most names never come here.
[[gnu::noinline]] FieldId known_or_other(std::string_view name) {
    const std::size_t last = name.size() <= longest_name ? known_by_length[name.size() + 1] : 0;
    for (std::size_t at = known_by_length[std::min(name.size(), longest_name)]; at < last; ++at) {
        switch (compare(name, known_names[at].name)) {
            case Likeness::same:
                return known_names[at].id;
            case Likeness::twin:
                return twin_of(known_names[at].id);
            case Likeness::different:
                break;
        }
    }
    if (name.size() <= open_family.size()) {
        return FieldId::other;
    }
    switch (compare(name.substr(0, open_family.size()), open_family)) {
        case Likeness::same:
            return FieldId::x_forwarded_other;
        case Likeness::twin:
            return FieldId::twin;
        default:
            return FieldId::other;
    }
}

}  // namespace

FieldId identify(std::string_view name) {
    return known_lengths.may_have(name) ? known_or_other(name) : FieldId::other;
}

bool Fields::push(std::string_view name, std::string_view value, bool canonical) {
    if (count_ == capacity) {
        return false;
    }
    const auto id = identify(name);
    Field& field = fields_[count_++];
    field.name = name;
    field.value = value;
    field.id = id;
    field.canonical = canonical;
    repeated_ |= seen_ & bit(id);
    seen_ |= bit(id);
    return true;
}

void Fields::clear() {
    count_ = 0;
    seen_ = repeated_ = 0;
}

const Field* Fields::find_present(FieldId id) const {
    return std::ranges::find(all(), id, &Field::id).base();
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
