"""A cx.toml with something for every KPI: buyers lost within days, both models, business hours."""

from pathlib import Path

CONFIG = """
[kpis]
inactivity = "6d"
[kpis.bg_nbd]
r = 0.243
alpha = 4.414
a = 0.793
b = 2.426
unit = "1d"
horizon = "30d"
[kpis.gamma_gamma.SEK]
p = 6.25
q = 3.74
v = 15.44
[schedules.phone]
timezone = "Europe/Stockholm"
hours = { mon = ["09:00-12:00", "13:00-17:00"], tue = ["09:00-17:00"], fri = ["00:00-24:00"] }
[schedules.default]
timezone = "America/New_York"
hours = { mon = ["20:00-24:00"], tue = ["00:00-04:00"], wed = ["08:30-17:15"], sun = ["01:00-02:30"] }
holidays = ["2026-09-16"]
"""


def configured(folder: Path) -> str:
    """Write it into a folder: what `CX_CONFIG` is to say."""
    file = folder / "cx.toml"
    file.write_text(CONFIG, encoding="utf-8")
    return str(file)
