"""Speed, measured, every claim beside its baseline in the same process. No tests; see docs/performance.md."""
