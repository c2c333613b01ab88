// Paths and authorities: normalising twice changes nothing, a normal path has no dot segments and no empty ones, and what
// the parser calls a climb above the root is what a plain walk calls one.
#include "proxy/http/target.hpp"
#include "proxy/route/normal_path.hpp"
#include "tests/fuzz/reference_reader.hpp"

namespace {

using namespace cardea;
using fuzz::require;

bool climbs(std::string_view path) {
    std::string plain;
    for (std::size_t i = 0; i < path.size(); ++i) {
        const bool dot = path.size() - i >= 3 && path[i] == '%' && path[i + 1] == '2' && (path[i + 2] | 0x20) == 'e';
        plain += dot ? '.' : path[i];
        i += dot ? 2 : 0;
    }
    int depth = 0;
    plain += '/';
    std::string segment;
    for (const char c : plain) {
        if (c != '/') {
            segment += c;
            continue;
        }
        depth += segment == ".." ? -1 : segment.empty() || segment == "." ? 0 : 1;
        if (depth < 0) {
            return true;
        }
        segment.clear();
    }
    return false;
}

void check_authority(std::string_view text) {
    std::string_view host;
    std::string_view port;
    if (http::split_authority(text, host, port)) {
        require(!host.empty() && text.find_first_of("@,/?#\\ %\"<>") == std::string_view::npos, "an authority names one host");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};
    check_authority(text);
    require(http::climbs_above_root(text) == climbs(text), "the two walks agree");
    http::RequestHead head;
    head.method = http::Method::get;
    head.target = text;
    if (http::split_target(head) != http::Reason::none) {
        return 0;
    }
    const route::NormalPath once{head.path};
    const std::string normal{once.text()};
    const route::NormalPath twice{normal};
    require(twice.text() == normal, "a normal path is normal");
    require(normal.starts_with('/'), "a normal path begins at the root");
    for (const auto* part : {"//", "/./", "/../"}) {
        require((normal + "/").find(part) == std::string::npos || (normal.ends_with('/') && std::string_view{part} == "//"),
                "no dot segments, no empty ones");
    }
    return 0;
}
