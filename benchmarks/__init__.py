"""The numbers of DESIGN §14, measured as ratios within one run: `python -m benchmarks`."""
