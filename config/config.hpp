#pragma once
// The whole configuration as plain structs: what YAML, the command line and container labels all compile to.
// A default stands beside its key with the reason. Values only; immutable once it is in force; any thread may read.
// Names are those of the keys a user writes (README, "Configuration").

#include "config/address.hpp"
#include "config/limits.hpp"
#include "config/units.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace cardea::config {

using namespace std::chrono_literals;

/// Where in which file a value stands, for messages at any later time. Empty file: default or command line.
struct Origin {
    std::string file{};
    int line{0};
    int column{0};
    friend bool operator==(const Origin&, const Origin&) = default;
};

// ---------------------------------------------------------------------------------------------- listeners

struct Listener {
    std::string name{"web"};
    Address address{};  ///< unspecified IPv6 = both families
    ClientLimits client{};
    std::vector<Cidr> trusted_proxies{};  ///< peers whose forwarding fields are believed; empty: nobody
    Origin origin{};
    friend bool operator==(const Listener&, const Listener&) = default;
};

// ------------------------------------------------------------------------------------------------ process

/// How far the process locks itself in at the start; see proxy/sandbox.
enum class Sandbox : std::uint8_t { automatic, on, off };

/// What a worker does when nothing is ready: sleeps, or looks again for some microseconds where that has been worth it.
enum class Latency : std::uint8_t { normal, adaptive };

struct Process {
    std::uint32_t threads{0};          ///< 0 = auto: CPU affinity and cgroup quota
    std::uint32_t max_connections{0};  ///< 0 = 0.4 x the hard RLIMIT_NOFILE
    Bytes max_buffered{0};             ///< of messages in memory, all workers; more is answered 503. 0 = a quarter of the memory there is
    /// How long requests may wait for a worker. Once none of the last second waited less, those that waited longer are
    /// answered 503: a queue that never empties only makes everybody late. 0 = `off`
    Duration max_queue_time{100ms};
    /// Through which large answers pass without being copied; each holds at most 256 KiB for a client that is slow. More answers
    /// than that at the same moment are copied. 0 = all of them
    std::uint32_t max_pipes{64};
    Latency latency{Latency::normal};
    Duration graceful_timeout{30s};       ///< time in-flight requests get at stop
    Duration stop_delay{0s};              ///< between failing readiness and closing the doors: what a balancer in front needs to see it
    std::string state_dir{};              ///< empty = no last-known-good on disk
    Duration wait_for_sources{5s};        ///< how long a request to a service whose source never answered may wait for readiness
    std::string user{}, group{};          ///< who to become when started as root: a name or a number; empty = stay
    Sandbox sandbox{Sandbox::automatic};  ///< automatic: what the kernel offers; on: refuse to start without all of it
    friend bool operator==(const Process&, const Process&) = default;
};

// ---------------------------------------------------------------------------------------------- discovery

struct TlsClient {
    bool enabled{false};
    std::string ca{}, cert{}, key{};  ///< PEM files
    std::string server_name{};        ///< empty = host of the address
    bool verify{true};
    friend bool operator==(const TlsClient&, const TlsClient&) = default;
};

struct ConsulSource {
    std::string name{"consul"};
    std::vector<Address> addresses{};  ///< agents, tried in turn
    std::string datacenter{};
    std::string token{}, token_file{};  ///< the file is read again before each attempt
    TlsClient tls{};
    Duration wait{60s};                  ///< bounds staleness after an index regression; never 5 min (discovery.md fact 2)
    bool stale_reads{true};              ///< `consistency: stale|default`; stale survives the loss of the leader
    std::uint32_t max_connections{100};  ///< the agent allows 200 per client address
    bool allow_warning{true};            ///< serve endpoints whose worst check is `warning`, at Weights.Warning
    Origin origin{};
    friend bool operator==(const ConsulSource&, const ConsulSource&) = default;
};

enum class Expose : std::uint8_t { published, labelled, all };
enum class DockerAddress : std::uint8_t { automatic, published, container };

