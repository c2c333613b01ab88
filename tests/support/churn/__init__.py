"""tests/churn: what is lost at the moments of change, counted under a steady load on real engines and registries."""
