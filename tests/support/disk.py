"""A small file system of its own for a folder, which a test can fill. Mounting needs root."""

import contextlib
import subprocess
from pathlib import Path

_CHUNK = bytes(64 * 1024)


class Disk:
    """A tmpfs of so many bytes on `folder`; `limited` is False where mounting is not allowed."""

    def __init__(self, folder: Path, size: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._size = size
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        self.limited = subprocess.run(command, capture_output=True, check=False).returncode == 0

    def fill(self) -> None:
        """Leave no byte free."""
        if self.limited:
            with contextlib.suppress(OSError), self._filler.open("ab", buffering=0) as filler:
                for _ in range(self._size // len(_CHUNK) + 1):
                    filler.write(_CHUNK)

    def free(self) -> None:
        """Give the room back."""
        self._filler.unlink(missing_ok=True)

    def close(self) -> None:
        """Take the file system away, and all that is on it."""
        if self.limited:
            subprocess.run(["umount", "-l", str(self.folder)], check=True)
            self.limited = False

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"
