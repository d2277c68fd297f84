"""What a source of MNIST can do wrong, one by one, and that the next source then does.

A small data set stands for MNIST, and a server on this machine for the mirror.
"""

import gzip
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from unittest.mock import patch

from mnistops.data import download, sources
from mnistops.data.files import FILES
from mnistops.data.idx import encode_idx
from mnistops.data.known import KNOWN, MNIST
from mnistops.data.sources import Arrays as Fetched
from mnistops.data.sources import Arrivals, Arrived, FetchEvent, Fetching, SourceFailed, fetch
from mnistops.errors import NoSource
from mnistops.events import result_of
from tests.data.mirror import CERTIFICATES, Answer, Mirror, drips, resets, says, serving, stalls
from tests.data.test_wheel import Arrays, made_copy, same
from tests.made_data import sha256_of

COPY, ARRAYS = made_copy()
OTHERS = {name: values[::-1].copy() for name, values in ARRAYS.items()}
MADE = tuple(
    replace(file, num_bytes=values.size + 4 + 4 * file.num_axes, sha256=sha256_of(values))
    for file, values in zip(FILES, ARRAYS.values(), strict=True)
)
PLACED = {f"MNIST/raw/{name}": encode_idx(values) for name, values in ARRAYS.items()}


def standing_in(mirror: str) -> "patch._patch_dict":  # type: ignore[name-defined]
    """Inside, this mirror has MNIST, and the small data set is it."""
    return patch.dict(KNOWN, {MNIST: replace(KNOWN[MNIST], files=MADE, mirrors=(mirror,))})


def fetch_made(
    folder: Path, is_named: bool, offline: bool = False
) -> Generator[FetchEvent, None, Fetched]:
    """Fetch what stands for MNIST."""
    return fetch(MNIST, folder, is_named, offline)


PAGE = b"<html>Log in!</html>"


def packed(arrays: Arrays, name: str) -> bytes:
    """What a mirror has under the name of a file, with ``.gz`` or without."""
    return gzip.compress(encode_idx(arrays[name.removesuffix(".gz")]), mtime=0)


@dataclass(frozen=True)
class Fault:
    """A way in which a mirror fails.

    Attributes:
        answer: instead of the sound body, to a request for the file of this name.
        reason: a part of what is told.
        certificate: of a server that ought to encrypt, or ``none``. Authorities that the machine
            trusts vouch for each but ``trusted``, which nobody does.
    """

    answer: Callable[[bytes, str], Answer]
    reason: str
    certificate: str | None = None


def status(number: int) -> Fault:
    return Fault(lambda _, __: Answer(PAGE, status=number), f"got: HTTP Error {number}: ")


def body(change: Callable[[bytes], bytes], reason: str) -> Fault:
    """Other bytes in the place of the sound ones, told as sound."""
    return Fault(lambda sound, _: Answer(change(sound)), reason)


def behaviour(answer: Callable[[bytes], Answer], reason: str) -> Fault:
    return Fault(lambda sound, _: answer(sound), reason)


def repacked(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda sound: gzip.compress(change(gzip.decompress(sound)))


def certificate(name: str, reason: str) -> Fault:
    """A server that has the right files, and is not to be asked for them."""
    return Fault(lambda sound, _: Answer(sound), reason, name)


def flipped(data: bytes, place: int) -> bytes:
    place %= len(data)
    return data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]


