#include "proxy/route/router.hpp"

#include "perf/micro/allocations.hpp"
#include "proxy/route/normal_path.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cardea::route {
namespace {

using config::HostPattern;
using config::PathPattern;

HostPattern host(std::string text) {
    if (text == "*") {
        return {};
    }
    if (text.starts_with("*.")) {
        return {HostPattern::Kind::wildcard, text.substr(2)};
    }
    return {HostPattern::Kind::exact, text};
}

PathPattern path(const std::string& text) {
    if (text == "/**") {
        return {};
    }
    if (text.ends_with("/**")) {
        return {PathPattern::Kind::prefix, text.substr(0, text.size() - 3)};
    }
    return {PathPattern::Kind::exact, text};
}

class Table {
public:
    Table& add(std::string name, std::vector<std::string> hosts, std::vector<std::string> paths, std::vector<std::string> methods = {}) {
        config::Route route{.name = std::move(name)};
        for (auto& text : hosts) {
            route.match.hosts.push_back(host(text));
        }
        for (auto& text : paths) {
            route.match.paths.push_back(path(text));
        }
        route.match.methods = std::move(methods);
        policies_.push_back(std::make_shared<RoutePolicy>(std::move(route), RoutePolicy::no_upstream, 1));
        return *this;
    }
    [[nodiscard]] Router make() const { return Router(policies_); }

private:
    std::vector<std::shared_ptr<const RoutePolicy>> policies_;
};

std::string find(const Router& router, std::string_view host, std::string_view path, std::string_view method = "GET") {
    const auto found = router.find(host, path, method);
    return found.policy != nullptr ? found.policy->route.name : found.allow.empty() ? "404" : "405 " + found.allow;
}

std::string normal(std::string_view received) {
    return std::string(NormalPath(received).text());
}

TEST(Router, host_exact_beats_the_longest_wildcard_beats_any) {
    const auto router = Table()
                            .add("any", {}, {})
                            .add("wide", {"*.example.com"}, {})
                            .add("narrow", {"*.b.example.com"}, {})
                            .add("exact", {"a.b.example.com"}, {})
                            .make();
    EXPECT_EQ(find(router, "a.b.example.com", "/"), "exact");
    EXPECT_EQ(find(router, "x.b.example.com", "/"), "narrow");
    EXPECT_EQ(find(router, "x.y.b.example.com", "/"), "narrow") << "a star stands for one or more labels";
    EXPECT_EQ(find(router, "b.example.com", "/"), "wide");
    EXPECT_EQ(find(router, "example.com", "/"), "any") << "but not for none";
    EXPECT_EQ(find(router, ".example.com", "/"), "any");
    EXPECT_EQ(find(router, "evilexample.com", "/"), "any") << "labels, not letters";
    EXPECT_EQ(find(router, "", "/"), "any");
}

TEST(Router, hosts_are_matched_in_any_case_with_or_without_the_final_dot) {
    const auto router = Table().add("exact", {"www.example.com"}, {}).add("six", {"[2001:db8::1]"}, {}).make();
    EXPECT_EQ(find(router, "WWW.Example.COM", "/"), "exact");
    EXPECT_EQ(find(router, "www.example.com.", "/"), "exact");
    EXPECT_EQ(find(router, "www.example.com..", "/"), "404");
    EXPECT_EQ(find(router, "2001:DB8:0::1", "/"), "six");
    EXPECT_EQ(find(router, "[2001:db8::1]", "/"), "six");
    EXPECT_EQ(find(router, "2001:db8::zz", "/"), "404");
    EXPECT_EQ(find(router, std::string(100'000, 'a'), "/"), "404");
}

TEST(Router, path_exact_beats_the_longest_prefix_beats_any) {
    const auto router =
        Table().add("any", {}, {"/**"}).add("api", {}, {"/api/**"}).add("v2", {}, {"/api/v2/**"}).add("one", {}, {"/api/v2/one"}).make();
    EXPECT_EQ(find(router, "h", "/api/v2/one"), "one");
    EXPECT_EQ(find(router, "h", "/api/v2/one/"), "v2") << "exact is exact";
    EXPECT_EQ(find(router, "h", "/api/v2"), "v2") << "the prefix itself";
    EXPECT_EQ(find(router, "h", "/api/v2/"), "v2");
    EXPECT_EQ(find(router, "h", "/api/v20"), "api") << "on segment borders";
    EXPECT_EQ(find(router, "h", "/api"), "api");
    EXPECT_EQ(find(router, "h", "/apis"), "any");
    EXPECT_EQ(find(router, "h", "/"), "any");
    EXPECT_EQ(find(router, "h", "*", "OPTIONS"), "any");
}

TEST(Router, the_host_decides_before_the_path_and_gives_way_when_no_path_fits) {
    const auto router = Table()
                            .add("deep", {}, {"/api/v2/exact"})
                            .add("host", {"www.example.com"}, {"/api/**"})
                            .add("wild", {"*.example.com"}, {"/other"})
                            .make();
    EXPECT_EQ(find(router, "www.example.com", "/api/v2/exact"), "host");
    EXPECT_EQ(find(router, "www.example.com", "/other"), "wild");
    EXPECT_EQ(find(router, "x.example.com", "/api/v2/exact"), "deep");
    EXPECT_EQ(find(router, "www.example.com", "/nothing"), "404");
}

TEST(Router, methods_are_a_condition_and_what_lacks_them_gives_way) {
    const auto router = Table()
                            .add("all", {}, {"/x"})
                            .add("post", {}, {"/x"}, {"POST"})
                            .add("read", {}, {"/r/**"}, {"GET", "HEAD"})
                            .add("write", {}, {"/r/**"}, {"PUT", "GET"})
                            .add("purge", {"www.example.com"}, {"/r/**"}, {"PURGE"})
                            .make();
    EXPECT_EQ(find(router, "h", "/x", "POST"), "post") << "more conditions before the order written";
    EXPECT_EQ(find(router, "h", "/x", "GET"), "all");
    EXPECT_EQ(find(router, "h", "/r/1", "GET"), "read") << "equal conditions: as written";
    EXPECT_EQ(find(router, "h", "/r/1", "PUT"), "write");
    EXPECT_EQ(find(router, "h", "/r/1", "get"), "405 GET, HEAD, PUT") << "methods have a case";
    EXPECT_EQ(find(router, "www.example.com", "/r/1", "PURGE"), "purge");
    EXPECT_EQ(find(router, "h", "/none", "DELETE"), "404");
}

TEST(Router, a_host_that_knows_the_path_is_not_passed_over_for_its_methods) {
    const auto router = Table()
                            .add("purge", {"www.example.com"}, {"/r/**"}, {"PURGE"})
                            .add("fill", {"www.example.com"}, {"/r/1"}, {"PUT"})
                            .add("all of it", {"www.example.com"}, {"/s/**"})
                            .add("post", {"www.example.com"}, {"/s/1"}, {"POST"})
                            .add("wild", {"*.example.com"}, {"/r/**"}, {"GET"})
                            .add("any", {}, {})
                            .make();
    EXPECT_EQ(find(router, "www.example.com", "/r/1", "GET"), "405 PURGE, PUT") << "all that would work here, and nothing else";
    EXPECT_EQ(find(router, "www.example.com", "/r/1", "PURGE"), "purge");
    EXPECT_EQ(find(router, "www.example.com", "/s/1", "GET"), "all of it") << "on the same host it gives way";
    EXPECT_EQ(find(router, "www.example.com", "/t", "GET"), "any") << "a path that it does not know is anybody's";
    EXPECT_EQ(find(router, "x.example.com", "/r/1", "GET"), "wild");
    EXPECT_EQ(find(router, "x.example.com", "/r/1", "PUT"), "405 GET");
}

TEST(Router, one_route_may_have_many_hosts_and_paths) {
    const auto router = Table().add("r", {"a.com", "*.b.com"}, {"/x", "/y/**"}).make();
    EXPECT_EQ(find(router, "a.com", "/x"), "r");
    EXPECT_EQ(find(router, "q.b.com", "/y/z"), "r");
    EXPECT_EQ(find(router, "a.com", "/z"), "404");
    EXPECT_EQ(find(router, "b.com", "/x"), "404");
}

TEST(Router, without_routes_there_is_nothing) {
    const Router router({});
    EXPECT_EQ(find(router, "h", "/"), "404");
    EXPECT_TRUE(router.routes().empty());
}

TEST(Router, matches_what_the_path_means_not_how_it_is_written) {
    const auto router = Table().add("admin", {}, {"/admin/**"}).add("coffee", {}, {"/caf%c3%a9"}).add("any", {}, {"/**"}).make();
    for (const std::string_view spelled :
         {"/admin/x", "//admin/x", "/./admin/x", "/x/../admin/x", "/%61dmin/x", "/x/%2e%2E/admin", "/x/.%2e/admin/", "/a/b/../..//admin//",
          "/../admin", "/%2e%2e/%2E/admin/.", "/admin/y/..", "/x//../admin"}) {
        EXPECT_EQ(find(router, "h", spelled), "admin") << spelled;
    }
    for (const std::string_view spelled :
         {"/admin%2Fx", "/Admin/x", "/x/admin", "/admin/..", "/admin%5C..%5C", "/%2fadmin", "/admin%00", "/admin;x", "/admin%252f"}) {
        EXPECT_EQ(find(router, "h", spelled), "any") << spelled;
    }
    EXPECT_EQ(find(router, "h", "/caf%C3%A9"), "coffee");
    EXPECT_EQ(find(router, "h", "/c%61f%c3%A9"), "coffee");
}

TEST(NormalPath, is_one_form_for_each_meaning) {
    EXPECT_EQ(normal(""), "/");
    EXPECT_EQ(normal("/"), "/");
    EXPECT_EQ(normal("*"), "*");
    EXPECT_EQ(normal("/a/b"), "/a/b");
    EXPECT_EQ(normal("///"), "/");
    EXPECT_EQ(normal("/a//b///"), "/a/b/");
    EXPECT_EQ(normal("/."), "/");
    EXPECT_EQ(normal("/.."), "/");
    EXPECT_EQ(normal("/a/."), "/a/");
    EXPECT_EQ(normal("/a/.."), "/");
    EXPECT_EQ(normal("/a/b/.."), "/a/");
    EXPECT_EQ(normal("/a/../../../b"), "/b");
    EXPECT_EQ(normal("/a/.../b"), "/a/.../b") << "three dots are a name";
    EXPECT_EQ(normal("/.a/..b/c."), "/.a/..b/c.");
    EXPECT_EQ(normal("/%7e%2d%5F%2e"), "/~-_.");
    EXPECT_EQ(normal("/%2f%5c%3f"), "/%2F%5C%3F");
    EXPECT_EQ(normal("/a%2f../b"), "/a%2F../b") << "an encoded slash is no border";
    EXPECT_EQ(normal("/%"), "/%");
    EXPECT_EQ(normal("/%4"), "/%4");
    EXPECT_EQ(normal("/%zz%41"), "/%zzA");
    EXPECT_EQ(normal("/%41"), "/A");
    EXPECT_EQ(normal("/%2541"), "/%2541") << "decoded once";
}

TEST(NormalPath, is_normal_itself_and_never_longer) {
    const std::string letters = "/.%2eEfFaA4/..";
    std::uint32_t random = 1;
    for (int round = 0; round < 20'000; ++round) {
        std::string text = "/";
        for (int i = 0; i < 12; ++i) {
            random = random * 1664525U + 1013904223U;
            text.push_back(letters[(random >> 16U) % letters.size()]);
        }
        const auto once = normal(text);
        ASSERT_LE(once.size(), text.size()) << text;
        ASSERT_EQ(once.find("//"), std::string::npos) << text;
        ASSERT_TRUE(once.find("/../") == std::string::npos && once.find("/./") == std::string::npos && !once.ends_with("/..") &&
                    !once.ends_with("/."))
            << text;
        if (once.find('%') == std::string::npos) {
            ASSERT_EQ(normal(once), once) << text;
        }
    }
    std::string huge;
    for (int i = 0; i < 10'000; ++i) {
        huge += "/a/../%41";
    }
    EXPECT_EQ(normal(huge).size(), 20'000U);
}

TEST(Router, does_not_allocate_for_a_request_that_has_a_route) {
    const auto router = Table().add("a", {"www.example.com"}, {"/api/**"}, {"GET"}).add("b", {"*.example.com"}, {}).make();
    const auto before = micro::allocations_of_this_thread();
    for (int i = 0; i < 100; ++i) {
        (void)router.find("WWW.example.com", "/api/%E4%BD%A0%E5%A5%BD//x/../y", "GET");
        (void)router.find("x.example.com", "/", "POST");
    }
    EXPECT_EQ(micro::allocations_of_this_thread(), before);
}

TEST(Router, finds_its_way_through_a_hundred_thousand_routes) {
    Table table;
    for (int i = 0; i < 50'000; ++i) {
        const auto number = std::to_string(i);
        table.add("h" + number, {"h" + number + ".example.com"}, {"/api/" + number + "/**"});
        table.add("p" + number, {}, {"/p/" + number});
    }
    const auto router = table.make();
    EXPECT_EQ(router.routes().size(), 100'000U);
    EXPECT_EQ(find(router, "h49999.example.com", "/api/49999/x"), "h49999");
    EXPECT_EQ(find(router, "other", "/p/12345"), "p12345");
    EXPECT_EQ(find(router, "h1.example.com", "/p/2"), "p2");
    std::string deep;  // costs what its length costs, not its square
    for (int i = 0; i < 200'000; ++i) {
        deep += "/a";
    }
    EXPECT_EQ(find(router, "h1.example.com", deep), "404");
}

}  // namespace
}  // namespace cardea::route
