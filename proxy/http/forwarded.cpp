#include "proxy/http/forwarded.hpp"

#include "config/text.hpp"
#include "proxy/http/target.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace cardea::http {

namespace {

// No keys: both only say how much of a field is believed, the field itself is bounded by client.max_header_line.
constexpr std::size_t max_request_id = 128;
constexpr std::size_t max_hops = 32;  ///< members of X-Forwarded-For that are looked at; a client may send thousands

/// Takes the last member off a comma-separated list; false when it is used up.
bool last_member(std::string_view& list, std::string_view& member) {
    if (list.empty()) {
        return false;
    }
    const auto comma = list.rfind(',');
    member = config::trim(comma == std::string_view::npos ? list : list.substr(comma + 1));
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(0, comma);
    return true;
}

/// `10.0.0.1`, `10.0.0.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`: some proxies write the port along.
std::string_view without_port(std::string_view member) {
    if (member.starts_with('[')) {
        const auto end = member.find(']');
        return end == std::string_view::npos ? std::string_view{} : member.substr(1, end - 1);
    }
    const auto colon = member.find(':');
    return colon != std::string_view::npos && colon == member.rfind(':') ? member.substr(0, colon) : member;
}

bool within(std::span<const config::Cidr> trusted, const config::IpAddress& ip) {
    return std::ranges::any_of(trusted, [&ip](const config::Cidr& cidr) { return cidr.contains(ip); });
}

/// Walks from our side outwards over addresses that each trusted hop vouches for, and stops at the first that is not
/// trusted itself, or in front of the first that is no address.
std::string_view nearest_untrusted(const Fields& fields, const Peer& peer, std::span<const config::Cidr> trusted) {
    auto client = peer.address_text;
    std::size_t hops = 0;
    const auto all = fields.all();
    for (auto field = all.rbegin(); field != all.rend(); ++field) {
        if (field->id != FieldId::x_forwarded_for) {
            continue;
        }
        auto list = field->value;
        for (std::string_view member; last_member(list, member);) {
            const auto text = without_port(member);
            const auto ip = config::parse_ip(text);
            if (!ip || ++hops > max_hops) {
                return client;
            }
            client = text;
            if (!within(trusted, *ip)) {
                return client;
            }
        }
    }
    return client;
}

std::string_view claimed_client(const Fields& fields, const Peer& peer, std::span<const config::Cidr> trusted) {
    if (!fields.has(FieldId::x_forwarded_for) && fields.has(FieldId::x_real_ip) && !fields.repeated(FieldId::x_real_ip)) {
        const auto text = fields.value(FieldId::x_real_ip);
        if (config::parse_ip(text)) {
            return text;
        }
    }
    return nearest_untrusted(fields, peer, trusted);
}

/// The member that the trusted peer itself wrote: the last one.
std::string_view claimed(const Fields& fields, FieldId id) {
    auto list = fields.repeated(id) ? std::string_view{} : fields.value(id);
    std::string_view member;
    return last_member(list, member) ? member : std::string_view{};
}

bool good_proto(std::string_view text) {
    return equals_lower(text, "http") || equals_lower(text, "https") || equals_lower(text, "ws") || equals_lower(text, "wss");
}

bool good_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 && std::ranges::all_of(text, config::ascii_digit);
}

bool good_request_id(std::string_view text) {
    const auto allowed = [](char c) {
        return config::ascii_alpha(c) || config::ascii_digit(c) || std::string_view{"-._~+/=:@"}.find(c) != std::string_view::npos;
    };
    return !text.empty() && text.size() <= max_request_id && std::ranges::all_of(text, allowed);
}

std::uint64_t mix(std::uint64_t x) {  // splitmix64
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31U);
}

using Sixteen [[gnu::vector_size(16)]] = unsigned char;

/// The hexadecimal digits of sixteen bytes, all at once.
void put_hex(Sixteen bytes, char* room) {
    const Sixteen high = bytes >> 4;
    const Sixteen low = bytes & 15;
    const std::array<Sixteen, 2> digits{
        __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
        __builtin_shufflevector(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31),
    };
    for (const Sixteen& some : digits) {
        const Sixteen text = some + '0' + (static_cast<Sixteen>(some > 9) & ('a' - '0' - 10));
        std::memcpy(room, &text, sizeof text);
        room += sizeof text;
    }
}

/// 128 bits in hexadecimal. Two seeds in a row share nothing that can be seen.
std::string_view make_request_id(std::uint64_t seed, std::array<char, 32>& room) {
    constexpr std::uint64_t golden = 0x9e3779b97f4a7c15ULL;
    const std::array<std::uint64_t, 2> words{mix(seed + golden), mix(seed + 2 * golden + 1)};
    Sixteen bytes;
    std::memcpy(&bytes, words.data(), sizeof bytes);
    put_hex(bytes, room.data());
    return {room.data(), room.size()};
}

/// Nearly always that of the request before.
std::string_view port_text(std::uint16_t port, Forwarded& out) {
    if (port != out.port_written) {
        const auto end = std::to_chars(out.port_room.data(), out.port_room.data() + out.port_room.size(), port).ptr;
        out.port_written = port;
        out.port_digits = static_cast<std::uint8_t>(end - out.port_room.data());
    }
    return {out.port_room.data(), port == 0 ? std::size_t{0} : out.port_digits};
}

/// What a trusted peer says in place of what we see.
void believe(const RequestHead& head, const Peer& peer, std::span<const config::Cidr> trusted, Forwarded& out) {
    out.client_ip = claimed_client(head.fields, peer, trusted);
    if (const auto proto = claimed(head.fields, FieldId::x_forwarded_proto); good_proto(proto)) {
        out.proto = proto;
    }
    std::string_view host;
    std::string_view port;
    if (const auto authority = claimed(head.fields, FieldId::x_forwarded_host); split_authority(authority, host, port)) {
        out.host = authority;
    }
    if (port = claimed(head.fields, FieldId::x_forwarded_port); good_port(port)) {
        out.port = port;
    }
    if (const auto id = head.fields.value(FieldId::x_request_id); !head.fields.repeated(FieldId::x_request_id) && good_request_id(id)) {
        out.request_id = id;
    }
}

}  // namespace

unsigned own_hops(const Fields& fields, std::string_view pseudonym) {
    if (!fields.has(FieldId::via)) {
        return 0;
    }
    unsigned hops = 0;
    for (const auto& field : fields.all()) {
        auto list = field.id == FieldId::via ? field.value : std::string_view{};
        for (std::string_view member; next_member(list, member);) {
            const auto blank = member.find_first_of(" \t");
            const auto by = config::trim(blank == std::string_view::npos ? std::string_view{} : member.substr(blank));
            hops += equal_ignoring_case(by.substr(0, by.find_first_of(" \t(")), pseudonym) ? 1U : 0U;
        }
    }
    return hops;
}

void fill_forwarded(const RequestHead& head, const Peer& peer, std::span<const config::Cidr> trusted, const config::Headers& policy,
                    std::uint64_t id_seed, Forwarded& out) {
    out.client_ip = out.peer_ip = peer.address_text;
    out.proto = "http";
    out.host = head.authority;
    out.port = port_text(peer.local_port, out);
    out.via = policy.via;
    out.rfc7239 = policy.forwarded;
    out.trusted_peer = peer.trusted;
    out.request_id = {};
    if (peer.trusted) {
        believe(head, peer, trusted, out);
    }
    if (out.request_id.empty()) {
        out.request_id = make_request_id(id_seed, out.id_room);
    }
}

}  // namespace cardea::http
