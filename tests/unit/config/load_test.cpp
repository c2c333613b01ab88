#include "config/load.hpp"

#include "tests/support/memory_files.hpp"
#include "tests/support/source_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <tuple>

namespace cardea::config {
namespace {

using namespace std::chrono_literals;

std::string content(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
}

Config good(std::string_view text, support::MemoryFiles files = {}) {
    auto loaded = load_text(text, "cardea.yaml", files);
    EXPECT_TRUE(loaded.config) << report(loaded.problems);
    return loaded.config.value_or(Config{});
}

std::string bad(std::string_view text, support::MemoryFiles files = {}) {
    auto loaded = load_text(text, "cardea.yaml", files);
    EXPECT_FALSE(loaded.config);
    return report(loaded.problems);
}

/// `CODE LINE:COLUMN` of every problem, in order of place.
std::string codes(const Problems& problems) {
    std::vector<std::tuple<int, int, std::string>> sorted;
    for (const auto& problem : problems) {
        sorted.emplace_back(problem.origin.line, problem.origin.column, problem.code);
    }
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
    });
    std::string out;
    for (const auto& [line, column, code] : sorted) {
        out += (out.empty() ? "" : "  ") + code + " " + std::to_string(line) + ":" + std::to_string(column);
    }
    return out;
}

TEST(BrokenFiles, every_fault_is_named_with_line_and_column) {
    const auto folder = support::source_tree() / "tests/unit/config/broken";
    std::istringstream table(content(folder / "expected.txt"));
    std::set<std::string> named;
    for (std::string line; std::getline(table, line);) {
        const auto space = line.find(' ');
        if (line.starts_with('#') || space == std::string::npos) {
            continue;
        }
        const auto name = line.substr(0, space);
        named.insert(name);
        support::MemoryFiles files;
        const auto loaded = load_text(content(folder / name), name, files);
        EXPECT_FALSE(loaded.config) << name;
        EXPECT_EQ(codes(loaded.problems), line.substr(line.find_first_not_of(' ', space))) << name;
        for (const auto& problem : loaded.problems) {
            EXPECT_EQ(problem.origin.file, name);
            EXPECT_FALSE(problem.excerpt.empty()) << name << ": " << problem.what;
            EXPECT_TRUE(!problem.notes.empty() || !problem.at_caret.empty()) << name << ": nothing says how to mend: " << problem.what;
        }
    }
    EXPECT_GE(named.size(), 20U);
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const auto name = entry.path().filename().string();
        EXPECT_TRUE(name == "expected.txt" || named.contains(name)) << name << " stands in no line of expected.txt";
    }
}

TEST(Examples, are_all_valid_without_a_warning) {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(support::source_tree() / "deploy/examples")) {
        if (entry.path().extension() == ".yaml") {
            support::MemoryFiles files;
            const auto loaded = load_text(content(entry.path()), entry.path().filename().string(), files);
            EXPECT_TRUE(loaded.config && loaded.problems.empty()) << report(loaded.problems);
            ++count;
        }
    }
    EXPECT_GE(count, 2);
}

TEST(Examples, the_full_one_says_the_defaults) {
    support::MemoryFiles files;
    const auto config = load_text(content(support::source_tree() / "deploy/examples/full.yaml"), "full.yaml", files).config;
    ASSERT_TRUE(config);
    EXPECT_EQ(config->listeners.at(0).client, ClientLimits{});
    auto process = config->process;
    process.state_dir.clear();
    process.user.clear();
    EXPECT_EQ(process, Process{});
    EXPECT_EQ(config->headers, Headers{});
    EXPECT_EQ(config->log, Log{});
    EXPECT_EQ(config->health, Probing{});
    const auto& nginx = config->services.at(0);
    EXPECT_EQ(nginx.timeouts, Timeouts{});
    EXPECT_EQ(nginx.keepalive, Keepalive{});
    EXPECT_EQ(nginx.queue, Queue{});
    EXPECT_EQ(nginx.response, ResponseLimits{});
    auto retry = nginx.retry;
    retry.on_status.clear();
    EXPECT_EQ(retry, Retry{});
    auto passive = nginx.health.passive;
    passive.statuses.clear();
    EXPECT_EQ(passive, PassiveHealth{});
    auto active = nginx.health.active.value();
    EXPECT_EQ(active.path, "/healthz");
    active.path = "/";
    active.host.clear();
    EXPECT_EQ(active, ActiveHealth{});
    EXPECT_EQ(nginx.drain, Service{}.drain);
    EXPECT_EQ(nginx.slow_start, Service{}.slow_start);
    EXPECT_EQ(nginx.health.damping, Health{}.damping);
}

