// steady: a load that keeps its pace whatever happens and writes down how each request, kept connection and stream ended.
// Ends at TERM or INT, when the requests in flight have.

#include "perf/load/arguments.hpp"
#include "perf/load/diary.hpp"
#include "perf/load/streams.hpp"
#include "perf/load/visits.hpp"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <exception>

namespace {

using namespace cardea::load;

constexpr auto usage = R"(usage: steady [options] --diary FILE ADDRESS:PORT
  --get R --post R --put R     requests a second of each method (300, 30, 0)
  --post-body N --put-body N   bytes of their bodies (200, 100k)
  --answer N                   bytes of filler in each answer (0)
  --connections N              kept alive (40)       --timeout TIME  of one request, of a stream's silence (10s)
  --websockets N --sse N       streams kept open (0)
  --prefix P                   of every key (k)      --host NAME     (app.example)
Asks `/key/KEY/N` of perf/load/origin, which answers `NAME KEY BYTES CHECKSUM` of the body it got. The diary has a line for each
  request     R DUE END METHOD KEY OUTCOME STATUS ORIGIN REASON CARRIED once|repeated
  connection  C TIME idle|idle_reset|announced|broken CARRIED      when the other side ended it
  stream      S TIME websocket|sse NUMBER open|lost|refused|kept ORIGIN WHY
with times in microseconds since 1970. OUTCOME: ok status refused connect reset_before reset_after truncated timeout malformed
wrong_body; before and after the first byte of the answer.
)";

struct Steady {
    VisitPlan visits{};
    StreamPlan streams{};
};

Steady read_plan(const Arguments& arguments) {
    if (arguments.words().size() != 1 || !arguments.has("diary")) {
        throw UsageError("expected --diary FILE and one ADDRESS:PORT");
    }
    Steady plan;
    plan.visits.target = plan.streams.target = parse_address(arguments.words().front());
    plan.visits.fields = plan.streams.fields = "Host: " + arguments.text("host", "app.example") + "\r\n";
    plan.visits.timeout = plan.streams.timeout = arguments.duration("timeout", std::chrono::seconds(10));
    plan.visits.connections = std::max<std::uint64_t>(arguments.number("connections", 40), 1);
    plan.visits.prefix = arguments.text("prefix", "k");
    plan.visits.answer = arguments.number("answer", 0);
    plan.visits.visits = {{"GET", static_cast<double>(arguments.number("get", 300)), 0},
                          {"POST", static_cast<double>(arguments.number("post", 30)), arguments.number("post-body", 200)},
                          {"PUT", static_cast<double>(arguments.number("put", 0)), arguments.number("put-body", 100'000)}};
    plan.streams.tunnels = arguments.number("websockets", 0);
    plan.streams.events = arguments.number("sse", 0);
    return plan;
}

int stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

void run(const Steady& plan, const std::string& path) {
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    const int signals = stop_signals();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    epoll_ctl(epoll, EPOLL_CTL_ADD, signals, &event);
    Diary diary(path);
    Streams streams(plan.streams, epoll, diary);
    Visits visits(plan.visits, epoll, diary);
    std::array<epoll_event, 256> events;
    constexpr Clock::duration longest = std::chrono::milliseconds(5);
    auto flush_at = Clock::now();
    for (bool finishing = false; !(finishing && visits.idle());) {
        const auto now = Clock::now();
        visits.tick(now);
        streams.tick(now);
        if (now >= flush_at) {
            diary.flush();  // so that it can be followed while it is written
            flush_at = now + std::chrono::milliseconds(20);
        }
        const auto wait = std::clamp<Clock::duration>(std::min(visits.due(), now + longest) - now, Clock::duration{0}, longest);
        const timespec time{0, std::chrono::nanoseconds(wait).count()};
        const int count = epoll_pwait2(epoll, events.data(), static_cast<int>(events.size()), &time, nullptr);
        for (int i = 0; i < count; ++i) {
            const auto& seen = events[static_cast<std::size_t>(i)];
            if (seen.data.ptr == nullptr) {
                finishing = true;
                visits.finish();
                epoll_ctl(epoll, EPOLL_CTL_DEL, signals, nullptr);
            } else {
                static_cast<Watched*>(seen.data.ptr)->on_event(seen.events);
            }
        }
    }
    streams.finish();
    close(signals);
    close(epoll);
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    try {
        const Arguments arguments(argc, argv,
                                  {"get", "post", "put", "post-body", "put-body", "answer", "connections", "timeout", "websockets", "sse",
                                   "prefix", "host", "diary"},
                                  {"help"});
        if (arguments.has("help")) {
            throw UsageError("");
        }
        run(read_plan(arguments), arguments.text("diary", ""));
        return 0;
    } catch (const UsageError& error) {
        std::fprintf(stderr, "%s%s%s", error.what(), *error.what() == '\0' ? "" : "\n", usage);
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "steady: %s\n", error.what());
        return 1;
    }
}
