"""What the integration and conformance tests share: programs started and ended by pid, an HTTP client that shows the bytes,
Consul agents, Docker engines and network namespaces of their own. Standard library only."""
