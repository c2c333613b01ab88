#include "discovery/expand_names.hpp"

#include "discovery/facts.hpp"

#include <algorithm>
#include <utility>

namespace cardea::discovery {

namespace {

using Kind = config::Address::Kind;

config::Address with_ip(const config::Address& address, const config::IpAddress& ip) {
    return {.kind = Kind::ip, .ip = ip, .port = address.port};
}

Resolved look_up(const Resolutions& known, const std::string& name) {
    const auto found = known.find(name);
    return found == known.end() ? Resolved{.why = "not resolved yet"} : found->second;
}

/// The name is the only way to this instance: each of its addresses is an endpoint of its own.
void expand_alone(const Fact& fact, const Resolutions& known, std::vector<Fact>& out) {
    const config::Address& address = fact.addresses.front();
    const Resolved resolved = look_up(known, address.name);
    for (const config::IpAddress& ip : resolved.addresses) {
        Fact one = fact;
        one.key.instance += "@" + config::to_string(ip);
        one.addresses = {with_ip(address, ip)};
        one.resolved = true;
        out.push_back(std::move(one));
    }
    if (resolved.addresses.empty()) {
        Fact nowhere = fact;
        nowhere.addresses.clear();
        nowhere.resolved = true;
        nowhere.status = Status::down;
        nowhere.why = address.name + ": " + (resolved.why.empty() ? "has no address" : resolved.why);
        out.push_back(std::move(nowhere));
    }
}

/// Other addresses lead there too: the name is one more, when it is known.
Fact expand_inline(const Fact& fact, const Resolutions& known) {
    Fact out = fact;
    out.addresses.clear();
    std::string why;
    for (const config::Address& address : fact.addresses) {
        if (address.kind != Kind::name) {
            out.addresses.push_back(address);
            continue;
        }
        const Resolved resolved = look_up(known, address.name);
        for (const config::IpAddress& ip : resolved.addresses) {
            out.addresses.push_back(with_ip(address, ip));
        }
        out.resolved = true;
        why = address.name + ": " + (resolved.why.empty() ? "has no address" : resolved.why);
    }
    if (out.addresses.empty()) {
        out.status = Status::down;
        out.why = why;
    }
    return out;
}

}  // namespace

void collect_names(const std::vector<Fact>& facts, std::set<std::string>& names) {
    for (const Fact& fact : facts) {
        for (const config::Address& address : fact.addresses) {
            if (address.kind == Kind::name) {
                names.insert(address.name);
            }
        }
    }
}

std::vector<Fact> expand_names(const std::vector<Fact>& facts, const Resolutions& known) {
    const auto is_name = [](const config::Address& address) { return address.kind == Kind::name; };
    std::vector<Fact> out;
    out.reserve(facts.size());
    for (const Fact& fact : facts) {
        if (std::none_of(fact.addresses.begin(), fact.addresses.end(), is_name)) {
            out.push_back(fact);
        } else if (fact.addresses.size() == 1) {
            expand_alone(fact, known, out);
        } else {
            out.push_back(expand_inline(fact, known));
        }
    }
    sort_by_key(out);
    return out;
}

}  // namespace cardea::discovery