TEST(Load, who_to_become_and_how_far_to_lock_in) {
    const auto process = [](const std::string& keys) {
        return good("listen: :80\nroutes: [{respond: {status: 200}}]\nprocess: " + keys + "\n").process;
    };
    EXPECT_EQ(process("{threads: 1}").sandbox, Sandbox::automatic);
    EXPECT_EQ(process("{sandbox: on}").sandbox, Sandbox::on);
    EXPECT_EQ(process("{sandbox: off}").sandbox, Sandbox::off);
    EXPECT_EQ(process("{user: www-data, group: '65532'}").user, "www-data");
    EXPECT_EQ(process("{user: www-data, group: '65532'}").group, "65532");
    for (const char* const name : {"''", "-r", "a b", "'root:root'", "'../x'", "a23456789012345678901234567890123"}) {
        support::MemoryFiles files;
        const auto loaded = load_text("process: {user: " + std::string(name) + "}\n", "c.yaml", files);
        ASSERT_FALSE(loaded.config) << name;
        EXPECT_EQ(loaded.problems.at(0).code, "E0124") << name;
    }
}

TEST(Load, the_queue_of_a_service) {
    const auto config = good(
        "listen: :80\nservices:\n  web:\n    endpoints: 10.0.0.1:80\n    queue: {time: 500ms, requests: 7, bytes: 1m, grace: 3s}\n"
        "  api:\n    endpoints: 10.0.0.2:80\n    queue: off\n  db:\n    endpoints: 10.0.0.3:80\n"
        "routes:\n  - {service: web}\n  - {match: {path: /api}, service: api}\n  - {match: {path: /db}, service: db}\n");
    EXPECT_EQ(config.services.at(0).queue, (Queue{500ms, 7, Bytes{1U << 20U}, 3s}));
    EXPECT_EQ(config.services.at(1).queue.requests, 0U);
    EXPECT_EQ(config.services.at(2).queue, (Queue{2s, 1000, Bytes{4U << 20U}, 10s}));
}

TEST(Load, the_format_of_the_access_log) {
    EXPECT_EQ(good("listen: :80\naccess_log: {output: stdout, format: json}\nroutes: [{respond: {status: 200}}]\n").access_log.format,
              AccessLog::Format::json);
    EXPECT_EQ(good("listen: :80\naccess_log: stdout\nroutes: [{respond: {status: 200}}]\n").access_log.format, AccessLog::Format::combined);
}

TEST(Load, the_five_lines_of_the_tutorial) {
    const auto config = good("listen: :8000\ndiscovery:\n  consul: 192.168.1.11:8500\nroutes:\n  - service: nginx\n");
    ASSERT_EQ(config.listeners.size(), 1U);
    EXPECT_EQ(config.listeners[0].name, "web");
    EXPECT_EQ(to_string(config.listeners[0].address), "[::]:8000");
    EXPECT_EQ(config.listeners[0].origin, (Origin{"cardea.yaml", 1, 9}));
    ASSERT_EQ(config.discovery.consul.size(), 1U);
    EXPECT_EQ(config.discovery.consul[0].name, "consul");
    EXPECT_EQ(to_string(config.discovery.consul[0].addresses.at(0)), "192.168.1.11:8500");
    ASSERT_EQ(config.routes.size(), 1U);
    EXPECT_EQ(std::get<ToService>(config.routes[0].action).service, "nginx");
    EXPECT_TRUE(config.services.empty());
    EXPECT_EQ(to_string(config.admin.tcp.value()), "127.0.0.1:8001");
    EXPECT_EQ(config.admin.unix_path, "/run/cardea/admin.sock");
}

