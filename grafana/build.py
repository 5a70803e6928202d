"""Write the generated files, or with `--check` say which are out of date (exit status 1).

Run as ``python -m grafana.build`` or ``make generate``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from grafana.generate import dashboard, metrics_page, scan

ROOT = Path(__file__).resolve().parents[1]

OUTPUTS = {
    ROOT / "grafana/dashboards/customer-experience.json": dashboard.render,
    ROOT / "docs/metrics.md": metrics_page.render,
    ROOT / "grafana/prometheus/counts-only/score-scan.yml": scan.render,
}


def stale() -> list[Path]:
    """Return the files whose content is not what would be generated now."""
    return [
        path for path, render in OUTPUTS.items() if not path.exists() or path.read_text("utf-8") != render()
    ]


def main(arguments: list[str]) -> int:
    """Return the exit status: 0 in order, 1 out of date (only with `--check`)."""
    changed = stale()
    only_check = "--check" in arguments
    for path in changed:
        if not only_check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(OUTPUTS[path](), "utf-8")
        sys.stdout.write(f"{'out of date' if only_check else 'written'}: {path.relative_to(ROOT)}\n")
    return 1 if changed and only_check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