def one_more(raw: bytes) -> bytes:
    """An IDX file with another item at its end, as its header says too."""
    values = raw[4 + 4 * raw[3] :]
    num_items = int.from_bytes(raw[4:8], "big")
    more = (num_items + 1).to_bytes(4, "big")
    return raw[:4] + more + raw[8:] + values[: len(values) // num_items]


def told(sound: bytes, length: int) -> Answer:
    """The sound body with another length in its header."""
    return Answer(sound, headers={"Content-Length": str(length)})


def plain(sound: bytes, start: bytes) -> Answer:
    """The first half, after these lines."""
    return says(start + sound[: len(sound) // 2])


HTTP_10 = b"HTTP/1.0 200 OK\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFF\r\n"
REDIRECT = Answer(status=302, headers={"Location": "http://127.0.0.1:1/elsewhere"})
FILE_REDIRECT = Answer(status=302, headers={"Location": "file:///etc/hostname"})

FAULTS = {
    **{str(number): status(number) for number in (400, 401, 403, 404, 410, 429, 500, 502, 503)},
    "a page": body(lambda _: PAGE, "expected sound gzip data, got: Not a gzipped"),
    "a packed page": body(lambda _: gzip.compress(PAGE), "expected an IDX file of unsigned bytes"),
    "nothing": body(lambda _: b"", "got an empty file"),
    "no content": Fault(lambda _, __: Answer(status=204), "got an empty file"),
    "cut": behaviour(lambda sound: told(sound, 99_999_999), "expected 99,999,999 bytes, got "),
    "cut, of no told size": behaviour(lambda sound: plain(sound, HTTP_10), "expected whole gzip"),
    "cut in a chunk": behaviour(lambda sound: plain(sound, CHUNKED), "got: IncompleteRead"),
    "too small a size": behaviour(lambda sound: told(sound, len(sound) - 9), "expected whole gzip"),
    "torn down": behaviour(lambda sound: resets(sound, 20), "expected to download it, got: "),
    "hung up": behaviour(lambda _: says(b""), "got: Remote end closed connection"),
    "no http": behaviour(lambda _: says(b"\x1b[31mhello\r\n"), "expected to download it, got: "),
    "stalled at once": behaviour(lambda sound: stalls(sound, None), "timed out"),
    "stalled midway": behaviour(lambda sound: stalls(sound, 20), "timed out"),
    "dripping": behaviour(lambda sound: drips(sound, 0.1), "bytes when its time was up"),
    "endless": body(lambda _: bytes(1 << 20), "expected some MB, got over "),
    "another's": Fault(lambda _, name: Answer(packed(OTHERS, name)), "expected MNIST's SHA-256 "),
    "one pixel": body(repacked(lambda raw: flipped(raw, -1)), "expected MNIST's SHA-256 "),
    "a flipped bit": body(lambda sound: flipped(sound, len(sound) // 2), "expected "),
    "a flipped checksum": body(lambda sound: flipped(sound, -8), "got: CRC check failed"),
    "bytes behind": body(lambda sound: sound + b"x", "expected sound gzip data, got: "),
    "zeros behind": body(lambda sound: sound + bytes(9), "expected the end of its gzip data"),
    "twice": body(lambda sound: sound * 2, "as its header says, got more"),
    "not packed": body(gzip.decompress, "expected sound gzip data, got: Not a gzipped"),
    "one value too few": body(repacked(lambda raw: raw[:-1]), "as its header says, got "),
    "a bomb": body(repacked(lambda raw: raw + bytes(1 << 20)), "as its header says, got more"),
    "an absurd header": body(
        repacked(lambda raw: raw[:4] + b"\xff" * 4 + raw[8:]), "got a header that claims "
    ),
    "one item too many": body(repacked(one_more), "expected at most "),
    "of another kind": body(
        repacked(lambda raw: b"\0\0\x0d" + raw[3:]), "expected an IDX file of "
    ),
    "off https": Fault(lambda _, __: REDIRECT, "expected an https address, got a redirect to http"),
    "to a file": Fault(lambda _, __: FILE_REDIRECT, "is not allowed"),
    "nobody's certificate": certificate("trusted", "self-signed certificate"),
    "another host's certificate": certificate("elsewhere", "IP address mismatch"),
    "an old certificate": certificate("expired", "certificate has expired"),
    "no certificate": certificate("none", "SSL"),
}


def next_source(name: str, *_: object) -> Generator[FetchEvent, None, Arrivals]:
    """In the place of the package index."""
    yield Fetching(name, "a wheel", 0, None)
    return {name: Arrived(values, encode_idx(values)) for name, values in ARRAYS.items()}


@contextmanager
def only(answer: Callable[[str], Answer], certificate: str | None = None) -> Iterator[Mirror]:
    """Inside, this mirror is the only source that can be reached; it is not waited for long."""
    with ExitStack() as stack:
        is_tls = certificate not in (None, "none")
        mirror = stack.enter_context(serving(answer, certificate if is_tls else None))
        if certificate == "none":
            mirror.scheme = "https"
        environment = {"no_proxy": "*"}
        if certificate not in (None, "trusted"):
            environment["SSL_CERT_FILE"] = str(CERTIFICATES / f"{certificate}.pem")
        stack.enter_context(patch.dict("os.environ", environment))
        stack.enter_context(standing_in(mirror.url))
        for module, name, value in (
            (sources, "SOURCE_SECONDS", 3),
            (sources, "has_pip", lambda: False),
            (download, "TIMEOUT_SECONDS", 1),
            (download, "_LARGEST", 1 << 17),
            (download, "_PAUSE_SECONDS", 0),
        ):
            stack.enter_context(patch.object(module, name, value))
        yield mirror


def failing(fault: Fault, of: str) -> Callable[[str], Answer]:
    """A mirror that fails at one file and has the others."""

    def answer(name: str) -> Answer:
        sound = packed(ARRAYS, name)
        return fault.answer(sound, name) if name == f"{of}.gz" else Answer(sound)

    return answer


def content(folder: Path) -> dict[str, bytes]:
    """Every file in a folder by its place."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def reason_beside_next_source(fault: Fault, of: str, folder: Path) -> str | None:
    """Fetch from a failing mirror and then the next source; why the mirror was left, if it was.

    Raises AssertionError unless the right files are placed, and nothing besides.
    """
    events: list[FetchEvent] = []
    with (
        only(failing(fault, of), fault.certificate),
        patch.object(sources, "_from_index", next_source),
    ):
        arrays = result_of(fetch_made(folder, False), events.append)
    assert same(arrays, ARRAYS)
    assert content(folder) == PLACED
    failures = [event.reason for event in events if isinstance(event, SourceFailed)]
    assert len(failures) <= 1
    return failures[0] if failures else None


def message_without_next_source(fault: Fault, of: str, folder: Path) -> str:
    """Fetch from a failing mirror alone; what is told.

    Raises AssertionError unless it is told as no source that answers, and nothing is left.
    """
    with only(failing(fault, of), fault.certificate) as mirror:
        try:
            result_of(fetch_made(folder, False))
            raise AssertionError("it was fetched")
        except NoSource as error:
            message = error.message
    assert list(folder.iterdir()) == []
    assert fault.certificate is None or mirror.asked == []
    assert message.startswith(f"MNIST: expected one source to answer, got none: {mirror.url}: ")
    return message


def damages(count: int) -> Iterator[Fault]:
    """Bodies that are cut, or have a bit flipped, at random places."""
    random = Random(0)
    for number in range(count):
        yield body(partial(_damaged, number % 2 == 0, random.random()), "expected ")


def _damaged(is_cut: bool, place: float, sound: bytes) -> bytes:
    at = int(place * len(sound))
    return sound[:at] if is_cut else flipped(sound, at)