TEST(Load, an_empty_file_listens_on_8000) {
    for (const auto* text : {"", "\n", "# nothing\n", "{}\n", "---\n", "\xEF\xBB\xBF"}) {
        const auto config = good(text);
        ASSERT_EQ(config.listeners.size(), 1U);
        EXPECT_EQ(to_string(config.listeners[0].address), "[::]:8000");
    }
    EXPECT_EQ(to_string(good("\xEF\xBB\xBFlisten: :81\r\nlog: debug\r\n").listeners.at(0).address), "[::]:81")
        << "a byte order mark and CRLF";
}

TEST(Load, every_form_of_endpoints) {
    const auto config = good(R"(
discovery: {consul: {main: "10.0.0.1:8500"}, docker: {h2: "tcp://10.0.0.2:2375"}}
services:
  one: 10.0.0.5:8080
  list: ["[::1]:80", web.internal:80 weight=3, {address: "unix:/run/a.sock", weight: 0}]
  consul: "consul://main/nginx?tag=a&tag=b&dc=dc2&filter=Service.Meta.x%20%3D%3D%20%22y%22"
  docker: docker://h2/web
  anywhere: [consul:///a%2Fb, docker:///web]
  file: file:///etc/list
  implied: {balance: random_of_two}
)");
    ASSERT_EQ(config.services.size(), 7U);
    EXPECT_EQ(std::get<StaticEndpoint>(config.services[0].endpoints.at(0)).address, *parse_address("10.0.0.5:8080"));
    const auto& list = config.services[1].endpoints;
    ASSERT_EQ(list.size(), 3U);
    EXPECT_EQ(std::get<StaticEndpoint>(list[0]).address, *parse_address("[::1]:80"));
    EXPECT_EQ(std::get<StaticEndpoint>(list[1]).weight, 3U);
    EXPECT_EQ(std::get<StaticEndpoint>(list[2]).weight, 0U);
    EXPECT_EQ(
        std::get<ConsulRef>(config.services[2].endpoints.at(0)),
        (ConsulRef{.source = "main", .service = "nginx", .tags = {"a", "b"}, .datacenter = "dc2", .filter = "Service.Meta.x == \"y\""}));
    EXPECT_EQ(std::get<DockerRef>(config.services[3].endpoints.at(0)), (DockerRef{"h2", "web"}));
    EXPECT_EQ(std::get<ConsulRef>(config.services[4].endpoints.at(0)), (ConsulRef{.service = "a/b"}));
    EXPECT_EQ(std::get<DockerRef>(config.services[4].endpoints.at(1)), (DockerRef{"", "web"}));
    EXPECT_EQ(std::get<FileRef>(config.services[5].endpoints.at(0)), FileRef{"/etc/list"});
    EXPECT_TRUE(config.services[6].endpoints.empty());
    EXPECT_EQ(config.services[6].balance, Balance::random_of_two);
}

TEST(Load, every_form_of_a_source) {
    const auto list = good("discovery: {consul: [10.0.0.1:8500, \"https://c:8501\"], docker: unix:///var/run/docker.sock}").discovery;
    ASSERT_EQ(list.consul.size(), 1U);
    EXPECT_EQ(list.consul[0].addresses.size(), 2U);
    EXPECT_TRUE(list.consul[0].tls.enabled);
    EXPECT_EQ(to_string(list.docker.at(0).endpoint), "unix:/var/run/docker.sock");
    const auto single =
        good("discovery: {consul: {address: 10.0.0.1:8500, token: s3cret}, docker: {endpoint: unix:/d.sock, host_ip: [10.0.0.2, ::1]}}")
            .discovery;
    EXPECT_EQ(single.consul.at(0).name, "consul");
    EXPECT_EQ(single.consul.at(0).token, "s3cret");
    EXPECT_EQ(single.docker.at(0).host_ip.size(), 2U);
    const auto named =
        good("discovery:\n  docker:\n    h2: tcp://10.0.0.2:2375\n    h3: {endpoint: h3.internal:2375, expose: all, address: container}\n")
            .discovery;
    ASSERT_EQ(named.docker.size(), 2U);
    EXPECT_EQ(named.docker[0].name, "h2");
    EXPECT_EQ(named.docker[1].expose, Expose::all);
    EXPECT_EQ(named.docker[1].address, DockerAddress::container);
    EXPECT_EQ(named.docker[1].origin.line, 4);
}

TEST(Load, routes_with_their_matches_and_actions) {
    const auto config = good(R"(
services: {web: "10.0.0.5:80"}
routes:
  - match: {host: ["*.Example.com", a.b], path: /api/**, method: PURGE}
    service: web
    headers: {set: {x-a: "1"}, remove: x-b}
    response_headers: {remove: [server, via]}
  - match: {path: /gone}
    respond: 410
  - match: {path: /moved}
    redirect: https://{host}/new{path}
  - name: rest
    service: web
)");
    ASSERT_EQ(config.routes.size(), 4U);
    const auto& first = config.routes[0];
    EXPECT_EQ(first.match.hosts.at(0), (HostPattern{HostPattern::Kind::wildcard, "example.com"}));
    EXPECT_EQ(first.match.paths.at(0), (PathPattern{PathPattern::Kind::prefix, "/api"}));
    EXPECT_EQ(first.match.methods, std::vector<std::string>{"PURGE"});
    EXPECT_EQ(first.request_headers.set.at(0), (std::pair<std::string, std::string>{"x-a", "1"}));
    EXPECT_EQ(first.request_headers.remove, std::vector<std::string>{"x-b"});
    EXPECT_EQ(first.response_headers.remove.size(), 2U);
    EXPECT_EQ(first.name, "PURGE *.example.com,.../api/**");
    EXPECT_EQ(std::get<Respond>(config.routes[1].action).status, 410);
    EXPECT_EQ(std::get<Redirect>(config.routes[2].action), (Redirect{"https://{host}/new{path}", 302}));
    EXPECT_EQ(config.routes[3].name, "rest");
    EXPECT_EQ(config.routes[3].origin.line, 12);
}

TEST(Load, encoded_slashes_are_data_unless_refused) {
    EXPECT_EQ(good("listen: :8000").path.encoded_slash, Paths::EncodedSlash::forward);
    EXPECT_EQ(good("path: {encoded_slash: reject}").path.encoded_slash, Paths::EncodedSlash::reject);
    EXPECT_EQ(good("path: {encoded_slash: forward}").path.encoded_slash, Paths::EncodedSlash::forward);
}

TEST(Load, admin_access_log_and_process) {
    EXPECT_FALSE(good("admin: off").admin.enabled);
    EXPECT_EQ(to_string(*good("admin: 127.0.0.1:9").admin.tcp), "127.0.0.1:9");
    EXPECT_EQ(good("admin: unix:/run/a.sock").admin.unix_path, "/run/a.sock");
    const auto socket_only = good("admin: {tcp: off, address: unix:/run/a.sock}").admin;
    EXPECT_FALSE(socket_only.tcp);
    EXPECT_TRUE(good("admin: {address: off}").admin.unix_path.empty());
    EXPECT_EQ(good("access_log: stdout").access_log.output, AccessLog::Output::standard_output);
    EXPECT_EQ(good("access_log: {output: /var/log/a.log, format: combined}").access_log.path, "/var/log/a.log");
    EXPECT_EQ(good("process: {threads: 4, max_connections: auto, graceful_timeout: 0ms}").process.threads, 4U);
    EXPECT_EQ(good("log: debug").log.level, Log::Level::debug);
    const auto trusted =
        good("trusted_proxies: 10.0.0.0/8\nlisteners:\n  a: :1\n  b: {address: \":2\", trusted_proxies: [127.0.0.1]}\n").listeners;
    EXPECT_EQ(trusted.at(0).trusted_proxies.size(), 1U);
    EXPECT_EQ(trusted.at(1).trusted_proxies.size(), 2U);
    const auto unnamed = good("trusted_proxies: 10.0.0.0/8\n").listeners;
    ASSERT_EQ(unnamed.size(), 1U);
    EXPECT_EQ(unnamed[0].trusted_proxies.size(), 1U) << "the listener that nobody wrote down trusts them, too";
    EXPECT_EQ(good("listeners: {a: {address: \":1\", client: {max_body: unlimited}}}").listeners.at(0).client.max_body.count,
              ~std::uint64_t{0});
}

TEST(Load, limits_of_clients_services_and_the_process) {
    const auto client = good(
                            "listeners: {a: {address: \":1\", client: {max_connections: 7, min_rate: 2k, body_grace: 3s, write_grace: 4s, "
                            "requests_per_connection: 5, connection_age: 1h, max_header_line: 4k}}}")
                            .listeners.at(0)
                            .client;
    EXPECT_EQ(client.max_connections, 7U);
    EXPECT_EQ(client.min_rate, Bytes{2048});
    EXPECT_EQ(client.body_grace, 3s);
    EXPECT_EQ(client.write_grace, 4s);
    EXPECT_EQ(client.requests_per_connection, 5U);
    EXPECT_EQ(client.connection_age, 1h);
    EXPECT_EQ(client.max_header_line, Bytes{4096});
    const auto none = good(
                          "listeners: {a: {address: \":1\", client: {max_connections: unlimited, min_rate: off, "
                          "requests_per_connection: unlimited, connection_age: unlimited}}}")
                          .listeners.at(0)
                          .client;
    EXPECT_EQ(none.max_connections, 0U);
    EXPECT_EQ(none.min_rate, Bytes{0});
    EXPECT_EQ(none.requests_per_connection, 0U);
    const auto process = good("process: {max_connections: 9, max_buffered: 1g, max_queue_time: off}").process;
    EXPECT_EQ(process.max_connections, 9U);
    EXPECT_EQ(process.max_buffered, Bytes{1ULL << 30U});
    EXPECT_EQ(process.max_queue_time, 0s);
    EXPECT_EQ(good("process: {max_pipes: off}").process.max_pipes, 0U);
    EXPECT_EQ(good("process: {latency: adaptive}").process.latency, Latency::adaptive);
    const auto service = [](const std::string& value) {
        return good("services: {web: {endpoints: \"10.0.0.5:80\", max_pending: " + value + "}}").services.at(0).max_pending;
    };
    EXPECT_EQ(service("3"), 3U);
    EXPECT_EQ(service("unlimited"), 0U);
    EXPECT_EQ(good("services: {web: {endpoints: \"10.0.0.5:80\"}}").services.at(0).max_pending, 10'000U);
}

TEST(Load, limits_of_what_is_around_a_body_and_of_responses) {
    const std::string chunked = "{max_trailers: 1k, max_trailer_count: 3, max_extension: 0b, max_extensions: 2k}";
    const ChunkedLimits expected{.max_trailers = {1024}, .max_trailer_count = 3, .max_extension = {0}, .max_extensions = {2048}};
    const auto client = good("listeners: {a: {address: \":1\", client: {chunked: " + chunked + "}}}").listeners.at(0).client;
    EXPECT_EQ(client.chunked, expected);
    const auto response = [](const std::string& keys) {
        return good("services: {web: {endpoints: \"10.0.0.5:80\", response: " + keys + "}}").services.at(0).response;
    };
    const auto all = response("{max_headers: 128k, max_header_count: 256, max_interim: 0, chunked: " + chunked + "}");
    EXPECT_EQ(all, (ResponseLimits{.max_headers = {128U << 10U}, .max_header_count = 256, .max_interim = 0, .chunked = expected}));
    EXPECT_EQ(response("{}"), ResponseLimits{});
}

TEST(Load, how_connections_linger_and_continue_is_waited_for) {
    const auto client = [](const std::string& keys) {
        return good("listeners: {a: {address: \":1\", client: {" + keys + "}}}").listeners.at(0).client;
    };
    EXPECT_EQ(client("linger_time: 5s, linger_bytes: 0b").linger_time, 5s);
    EXPECT_EQ(client("linger_time: 5s, linger_bytes: 1m").linger_bytes, Bytes{1U << 20U});
    EXPECT_EQ(client("linger_bytes: 0b").linger_bytes, Bytes{0});
    const auto timeouts = [](const std::string& keys) {
        return good("services: {web: {endpoints: \"10.0.0.5:80\", timeouts: {" + keys + "}}}").services.at(0).timeouts;
    };
    EXPECT_EQ(timeouts("continue: 250ms").expect_continue, 250ms);
    EXPECT_EQ(timeouts("").expect_continue, 1s);
}

TEST(Load, limits_of_registries_and_of_admin) {
    const auto discovery = good("discovery: {max_answer: 1m, max_service_endpoints: 5, max_endpoints: 1000000}").discovery;
    EXPECT_EQ(discovery.max_answer, Bytes{1U << 20U});
    EXPECT_EQ(discovery.max_service_endpoints, 5U);
    EXPECT_EQ(discovery.max_endpoints, 1'000'000U);
    const auto admin = good("admin: {max_connections: 3, max_followers: 0, max_request: 8k}").admin;
    EXPECT_EQ(admin.max_connections, 3U);
    EXPECT_EQ(admin.max_followers, 0U);
    EXPECT_EQ(admin.max_request, Bytes{8192});
    EXPECT_EQ(to_string(admin.tcp.value()), "127.0.0.1:8001");
}

TEST(Load, health_short_and_long) {
    const auto of = [](const std::string& text) {
        return good("services: {web: {endpoints: \"10.0.0.5:80\", health: " + text + "}}").services.at(0).health;
    };
    EXPECT_EQ(of("{admission: tcp}").admission, Admission::tcp);
    EXPECT_EQ(of("{admission: {path: /r, timeout: 3s}}").admission, Admission::http);
    EXPECT_EQ(of("{admission: {path: /r}}").admission_path, "/r");
    EXPECT_EQ(of("{}").admission, std::nullopt);
    EXPECT_EQ(of("{active: /healthz}").active->path, "/healthz");
    EXPECT_EQ(of("{active: {expect: 204}}").active->expect_max, 204);
    EXPECT_EQ(of("{active: {jitter: 25%}}").active->jitter, 0.25);
    EXPECT_TRUE(of("{}").damping);
    EXPECT_FALSE(of("{damping: off}").damping);
    EXPECT_FALSE(of("{passive: off}").passive.enabled);
    EXPECT_EQ(of("{passive: {max_ejected: 100%, statuses: 503}}").passive.max_ejected_percent, 100U);
}

TEST(Load, all_probes_together_and_the_start_of_newcomers) {
    EXPECT_EQ(good("").health.max_per_second, 2000U);
    EXPECT_EQ(good("health: {max_per_second: 50}").health.max_per_second, 50U);
    EXPECT_NE(bad("health: {max_per_second: 0}").find("out of its bounds"), std::string::npos);
    const auto slow_start = [](const std::string& text) {
        return good("services: {web: {endpoints: \"10.0.0.5:80\", slow_start: " + text + "}}").services.at(0).slow_start;
    };
    EXPECT_EQ(slow_start("30s"), 30s);
    EXPECT_EQ(slow_start("off"), 0s);
    EXPECT_NE(bad("services: {web: {endpoints: \"10.0.0.5:80\", slow_start: soon}}").find("E0110"), std::string::npos);
}

TEST(Load, variables_are_put_into_values_and_nowhere_else) {
    support::MemoryFiles files;
    files.variables = {{"ADDR", "10.0.0.1:8500"}, {"EVIL", "10.0.0.9:1\nroutes:\n  - respond: 200"}, {"EMPTY", ""}};
    files.contents = {{"/run/token", "s3cret\n"}};
    const auto config = good(
        "discovery:\n  consul:\n    main: {address: \"${ADDR}\", token: \"${file:/run/token}\", datacenter: \"${NONE:-dc-1}\"}\nlog: "
        "${EMPTY:-debug}\n",
        files);
    EXPECT_EQ(to_string(config.discovery.consul.at(0).addresses.at(0)), "10.0.0.1:8500");
    EXPECT_EQ(config.discovery.consul.at(0).token, "s3cret");
    EXPECT_EQ(config.discovery.consul.at(0).datacenter, "dc-1");
    EXPECT_EQ(config.log.level, Log::Level::debug);
    EXPECT_NE(bad("services: {web: \"${EVIL}\"}", files).find("E0116"), std::string::npos) << "text stays one value";
    EXPECT_NE(bad("${ADDR}: x", files).find("unknown key `${ADDR}`"), std::string::npos) << "keys are never replaced";
    const auto literal =
        good("services: {web: \"10.0.0.5:80\"}\nroutes: [{match: {path: /x}, respond: {body: \"$${ADDR} costs $5\"}}]", files);
    EXPECT_EQ(std::get<Respond>(literal.routes.at(0).action).body, "${ADDR} costs $5");
}

TEST(Load, a_secret_never_shows_in_a_message) {
    support::MemoryFiles files;
    files.contents = {{"/run/token", "hunter2"}};
    const auto text = bad(
        "discovery: {consul: \"${file:/run/token}\"}\nlog: \"${file:/run/token}\"\nservices: {web: {balance: "
        "\"x${file:/run/token}\"}}\nadmin: \"${file:/run/token}\"\n"
        "trusted_proxies: \"${file:/run/token}\"\naccess_log: \"/x/${file:/run/token}/\"\nroutes: [{service: \"a://${file:/run/token}\"}]",
        files);
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
}

TEST(Load, anchors_share_values_and_cannot_explode) {
    const auto config =
        good("services:\n  a: {endpoints: &e [10.0.0.5:80], timeouts: &t {connect: 3s}}\n  b: {endpoints: *e, timeouts: *t}\n");
    EXPECT_EQ(config.services.at(1).timeouts.connect, Duration{3s});
    EXPECT_EQ(config.services.at(0).endpoints, config.services.at(1).endpoints);
    std::string bomb = "services:\n  a0: &a0 [10.0.0.5:80]\n";
    for (int i = 1; i < 20; ++i) {
        const auto last = "*a" + std::to_string(i - 1);
        bomb += "  a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last + "," + last + "," + last + "," + last + "]\n";
    }
    EXPECT_NE(bad(bomb).find("E0103"), std::string::npos);
    std::string wide = "services:\n  a: &a [";
    for (int i = 0; i < 9'000; ++i) {
        wide += "1.1.1.1:80,";
    }
    wide += "]\n";
    for (int i = 0; i < 900; ++i) {
        wide += "  b" + std::to_string(i) + ": *a\n";
    }
    EXPECT_NE(bad(wide).find("E0103"), std::string::npos);
}

TEST(Load, hostile_texts_are_refused_and_never_thrown_at_us) {
    const auto nested = [](const std::string& open, std::size_t times) {
        std::string out;
        for (std::size_t i = 0; i < times; ++i) {
            out += open;
        }
        return out;
    };
    for (const auto& text : {nested("[", 200'000),
                             nested("{a: ", 200'000),
                             nested("- ", 200'000),
                             nested("? ", 100'000),
                             std::string("%YAML 9.9\n---\na: b"),
                             std::string("*x"),
                             std::string("&"),
                             std::string("!<"),
                             std::string("a: |9\n x"),
                             std::string("\"\\x"),
                             std::string("'"),
                             std::string("? [a]\n: b"),
                             std::string("a: b: c"),
                             std::string("@"),
                             std::string("`x`"),
                             std::string(": :"),
                             std::string("...\n..."),
                             std::string("\"\\uD800\": 1"),
                             std::string("a: \"\\0\""),
                             std::string("[]"),
                             std::string("just text"),
                             std::string("12")}) {
        support::MemoryFiles files;
        const auto loaded = load_text(text, "x", files);
        EXPECT_FALSE(report(loaded.problems).empty() && !loaded.config) << text.substr(0, 20);
        if (text != "...\n...") {
            EXPECT_FALSE(loaded.config) << text.substr(0, 20);
        }
    }
    EXPECT_NE(bad(std::string(17U << 20U, ' ')).find("E0103"), std::string::npos);
}

TEST(Load, ten_thousand_routes_and_a_thousand_problems_at_most) {
    std::string text = "services: {web: \"10.0.0.5:80\"}\nroutes:\n";
    for (int i = 0; i < 10'000; ++i) {
        text += "  - {match: {host: h" + std::to_string(i) + ".example.com, path: /p/**}, service: web}\n";
    }
    EXPECT_EQ(good(text).routes.size(), 10'000U);
    std::string wrong = "services:\n";
    for (int i = 0; i < 5'000; ++i) {
        wrong += "  s" + std::to_string(i) + ": nowhere\n";
    }
    support::MemoryFiles files;
    EXPECT_LE(load_text(wrong, "x", files).problems.size(), 2'000U);
    EXPECT_NE(bad(wrong).find("more\n"), std::string::npos) << "the report is cut, not the count";
}

TEST(Load, a_missing_file_is_a_problem_of_its_own) {
    support::MemoryFiles files;
    const auto loaded = load_file("/nowhere.yaml", files);
    EXPECT_FALSE(loaded.config);
    EXPECT_EQ(report(loaded.problems),
              "error[E0122]: the file cannot be read: no such file\n --> /nowhere.yaml\n  = give another one with -c FILE\n1 error; "
              "configuration not applied\n");
}

TEST(Report, shows_the_line_a_caret_and_what_to_do) {
    support::MemoryFiles files;
    const auto loaded = load_text(
        "listen: :8000\nservices:\n  web:\n    endpoints: 10.0.0.5:80\n    balance: round_robbin\nroutes:\n  - service: web\n  - service: "
        "web\n",
        "cardea.yaml", files);
    EXPECT_EQ(report(loaded.problems, "generation 41 keeps running"),
              "error[E0107]: unknown balancing method `round_robbin`\n"
              " --> cardea.yaml:5:14\n"
              "  |\n"
              "5 |     balance: round_robbin\n"
              "  |              ^^^^^^^^^^^^ did you mean `round_robin`?\n"
              "  = expected: round_robin, least_request, random_of_two\n"
              "warning[W0303]: this route is never reached\n"
              " --> cardea.yaml:8:5\n"
              "  |\n"
              "8 |   - service: web\n"
              "  |     ^\n"
              "  = the route in line 7 matches the same requests and stands before it\n"
              "1 error, 1 warning; configuration not applied, generation 41 keeps running\n");
    EXPECT_EQ(report({}), "");
}

TEST(Validate, warns_without_refusing) {
    support::MemoryFiles files;
    const auto warned = [&files](const std::string& text) {
        const auto loaded = load_text(text, "x", files);
        EXPECT_TRUE(loaded.config) << report(loaded.problems);
        return codes(loaded.problems);
    };
    EXPECT_EQ(warned("services:\n  web: [10.0.0.5:80, 10.0.0.5:80 weight=2]\n"), "W0301 2:22");
    EXPECT_EQ(warned("discovery: {docker: unix:/d.sock}\nservices: {nginx: 10.0.0.5:80}\nroutes:\n  - service: ngnix\n"), "W0302 4:14");
    EXPECT_EQ(warned("listen: :1\ntrusted_proxies: 0.0.0.0/0\n"), "W0304 1:9");
    EXPECT_EQ(warned("services:\n  web: 10.0.0.5:80 weight=0\n"), "W0305 2:3");
    EXPECT_EQ(warned("services: {a: 10.0.0.5:80}\nroutes:\n  - {match: {method: [GET]}, service: a}\n  - service: a\n"), "")
        << "a method is a condition";
}

TEST(Nearest, finds_what_was_probably_meant) {
    EXPECT_EQ(nearest("endpiont", {"endpoints", "balance"}), "endpoints");
    EXPECT_EQ(nearest("BALANCE", {"endpoints", "balance"}), "balance");
    EXPECT_EQ(nearest("xyz", {"endpoints", "balance"}), "");
    EXPECT_EQ(nearest("", {"a"}), "");
    EXPECT_EQ(nearest(std::string(10'000, 'a'), {"a"}), "");
}

}  // namespace
}  // namespace cardea::config
