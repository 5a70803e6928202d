"""How what is kept by number is written: as JSON, in no more bytes than it takes. Pure.

orjson hands out every result in a block of 4 KB, however short the result is. A checkpoint holds tens of
thousands of results until it is sent; msgspec cuts each to its size.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

written: Final[Callable[[Any], bytes]] = msgspec.json.Encoder().encode
"""The JSON of lists, tuples, texts and whole numbers, without spaces."""