struct DockerSource {
    std::string name{"docker"};
    Address endpoint{};  ///< unix:/var/run/docker.sock or host:port
    TlsClient tls{};
    DockerAddress address{DockerAddress::automatic};  ///< automatic: published bindings first, then container addresses
    std::vector<IpAddress>
        host_ip{};  ///< what an unspecified HostIp stands for; empty: host of the endpoint; unix: this machine's addresses
    Expose expose{Expose::published};     ///< which containers become services without a label
    std::vector<std::string> networks{};  ///< preferred networks for container addresses, in order
    Origin origin{};
    friend bool operator==(const DockerSource&, const DockerSource&) = default;
};

struct Discovery {
    std::vector<ConsulSource> consul{};
    std::vector<DockerSource> docker{};
    std::vector<Cidr> allow{}, deny{};  ///< overrides of the address policy for discovered addresses; deny wins
    Duration debounce_quiet{20ms};      ///< additions only; removals act at once
    Duration debounce_max{250ms};
    /// More is not to be allowed: to take an answer apart needs up to fifteen times as much memory for a moment.
    static constexpr Bytes most_answer{256ULL << 20};
    /// Whatever says more is not listened to: the last good answer stays in force. It leaves 3 KiB to each of 10 000 endpoints
    Bytes max_answer{32ULL << 20};                ///< of one HTTP answer, unpacked
    std::uint32_t max_service_endpoints{10'000};  ///< of one service as one source tells it, those still held included
    std::uint32_t max_endpoints{100'000};         ///< of all that every source tells: more than any fleet behind one front door
    friend bool operator==(const Discovery&, const Discovery&) = default;
};

// ----------------------------------------------------------------------------------------------- services

struct StaticEndpoint {
    Address address{};
    std::uint32_t weight{1};
    friend bool operator==(const StaticEndpoint&, const StaticEndpoint&) = default;
};
/// `consul://SOURCE/SERVICE?tag=a&tag=b&dc=x&filter=expr`; an empty source means every Consul source.
struct ConsulRef {
    std::string source{}, service{};
    std::vector<std::string> tags{};
    std::string datacenter{}, filter{};
    friend auto operator<=>(const ConsulRef&, const ConsulRef&) = default;
};
/// `docker://SOURCE/SERVICE`; an empty source means every engine.
struct DockerRef {
    std::string source{}, service{};
    friend auto operator<=>(const DockerRef&, const DockerRef&) = default;
};
/// `file://PATH`: one endpoint a line, `ADDRESS [weight=N]`, `#` comments; watched, applied when it changes.
struct FileRef {
    std::string path{};
    friend auto operator<=>(const FileRef&, const FileRef&) = default;
};
using EndpointRef = std::variant<StaticEndpoint, ConsulRef, DockerRef, FileRef>;

enum class Balance : std::uint8_t { round_robin, least_request, random_of_two };

/// Which answer of a probe admits an endpoint. A connect alone proves nothing: docker-proxy accepts for anybody.
enum class Admission : std::uint8_t { http, tcp, off };

struct ActiveHealth {
    std::string path{"/"};
    std::string host{};  ///< Host of the probe; empty = the endpoint's address
    Duration interval{2s};
    double jitter{0.1};    ///< share of the interval, both ways
    Duration timeout{2s};  ///< >= 2 s: a slow check must not take a whole service out
    std::uint32_t up_after{2}, down_after{3};
    std::uint16_t expect_min{200}, expect_max{399};
    friend bool operator==(const ActiveHealth&, const ActiveHealth&) = default;
};

struct PassiveHealth {
    bool enabled{true};
    std::uint32_t errors{5};  ///< consecutive failures that eject
    Duration eject{1s};       ///< first ejection, doubling each time
    Duration eject_max{60s};
    std::uint32_t max_ejected_percent{50};
    std::vector<std::uint16_t> statuses{};  ///< 5xx answers that count as failures; none by default
    friend bool operator==(const PassiveHealth&, const PassiveHealth&) = default;
};

struct Health {
    std::optional<Admission> admission{};  ///< unset: http for discovered endpoints, off for static and file ones
    std::string admission_path{"/"};
    Duration admission_timeout{2s};
    std::optional<ActiveHealth> active{};
    PassiveHealth passive{};
    bool damping{true};  ///< who flaps by verdict of checks and probes stays out until it has been calm
    friend bool operator==(const Health&, const Health&) = default;
};

struct Timeouts {
    Duration connect{1s};
    Duration first_byte{30s};
    Duration idle{60s};        ///< between two reads of a response, only while we are willing to read
    Duration tunnel_idle{1h};  ///< Upgrade tunnels
    /// For the endpoint's word on `Expect: 100-continue`; then we say it: curl, too, waits one second before it sends the body
    Duration expect_continue{1s};
    friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

struct Retry {
    std::uint32_t attempts{3};               ///< tries in all, the first included
    bool non_idempotent{false};              ///< also repeat POST and PATCH after bytes were sent: may run them twice
    std::vector<std::uint16_t> on_status{};  ///< answers that are retried (idempotent methods only)
    bool on_timeout{true};                   ///< first_byte timeout moves idempotent requests
    std::uint32_t budget_percent{20};        ///< of the requests of the last 10 s; never below budget_min
    std::uint32_t budget_min{10};
    Bytes body_buffer{64ULL << 10};  ///< request body kept for a repeat
    friend bool operator==(const Retry&, const Retry&) = default;
};

struct Keepalive {
    std::uint32_t idle_per_endpoint{64};  ///< per worker
    Duration idle_timeout{60s};           ///< and below what the origin was seen to allow
    friend bool operator==(const Keepalive&, const Keepalive&) = default;
};

/// Idempotent requests of a service that has just lost its last endpoint wait for the next one, in the order they came.
/// All limits are for the service in the whole process.
struct Queue {
    Duration time{2s};             ///< one request at most; a container is recreated in less
    std::uint32_t requests{1000};  ///< 0 = `queue: off`
    Bytes bytes{4ULL << 20};       ///< of what was received of them: heads and the beginnings of bodies
    Duration grace{10s};           ///< after the loss; who comes later is told at once that nobody is there
    friend bool operator==(const Queue&, const Queue&) = default;
};

struct Service {
    std::string name{};
    std::vector<EndpointRef> endpoints{};  ///< empty: NAME over all sources
    Balance balance{Balance::round_robin};
    Duration slow_start{0};  ///< how long a newcomer's share grows; 0 = full at once, so that round robin stays exact
    Health health{};
    Timeouts timeouts{};
    Retry retry{};
    Keepalive keepalive{};
    Queue queue{};
    ResponseLimits response{};
    /// Requests without the head of an answer yet, in the whole process; 503 above. More than that is a service that does not
    /// answer, and others need the memory and the descriptors. 0 = `unlimited`
    std::uint32_t max_pending{10'000};
    Duration drain{30s};          ///< what requests in flight get when their endpoint leaves
    std::string upstream_host{};  ///< Host sent upstream; empty = the client's
    Origin origin{};
    friend bool operator==(const Service&, const Service&) = default;
};

// ------------------------------------------------------------------------------------------------- routes

struct HostPattern {
    enum class Kind : std::uint8_t { any, exact, wildcard };  ///< wildcard: `*.example.com`, one or more labels
    Kind kind{Kind::any};
    std::string text{};  ///< lower case; without `*.` for a wildcard
    friend auto operator<=>(const HostPattern&, const HostPattern&) = default;
};

struct PathPattern {
    enum class Kind : std::uint8_t { any, exact, prefix };  ///< `/api/**` is the prefix `/api`, on segment borders
    Kind kind{Kind::any};
    std::string text{};
    friend auto operator<=>(const PathPattern&, const PathPattern&) = default;
};

struct Match {
    std::vector<HostPattern> hosts{};    ///< empty = any
    std::vector<PathPattern> paths{};    ///< empty = any
    std::vector<std::string> methods{};  ///< empty = any; no route but a path match: 405 with Allow
    friend bool operator==(const Match&, const Match&) = default;
};

struct ToService {
    std::string service{};
    friend bool operator==(const ToService&, const ToService&) = default;
};
struct Respond {
    std::uint16_t status{200};
    std::string body{};
    std::vector<std::pair<std::string, std::string>> headers{};
    friend bool operator==(const Respond&, const Respond&) = default;
};
struct Redirect {
    std::string to{};  ///< `{host}`, `{path}` and `{query}` stand for the request's own
    std::uint16_t status{302};
    friend bool operator==(const Redirect&, const Redirect&) = default;
};
using RouteAction = std::variant<ToService, Respond, Redirect>;

struct HeaderEdits {
    std::vector<std::pair<std::string, std::string>> set{};  ///< replaces every field of that name
    std::vector<std::string> remove{};
    friend bool operator==(const HeaderEdits&, const HeaderEdits&) = default;
};

struct Route {
    std::string name{};  ///< for logs and metrics; defaults to what it matches
    Match match{};
    RouteAction action{};
    HeaderEdits request_headers{}, response_headers{};
    Origin origin{};
    friend bool operator==(const Route&, const Route&) = default;
};

// ---------------------------------------------------------------------------------- what operators look at

struct Admin {
    bool enabled{true};
    std::optional<Address> tcp{};       ///< default 127.0.0.1:8001, set by the loader; loopback only
    std::string unix_path{};            ///< default $XDG_RUNTIME_DIR or /run/cardea/admin.sock, set by the loader
    std::uint32_t max_connections{64};  ///< those who follow the events aside: a monitoring has a few; the next one is closed at once
    std::uint32_t max_followers{16};    ///< of the events; 503 above. Each costs every change of membership some work
    Bytes max_request{64ULL << 10};     ///< head and body; 431 above. No page takes a body worth more
    Origin origin{};
    friend bool operator==(const Admin&, const Admin&) = default;
};

struct AccessLog {
    enum class Output : std::uint8_t { none, standard_output, standard_error, file };
    Output output{Output::none};
    std::string path{};  ///< Output::file
    enum class Format : std::uint8_t { combined, json };
    Format format{Format::combined};
    Origin origin{};
    friend bool operator==(const AccessLog&, const AccessLog&) = default;
};

/// What is remembered of every change of membership, for `cardea events` and `cardea history`.
struct Journal {
    std::uint32_t entries{10'000};  ///< in memory, about 500 bytes each: a day of a busy fleet, a start of 5 000 endpoints
    std::string path{};             ///< empty = memory only; else JSON lines, read again at the next start
    Bytes file_size{16ULL << 20};   ///< then the file is renamed to PATH.1 and begun anew: twice this on disk at most
    Origin origin{};
    friend bool operator==(const Journal&, const Journal&) = default;
};

struct Log {
    enum class Level : std::uint8_t { debug, info, warning, error };
    Level level{Level::info};
    friend bool operator==(const Log&, const Log&) = default;
};

/// What all probes together may cost.
struct Probing {
    std::uint32_t max_per_second{2000};  ///< a connection each: what one control thread makes without delaying its other work
    friend bool operator==(const Probing&, const Probing&) = default;
};

/// What every message to a client says or hides, and which forwarding fields are written.
struct Headers {
    bool reason{true};          ///< X-Cardea-Reason on our own error answers
    bool forwarded{false};      ///< RFC 7239 `Forwarded` in addition to X-Forwarded-*
    std::string via{"cardea"};  ///< pseudonym in Via (RFC 9110 section 7.6.3)
    friend bool operator==(const Headers&, const Headers&) = default;
};

/// Which paths are taken at all, beyond what is refused anyway.
struct Paths {
    /// `%2F` and `%5C` are data, never borders, and go on as they came. An origin that decodes them before it looks for dot
    /// segments is better protected by refusing them.
    enum class EncodedSlash : std::uint8_t { forward, reject };
    EncodedSlash encoded_slash{EncodedSlash::forward};
    friend bool operator==(const Paths&, const Paths&) = default;
};

struct Config {
    Process process{};
    std::vector<Listener> listeners{};
    Discovery discovery{};
    std::vector<Service> services{};
    std::vector<Route> routes{};
    Probing health{};
    Headers headers{};
    Paths path{};
    Admin admin{};
    AccessLog access_log{};
    Journal journal{};
    Log log{};
    friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace cardea::config
