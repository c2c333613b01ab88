#include "perf/load/generator.hpp"

#include <sys/epoll.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>

namespace cardea::load {

namespace {

constexpr std::string_view place_of_number = "{n}";
constexpr auto expire_every = std::chrono::milliseconds(10);
constexpr auto connect_pause = std::chrono::milliseconds(2);  // after a refused connect, so that a dead target is not spun on

// CPU time of every thread of the processes, from the scheduler's own count.
double cpu_seconds(const std::vector<int>& processes) {
    double sum = 0;
    for (const int process : processes) {
        std::error_code gone;
        for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", gone)) {
            std::ifstream stat(task.path() / "schedstat");
            std::uint64_t nanoseconds = 0;
            stat >> nanoseconds;
            sum += static_cast<double>(nanoseconds) / 1e9;
        }
    }
    return sum;
}

std::string numbered(std::string path, std::uint64_t number) {
    if (const auto at = path.find(place_of_number); at != std::string::npos) {
        path.replace(at, place_of_number.size(), std::to_string(number));
    }
    return path;
}

}  // namespace

Generator::Generator(const Plan& plan)
    : plan_(plan),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      clients_(plan.connections),
      limit_(plan.requests > std::numeric_limits<std::uint64_t>::max() - plan.warmup ? plan.requests : plan.requests + plan.warmup),
      buffer_(std::size_t{256} * 1024) {
    for (auto& client : clients_) {
        waiting_.push_back(&client);
    }
    for (const auto& path : plan.paths) {
        requests_.push_back(path.find(place_of_number) == std::string::npos ? request(path) : "");
    }
}

Generator::~Generator() {
    for (auto& client : clients_) {
        if (client.socket >= 0) {
            close(client.socket);
        }
    }
    close(epoll_);
}

Report Generator::run() {
    std::array<epoll_event, 256> events;
    began_ = last_ = Clock::now();
    measured_from_here(began_);
    for (;;) {
        const auto now = Clock::now();
        issue(now);
        if (!may_issue(now) && done_ == issued_) {
            break;
        }
        const auto wait = patience(now);
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
        const timespec time{seconds.count(), std::chrono::nanoseconds(wait - seconds).count()};
        const int count = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &time, nullptr);
        for (int i = 0; i < count; ++i) {
            on_event(clients_[events[static_cast<std::size_t>(i)].data.u64], events[static_cast<std::size_t>(i)].events);
        }
        expire(Clock::now());
    }
    report_.seconds = std::chrono::duration<double>(last_ - counted_from_).count();
    report_.cpu_seconds = cpu_seconds(plan_.processes) - cpu_before_;
    return std::move(report_);
}

void Generator::measured_from_here(Clock::time_point now) {
    counted_from_ = now;
    const bool counts = done_ >= plan_.warmup;  // the warm-up takes as long as it takes
    ends_ = counts && plan_.duration.count() > 0 ? now + plan_.duration : Clock::time_point::max();
    cpu_before_ = cpu_seconds(plan_.processes);
}

bool Generator::may_issue(Clock::time_point now) const {
    return issued_ < limit_ && now < ends_;
}

// How long nothing can happen but an event.
Clock::duration Generator::patience(Clock::time_point now) const {
    Clock::duration wait = std::chrono::milliseconds(20);
    if (!waiting_.empty() && may_issue(now)) {
        wait = std::min(wait, waiting_.front()->not_before - now);
        if (plan_.rate > 0) {
            const auto due = began_ + std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(issued_) * 1e9 / plan_.rate));
            wait = std::min<Clock::duration>(std::chrono::milliseconds(20), std::max(due, waiting_.front()->not_before) - now);
        }
    }
    return std::max(wait, Clock::duration{0});
}

void Generator::issue(Clock::time_point now) {
    while (!waiting_.empty() && waiting_.front()->not_before <= now && may_issue(now)) {
        auto due = now;
        if (plan_.rate > 0) {
            due = began_ + std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(issued_) * 1e9 / plan_.rate));
            if (due > now) {
                return;
            }
        }
        auto& client = *waiting_.front();
        waiting_.pop_front();
        assign(client, due, now);
    }
}

std::string Generator::request(const std::string& path) const {
    return plan_.method + " " + path + " HTTP/1.1\r\n" + plan_.fields + "\r\n" + plan_.body;
}

void Generator::assign(Client& client, Clock::time_point due, Clock::time_point now) {
    const auto number = issued_++;
    const auto which = number % requests_.size();
    client.out = requests_[which];
    if (client.out.empty()) {
        client.own = request(numbered(plan_.paths[which], number));
        client.out = client.own;
    }
    client.asking = true;
    client.repeated = false;
    client.due = due;
    if (client.state == Client::State::idle) {
        send(client, now);
    } else {
        connect(client, now);
    }
}

