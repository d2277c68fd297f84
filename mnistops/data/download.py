"""One file over https: whole, in time and not too large, or none."""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any

from mnistops.errors import CannotWrite, NoSource

TIMEOUT_SECONDS = 30
"""How long a server may say nothing."""

_LARGEST = 64 << 20
_PAUSE_SECONDS = 1
# A server that has too much to do, or is on its way up.
_PASSING_STATUSES = {408, 429, 500, 502, 503, 504}


class _Passing(NoSource):
    """A failure that may be over the next moment."""


def download(url: str, path: Path, seconds: float) -> Generator[tuple[int, int | None], None, None]:
    """Get what is at an address; what may pass is tried a second time.

    Args:
        seconds: how long it may take in all.

    Yields:
        How many bytes there are by now, and how many there will be; None where that is not told.

    Raises:
        NoSource: the address does not give it.
        CannotWrite: the disk is full, say.
    """
    until = time.monotonic() + seconds
    try:
        yield from _download_once(url, path, until)
    except _Passing:
        time.sleep(_PAUSE_SECONDS)
        yield from _download_once(url, path, until)


def _download_once(
    url: str, path: Path, until: float
) -> Generator[tuple[int, int | None], None, None]:
    try:
        with path.open("wb") as file:
            for chunk, done, total in _received(url, path.name, until):
                file.write(chunk)
                yield done, total
    except OSError as error:
        raise CannotWrite(f"{path}: expected to write it, got: {error.strerror}") from None


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follows no redirect to where the line is not encrypted."""

    def redirect_request(
        self,
        req: Any,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> Any:
        if not newurl.startswith("https:"):
            fp.close()
            raise NoSource(f"expected an https address, got a redirect to {newurl:.100}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _received(
    url: str, name: str, until: float
) -> Generator[tuple[bytes, int, int | None], None, None]:
    """What is there part by part, with how much it is by now and how much it will be."""
    opener = urllib.request.build_opener(_HttpsOnly)
    failed = f"{name}: expected to download it, got: "
    try:
        with opener.open(url, timeout=TIMEOUT_SECONDS) as answer:
            length = answer.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
            done = 0
            # What has come, be it one byte: whoever waits for more cannot look at the clock.
            while chunk := answer.read1(1 << 16):
                done += len(chunk)
                if done > _LARGEST:
                    raise NoSource(f"{name}: expected some MB, got over {done:,} bytes")
                if time.monotonic() > until:
                    raise NoSource(f"{failed}{done:,} bytes when its time was up")
                yield chunk, done, total
            if total is not None and done < total:
                raise _Passing(f"{name}: expected {total:,} bytes, got {done:,}")
    except urllib.error.HTTPError as error:
        error.close()
        kind = _Passing if error.code in _PASSING_STATUSES else NoSource
        raise kind(f"{failed}{error}") from None
    except (ConnectionError, http.client.HTTPException) as error:
        raise _Passing(f"{failed}{error!s:.200}") from None
    # urllib's errors are OSErrors, but not all that can go wrong on a line is.
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)  # urllib wraps what the system says
        raise NoSource(f"{failed}{getattr(reason, 'strerror', None) or reason!s:.200}") from None
