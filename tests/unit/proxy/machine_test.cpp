#include "proxy/machine.hpp"

#include <gtest/gtest.h>
#include <map>

namespace cardea::proxy {
namespace {

class MapFiles final : public config::Files {
public:
    explicit MapFiles(std::map<std::string, std::string> files) : files_(std::move(files)) {}
    config::Result<std::string> read(const std::string& path) override {
        const auto found = files_.find(path);
        if (found == files_.end()) {
            return config::failure("no such file");
        }
        return found->second;
    }
    config::Result<std::vector<std::string>> glob(const std::string& /*pattern*/) override { return std::vector<std::string>{}; }
    std::optional<std::string> environment(const std::string& /*name*/) override { return std::nullopt; }

private:
    std::map<std::string, std::string> files_;
};

std::uint32_t processors(std::map<std::string, std::string> content, std::uint32_t affinity) {
    MapFiles files(std::move(content));
    return usable_processors(files, affinity);
}

TEST(UsableMemory, the_tightest_group_rules) {
    const auto memory = [](std::map<std::string, std::string> content) {
        MapFiles files(std::move(content));
        return usable_memory(files, 1'000'000);
    };
    EXPECT_EQ(memory({}), 1'000'000U);
    EXPECT_EQ(memory({{"/proc/self/cgroup", "0::/a/b\n"},
                      {"/sys/fs/cgroup/a/b/memory.max", "max\n"},
                      {"/sys/fs/cgroup/a/memory.max", "300000\n"},
                      {"/sys/fs/cgroup/memory.max", "400000\n"}}),
              300'000U);
    EXPECT_EQ(memory({{"/proc/self/cgroup", "4:cpu:/x\n3:memory:/docker/1\n"}, {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "5000\n"}}),
              5'000U);
    EXPECT_EQ(memory({{"/proc/self/cgroup", "3:memory:/\n"}, {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"}}),
              1'000'000U);
}

TEST(UsableProcessors, affinity_rules_where_no_quota_is) {
    EXPECT_EQ(processors({}, 6), 6U);
    EXPECT_EQ(processors({}, 0), 1U);
    EXPECT_EQ(processors({{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "max 100000\n"}}, 6), 6U);
}

TEST(UsableProcessors, v2_quota_of_any_level_caps_and_rounds_up) {
    EXPECT_EQ(processors({{"/proc/self/cgroup", "0::/a/b\n"}, {"/sys/fs/cgroup/a/b/cpu.max", "150000 100000\n"}}, 8), 2U);
    EXPECT_EQ(processors({{"/proc/self/cgroup", "0::/a/b\n"},
                          {"/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n"},
                          {"/sys/fs/cgroup/a/cpu.max", "300000 100000\n"}},
                         8),
              3U);
    EXPECT_EQ(processors({{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "10000 100000\n"}}, 8), 1U);
}

TEST(UsableProcessors, container_sees_its_own_group_as_root) {
    EXPECT_EQ(processors({{"/proc/self/cgroup", "0::/docker/0123\n"}, {"/sys/fs/cgroup/cpu.max", "200000 100000\n"}}, 8), 2U);
}

TEST(UsableProcessors, v1_quota) {
    const std::string groups = "4:memory:/x\n3:cpu,cpuacct:/docker/0123\n1:cpuset:/x\n";
    EXPECT_EQ(processors({{"/proc/self/cgroup", groups},
                          {"/sys/fs/cgroup/cpu/docker/0123/cpu.cfs_quota_us", "250000\n"},
                          {"/sys/fs/cgroup/cpu/docker/0123/cpu.cfs_period_us", "100000\n"}},
                         8),
              3U);
    EXPECT_EQ(processors({{"/proc/self/cgroup", groups},
                          {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
                          {"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}},
                         8),
              8U);
}

TEST(UsableProcessors, nonsense_is_no_quota) {
    for (const char* text : {"", "max", "0 100000", "100000 0", "-5 100000", "x y", "99999999999999999999 1"}) {
        EXPECT_EQ(processors({{"/proc/self/cgroup", "0::/\n:::\nnonsense\n\n7"}, {"/sys/fs/cgroup/cpu.max", text}}, 4), 4U) << text;
    }
}

TEST(AffinityMask, holds_at_least_the_processor_that_asks) {
    EXPECT_GE(processors_in_affinity_mask(), 1U);
}

TEST(DiskFiles, says_why_a_file_cannot_be_read) {
    DiskFiles files;
    const auto missing = files.read("/nonexistent/cardea.yaml");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().what, "`/nonexistent/cardea.yaml` cannot be read: No such file or directory");
    EXPECT_FALSE(files.read("/"));
    EXPECT_FALSE(files.read("/dev/zero")) << "endless files are refused, not read";
    EXPECT_EQ(files.read("/dev/null"), "");
    EXPECT_EQ(files.glob("/nonexistent/*"), std::vector<std::string>{});
}

}  // namespace
}  // namespace cardea::proxy
