// What is written down about a request: its line in the access log and its counts.
#include "perf/micro/measure.hpp"
#include "perf/micro/rooms.hpp"
#include "proxy/observe/combined.hpp"
#include "proxy/observe/json_line.hpp"
#include "proxy/observe/line_ring.hpp"
#include "proxy/observe/metrics.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace cardea::micro {
namespace {

observe::Record usual_record() {
    observe::Record record;
    record.client_ip = "192.0.2.1";
    record.request_line = "GET /shop/articles/4711?colour=blue&page=2 HTTP/1.1";
    record.host = "www.example.com";
    record.referer = "https://www.example.com/shop/articles";
    record.user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    record.request_id = "4f1c9a7be2d8460f93b5c14f1c9a7be2";
    record.service = "web";
    record.endpoint = "10.0.0.17:8080";
    record.status = 200;
    record.body_bytes = 1024;
    record.duration_us = 870;
    record.attempts = 1;
    return record;
}

/// From the record to the ring that the log thread empties; a new second every 4 000 lines.
template <typename Clock, typename Append>
void add_line(const std::string& format, Append append) {
    add("access_log/line/" + format, [append](benchmark::State& state) {
        const observe::Record record = usual_record();
        const auto ring = std::make_unique<observe::LineRing>();
        Clock clock;
        std::string line;
        config::WallTime now{std::chrono::hours{500'000}};
        measure(state, [&] {
            now += std::chrono::microseconds{250};
            line.clear();
            append(record, clock.text(now), line);
            const bool kept = ring->put(line);
            ring->take(line.size());
            return kept;
        });
        state.SetBytesProcessed(static_cast<std::int64_t>(line.size()) * state.iterations());
    });
}

}  // namespace

void add_observe() {
    add_line<observe::LocalTime>("combined", observe::append_combined);
    add_line<observe::UtcTime>("json", observe::append_json);
    add("metrics/count_request", [](benchmark::State& state) {
        const auto metrics = std::make_unique<observe::WorkerMetrics>();
        std::uint64_t took_us = 0;
        measure(state, [&] {
            metrics->requests.add();
            metrics->in_flight.add();
            metrics->writing.add();
            metrics->upstream_reuses.add();
            took_us = (took_us + 37) % 5'000;
            metrics->upstream_first_byte.observe(took_us);
            metrics->request_duration.observe(took_us);
            metrics->bytes_sent.add(1200);
            metrics->answered.count({1, static_cast<std::uint16_t>(1 + took_us % 20), http::Method::get, 200});
            metrics->in_flight.sub();
            metrics->writing.sub();
            return metrics->requests.get();
        });
    });
}

}  // namespace cardea::micro
