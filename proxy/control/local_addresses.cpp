#include "proxy/control/local_addresses.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <algorithm>
#include <cstring>

namespace cardea::control {

std::vector<config::IpAddress> local_addresses() {
    std::vector<config::IpAddress> found;
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) {
        return found;
    }
    for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr == nullptr) {
            continue;
        }
        config::IpAddress ip;
        if (one->ifa_addr->sa_family == AF_INET) {
            sockaddr_in four{};
            std::memcpy(&four, one->ifa_addr, sizeof four);
            std::memcpy(ip.bytes.data(), &four.sin_addr, sizeof four.sin_addr);
        } else if (one->ifa_addr->sa_family == AF_INET6) {
            sockaddr_in6 six{};
            std::memcpy(&six, one->ifa_addr, sizeof six);
            std::copy_n(six.sin6_addr.s6_addr, ip.bytes.size(), ip.bytes.begin());
            ip.v6 = true;
        } else {
            continue;
        }
        if (!(ip.v6 && ip.link_local())) {
            found.push_back(ip);
        }
    }
    ::freeifaddrs(list);
    std::sort(found.begin(), found.end(),
              [](const config::IpAddress& a, const config::IpAddress& b) { return a.v6 != b.v6 ? b.v6 : a.bytes < b.bytes; });
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

}  // namespace cardea::control
