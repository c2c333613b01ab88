#include "config/command_line.hpp"

#include "tests/support/memory_files.hpp"

#include <gtest/gtest.h>

namespace cardea::config {
namespace {

using Command = CommandLine::Command;

Result<CommandLine> parse(const std::vector<std::string>& arguments) {
    support::MemoryFiles files;
    files.variables["XDG_RUNTIME_DIR"] = "/run/user/7";
    return parse_command_line(arguments, files);
}

TEST(CommandLine, run_with_a_file) {
    const auto line = parse({"run", "-c", "/etc/cardea.yaml"});
    ASSERT_TRUE(line) << line.error().what;
    EXPECT_EQ(line->command, Command::run);
    EXPECT_EQ(line->config_file, "/etc/cardea.yaml");
    EXPECT_EQ(parse({"run", "--config=/x"})->config_file, "/x");
}

TEST(CommandLine, run_without_a_file_builds_a_configuration) {
    const auto line = parse({"run", "--listen", ":9000", "--consul", "10.0.0.1:8500", "--service", "nginx"});
    ASSERT_TRUE(line) << line.error().what;
    EXPECT_TRUE(line->config_file.empty());
    const auto& config = line->config;
    ASSERT_EQ(config.listeners.size(), 1U);
    EXPECT_EQ(to_string(config.listeners[0].address), "[::]:9000");
    ASSERT_EQ(config.discovery.consul.size(), 1U);
    EXPECT_EQ(to_string(config.discovery.consul[0].addresses.at(0)), "10.0.0.1:8500");
    ASSERT_EQ(config.routes.size(), 1U);
    EXPECT_EQ(std::get<ToService>(config.routes[0].action).service, "nginx");
    EXPECT_EQ(to_string(config.admin.tcp.value()), "127.0.0.1:8001");
    EXPECT_EQ(config.admin.unix_path, "/run/user/7/cardea/admin.sock");
}

TEST(CommandLine, docker_has_an_endpoint_of_its_own_or_the_local_one) {
    const auto local = parse({"run", "--docker"});
    ASSERT_TRUE(local) << local.error().what;
    EXPECT_EQ(to_string(local->config.discovery.docker.at(0).endpoint), "unix:/var/run/docker.sock");
    EXPECT_EQ(to_string(local->config.listeners.at(0).address), "[::]:8000") << "the default";
    EXPECT_TRUE(local->config.routes.empty());
    const auto before_another = parse({"run", "--docker", "--service", "web"});
    ASSERT_TRUE(before_another) << before_another.error().what;
    EXPECT_EQ(to_string(before_another->config.discovery.docker.at(0).endpoint), "unix:/var/run/docker.sock");
    const auto several =
        parse({"run", "--docker", "tcp://10.0.0.2:2375", "--docker", "tcp://10.0.0.3:2375", "--consul", "h1:8500", "--consul", "h2:8500"});
    ASSERT_TRUE(several) << several.error().what;
    EXPECT_EQ(several->config.discovery.docker.size(), 2U);
    EXPECT_NE(several->config.discovery.docker.at(0).name, several->config.discovery.docker.at(1).name);
    EXPECT_EQ(several->config.discovery.consul.at(0).addresses.size(), 2U);
    EXPECT_TRUE(parse({"run", "--docker", "https://10.0.0.2:2376"})->config.discovery.docker.at(0).tls.enabled);
}

TEST(CommandLine, the_other_commands) {
    EXPECT_EQ(parse({"validate", "-c", "x.yaml"})->command, Command::validate);
    EXPECT_EQ(parse({"validate", "-c", "x.yaml"})->config_file, "x.yaml");
    EXPECT_EQ(parse({"version"})->command, Command::version);
    EXPECT_EQ(parse({"--version"})->command, Command::version);
    EXPECT_EQ(parse({"reload"})->command, Command::reload);
    EXPECT_EQ(parse({"healthcheck"})->command, Command::healthcheck);
    const auto status = parse({"status", "-o", "json", "--admin", "unix:/run/c.sock"});
    ASSERT_TRUE(status) << status.error().what;
    EXPECT_TRUE(status->json);
    EXPECT_EQ(to_string(status->admin.value()), "unix:/run/c.sock");
    EXPECT_FALSE(parse({"status"})->admin);
    EXPECT_EQ(parse({"status"})->admin_socket, "/run/user/7/cardea/admin.sock");
}

TEST(CommandLine, help_is_text_to_print) {
    const auto help = parse({"--help"});
    ASSERT_TRUE(help);
    EXPECT_EQ(help->command, Command::help);
    for (const auto* word : {"run", "validate", "version", "reload", "status", "healthcheck"}) {
        EXPECT_NE(help->text.find(word), std::string::npos) << word;
    }
    EXPECT_NE(parse({"run", "--help"})->text.find("--consul"), std::string::npos);
}

TEST(CommandLine, wrong_usage_says_what_and_where_to_look) {
    const std::vector<std::vector<std::string>> wrong{{},
                                                      {"serve"},
                                                      {"run"},
                                                      {"run", "--service", "x"},
                                                      {"run", "-c"},
                                                      {"run", "-c", "x", "--docker"},
                                                      {"run", "-c", "x", "--listen", ":1"},
                                                      {"run", "--consul"},
                                                      {"run", "--consul", "10.0.0.1"},
                                                      {"run", "--consul", "10.0.0.1:99999"},
                                                      {"run", "--docker", "ftp://x:1"},
                                                      {"run", "--docker", "--listen", "localhost:80"},
                                                      {"run", "--docker", "--listen", ":8000", "--listen", ":8000"},
                                                      {"run", "--docker", "--listen", ":8001"},
                                                      {"run", "--unknown"},
                                                      {"run", "extra", "words"},
                                                      {"validate"},
                                                      {"validate", "-c", "x", "-o", "json"},
                                                      {"status", "-o", "yaml"},
                                                      {"status", "--admin", "nowhere"},
                                                      {"run", "status"}};
    for (const auto& arguments : wrong) {
        const auto line = parse(arguments);
        ASSERT_FALSE(line) << ::testing::PrintToString(arguments);
        EXPECT_FALSE(line.error().what.empty());
        EXPECT_NE(line.error().hint.find("--help"), std::string::npos);
    }
}

}  // namespace
}  // namespace cardea::config