void Generator::connect(Client& client, Clock::time_point now) {
    client.sent_at = now;
    client.carried = 0;
    client.socket = start_connect(plan_.target);
    if (client.socket < 0) {
        finish(client, "connect");
        return;
    }
    client.state = Client::State::connecting;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u64 = static_cast<std::uint64_t>(&client - clients_.data());
    epoll_ctl(epoll_, EPOLL_CTL_ADD, client.socket, &event);
}

void Generator::send(Client& client, Clock::time_point now) {
    client.state = Client::State::busy;
    client.sent_at = now;
    client.out_sent = 0;
    client.reader.start(plan_.method == "HEAD");
    on_event(client, EPOLLOUT);
}

void Generator::on_event(Client& client, std::uint32_t events) {
    if (client.state == Client::State::connecting) {
        int error = 0;
        socklen_t length = sizeof error;
        getsockopt(client.socket, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error != 0) {
            finish(client, "connect");
            return;
        }
        if ((events & EPOLLOUT) != 0) {
            send(client, Clock::now());
        }
        return;
    }
    if (client.state == Client::State::busy && (events & EPOLLOUT) != 0 && client.out_sent < client.out.size()) {
        const auto sent = ::send(client.socket, client.out.data() + client.out_sent, client.out.size() - client.out_sent, MSG_NOSIGNAL);
        if (sent > 0) {
            client.out_sent += static_cast<std::size_t>(sent);
        } else if (sent == 0 || (errno != EAGAIN && (events & EPOLLIN) == 0)) {
            lost(client, "closed");
            return;
        }
    }
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        receive(client);
    }
}

void Generator::receive(Client& client) {
    while (client.socket >= 0) {
        const auto count = recv(client.socket, buffer_.data(), buffer_.size(), 0);
        if (count < 0 && errno == EAGAIN) {
            return;
        }
        if (client.state != Client::State::busy) {
            disconnect(client);  // an idle connection was closed, or spoke without being asked
            return;
        }
        if (count <= 0) {
            if (count == 0 && client.reader.begun() && client.reader.end() == ResponseReader::Outcome::done) {
                finish(client, "");
            } else {
                lost(client, "closed");
            }
            return;
        }
        report_.bytes += static_cast<std::uint64_t>(count);
        const auto outcome = client.reader.feed({buffer_.data(), static_cast<std::size_t>(count)});
        if (outcome != ResponseReader::Outcome::more) {
            finish(client, outcome == ResponseReader::Outcome::done ? "" : "malformed");
            return;  // whatever comes next belongs to the next request, or ends an idle connection
        }
    }
}

// The connection broke under a request. A GET on a reused connection without an answer is asked once more.
void Generator::lost(Client& client, const char* why) {
    if (plan_.method == "GET" && client.carried > 0 && !client.reader.begun() && !client.repeated) {
        client.repeated = true;
        ++report_.repeated;
        disconnect(client);
        connect(client, Clock::now());
        return;
    }
    finish(client, why);
}

void Generator::finish(Client& client, const std::string& failure) {
    const auto now = Clock::now();
    count(client, failure, now);
    client.asking = false;
    ++client.carried;
    const bool spent = plan_.close_after > 0 && client.carried >= plan_.close_after;
    if (!failure.empty() || !client.reader.keep() || spent) {
        disconnect(client);
        client.not_before = failure == "connect" ? now + connect_pause : now;
    } else {
        client.state = Client::State::idle;
    }
    waiting_.push_back(&client);
    if (plan_.rate == 0 && failure.empty()) {
        issue(now);  // a closed loop asks again at once
    }
}

void Generator::count(const Client& client, const std::string& failure, Clock::time_point now) {
    ++done_;
    last_ = now;
    if (done_ <= plan_.warmup) {
        if (done_ == plan_.warmup) {
            measured_from_here(now);
            report_.bytes = report_.reconnects = report_.repeated = 0;
        }
        return;
    }
    if (!failure.empty()) {
        ++report_.failed[failure];
        return;
    }
    ++report_.statuses[client.reader.status()];
    if (client.reader.status() >= 500) {
        ++report_.failed[std::to_string(client.reader.status())];
        return;
    }
    if (plan_.expect && *plan_.expect != client.reader.body_bytes()) {
        ++report_.failed["length"];
        return;
    }
    ++report_.answered;
    report_.latency.add(now - client.due);
    if (plan_.tally) {
        const auto line = client.reader.body_start();
        ++report_.names[std::string(line.substr(0, line.find('\n')))];
    }
}

void Generator::disconnect(Client& client) {
    if (client.socket >= 0) {
        close(client.socket);
        ++report_.reconnects;
    }
    client.socket = -1;
    client.state = Client::State::unconnected;
}

void Generator::expire(Clock::time_point now) {
    if (done_ == issued_ || now < expire_at_) {
        return;
    }
    expire_at_ = now + expire_every;
    for (auto& client : clients_) {
        if (client.asking && now - client.sent_at > plan_.timeout) {
            finish(client, client.state == Client::State::connecting ? "connect" : "timeout");
        }
    }
}

}  // namespace cardea::load
