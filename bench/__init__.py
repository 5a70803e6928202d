"""Speed, beside peers on the same bytes and the same machine: `python -m bench`, or `make bench`.

Absolute figures say what this machine can do today; only the ratios between what ran side by side mean
anything elsewhere. See docs/benchmarks.md.
"""
