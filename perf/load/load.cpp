// load: HTTP/1.1 load on one address, closed or open loop, with every failure counted by what it was.

#include "perf/load/arguments.hpp"
#include "perf/load/generator.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <sstream>

namespace {

using namespace cardea::load;

constexpr auto usage = R"(usage: load [options] ADDRESS:PORT
  --connections N    kept alive (64)           --close-after N  requests a connection carries
  --requests N       stop after N              --duration TIME  or after TIME (5s)
  --rate R           requests a second, latency from when each was due; without it every connection asks as it is answered
  --warmup N         requests not counted      --timeout TIME   of one request (10s)
  --path P           repeatable, taken in turn; {n} becomes the number of the request
  --method M --header 'K: V' --host NAME --body BYTES --browser (a browser's request header)
  --expect BYTES     an answer with a body of another length has failed
  --tally            count answers by their first line
  --pids P,Q         CPU time of these processes per counted request
  --json             one JSON object instead of key=value
  --strict           exit 1 when a request failed
A GET on a reused connection that was closed before the first byte is repeated once, as browsers do, and counted as repeated.
)";

constexpr auto browser_fields =
    "Connection: keep-alive\r\nCache-Control: max-age=0\r\nUpgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Referer: http://app.example/dashboard/overview\r\nAccept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-US,en;q=0.9,zh;q=0.8\r\nCookie: sid=2f6a0c1d9b7e48f3a5c2d1e0f9b8a7c6; theme=dark; consent=1700000000\r\n";

Plan read_plan(const Arguments& arguments) {
    Plan plan;
    if (arguments.words().size() != 1) {
        throw UsageError("expected one ADDRESS:PORT");
    }
    plan.target = parse_address(arguments.words().front());
    plan.connections = std::max<std::uint64_t>(arguments.number("connections", 64), 1);
    plan.requests = arguments.number("requests", plan.requests);
    plan.warmup = arguments.number("warmup", 0);
    plan.duration = arguments.duration("duration", arguments.has("requests") ? std::chrono::seconds(0) : std::chrono::seconds(5));
    plan.timeout = arguments.duration("timeout", plan.timeout);
    plan.rate = static_cast<double>(arguments.number("rate", 0));
    plan.method = arguments.text("method", arguments.has("body") ? "POST" : "GET");
    plan.close_after = arguments.number("close-after", 0);
    if (arguments.has("expect")) {
        plan.expect = arguments.number("expect", 0);
    }
    plan.tally = arguments.has("tally");
    if (arguments.has("path")) {
        plan.paths = arguments.all("path");
    }
    plan.fields = "Host: " + arguments.text("host", "app.example") + "\r\n" + (arguments.has("browser") ? browser_fields : "");
    for (const auto& field : arguments.all("header")) {
        plan.fields += field + "\r\n";
    }
    if (arguments.has("body")) {
        plan.body.assign(arguments.number("body", 0), 'y');
        plan.fields += "Content-Length: " + std::to_string(plan.body.size()) + "\r\n";
    }
    std::istringstream processes(arguments.text("pids", ""));
    for (std::string process; std::getline(processes, process, ',');) {
        plan.processes.push_back(static_cast<int>(parse_number(process).value_or(0)));
    }
    return plan;
}

std::uint64_t failures(const Report& report) {
    std::uint64_t sum = 0;
    for (const auto& [why, count] : report.failed) {
        sum += count;
    }
    return sum;
}

/// Collects `key=value key=value` or `{"key":value,...}`.
class Line {
public:
    explicit Line(bool json) : json_(json) {}
    template <typename Value>
    void add(const std::string& key, const Value& value) {
        text_ << (first_ ? "" : json_ ? "," : " ") << (json_ ? "\"" : "") << key << (json_ ? "\":" : "=") << value;
        first_ = false;
    }
    template <typename Key>
    void add(const std::string& key, const std::map<Key, std::uint64_t>& counts) {
        if (!json_) {
            for (const auto& [name, count] : counts) {
                std::ostringstream label;
                label << key << "." << name;
                add(label.str(), count);
            }
            return;
        }
        std::ostringstream object;
        for (const auto& [name, count] : counts) {
            object << (object.tellp() > 0 ? "," : "") << "\"" << name << "\":" << count;
        }
        add(key, "{" + object.str() + "}");
    }
    [[nodiscard]] std::string text() const { return json_ ? "{" + text_.str() + "}" : text_.str(); }

private:
    bool json_, first_{true};
    std::ostringstream text_{};
};

void print(const Report& report, bool json) {
    Line line(json);
    const auto seconds = std::max(report.seconds, 1e-9);
    const auto counted = report.answered + failures(report);
    line.add("ok", report.answered);
    line.add("failed", failures(report));
    line.add("failures", report.failed);
    line.add("repeated", report.repeated);
    line.add("reconnects", report.reconnects);
    line.add("seconds", report.seconds);
    line.add("rps", static_cast<std::uint64_t>(static_cast<double>(counted) / seconds));
    line.add("mbps", static_cast<double>(report.bytes) / seconds / 1e6);
    line.add("p50_us", report.latency.quantile_us(0.5));
    line.add("p90_us", report.latency.quantile_us(0.9));
    line.add("p99_us", report.latency.quantile_us(0.99));
    line.add("p999_us", report.latency.quantile_us(0.999));
    line.add("max_us", report.latency.longest_us());
    if (report.cpu_seconds > 0 && counted > 0) {
        line.add("cpu_us", report.cpu_seconds * 1e6 / static_cast<double>(counted));
    }
    line.add("status", report.statuses);
    line.add("name", report.names);
    std::printf("%s\n", line.text().c_str());
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    try {
        const Arguments arguments(argc, argv,
                                  {"connections", "requests", "duration", "rate", "warmup", "timeout", "path", "method", "header", "host",
                                   "body", "close-after", "expect", "pids"},
                                  {"browser", "tally", "json", "strict", "help"});
        if (arguments.has("help")) {
            throw UsageError("");
        }
        const auto plan = read_plan(arguments);
        const auto report = Generator(plan).run();
        print(report, arguments.has("json"));
        return arguments.has("strict") && failures(report) > 0 ? 1 : 0;
    } catch (const UsageError& error) {
        std::fprintf(stderr, "%s%s%s", error.what(), *error.what() == '\0' ? "" : "\n", usage);
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "load: %s\n", error.what());
        return 1;
    }
}
