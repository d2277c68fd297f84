"""One file over https: what a server can do wrong, and how long it is listened to."""

import gc
import os
import ssl
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mnistops.data import download as module
from mnistops.data.download import download
from mnistops.errors import CannotWrite, NoSource
from tests.data.mirror import CERTIFICATES, Answer, Mirror, drips, resets, says, serving, stalls

BODY = bytes(range(256)) * 1000

Serve = Callable[..., Mirror]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0)
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A mirror that gives these answers in turn, the last one again and again."""
    open_ones = []

    def start(*answers: Answer, certificate: str | None = None) -> Mirror:
        left = list(answers)
        mirror = serving(lambda _: left.pop(0) if len(left) > 1 else left[0], certificate)
        open_ones.append(mirror)
        return mirror.__enter__()

    yield start
    for mirror in open_ones:
        mirror.__exit__(None, None, None)


def got(mirror: Mirror, seconds: float = 60) -> bytes:
    """What is downloaded from there."""
    path = Path("some")
    for _ in download(f"{mirror.url}some", path, seconds):
        pass
    return path.read_bytes()


def refusal(mirror: Mirror, seconds: float = 60) -> str:
    with pytest.raises(NoSource) as error:
        got(mirror, seconds)
    return error.value.message


def test_a_file_comes_as_it_is(serve: Serve) -> None:
    assert got(serve(Answer(BODY))) == BODY
    assert got(serve(Answer(b""))) == b""


def test_how_much_of_it_there_is_is_told(serve: Serve) -> None:
    steps = list(download(f"{serve(Answer(BODY)).url}some", Path("some"), 60))
    assert steps[-1] == (len(BODY), len(BODY))
    assert [done for done, _ in steps] == sorted({done for done, _ in steps})


def test_a_size_that_is_not_told_is_not_guessed(serve: Serve) -> None:
    mirror = serve(says(b"HTTP/1.0 200 OK\r\n\r\n" + BODY))
    steps = list(download(f"{mirror.url}some", Path("some"), 60))
    assert steps[-1] == (len(BODY), None)
    assert Path("some").read_bytes() == BODY


def test_a_file_in_chunks(serve: Serve) -> None:
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert got(serve(says(start + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))) == b"abcde"
    assert "IncompleteRead" in refusal(serve(says(start + b"3\r\nabc\r\n9\r\nde")))


CUT = Answer(BODY[:1000], headers={"Content-Length": "9999"})
PASSING = {
    **{str(status): Answer(status=status) for status in (408, 429, 500, 502, 503, 504)},
    "cut": CUT,
    "hung up": says(b""),
    "no http": says(b"\x1b[31mhello\r\n"),
    "torn down": resets(BODY, 1000),
}
LASTING = {str(status): Answer(status=status) for status in (400, 401, 403, 404, 410, 451, 501)}


@pytest.mark.parametrize("answer", PASSING.values(), ids=PASSING)
def test_what_may_pass_is_tried_again_once(serve: Serve, answer: Answer) -> None:
    mirror = serve(answer, Answer(BODY))
    assert got(mirror) == BODY
    assert len(mirror.asked) == 2
    mirror = serve(answer)
    refusal(mirror)
    assert len(mirror.asked) == 2


def test_a_pause_is_made_before_that(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.2)
    started = time.monotonic()
    assert got(serve(CUT, Answer(BODY))) == BODY
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("answer", LASTING.values(), ids=LASTING)
def test_what_lasts_is_not_tried_again(serve: Serve, answer: Answer) -> None:
    mirror = serve(answer)
    assert refusal(mirror).startswith(
        f"some: expected to download it, got: HTTP Error {answer.status}: "
    )
    assert len(mirror.asked) == 1


def test_nobody_there() -> None:
    with pytest.raises(NoSource, match=r"some: expected to download it, got: .*refused"):
        list(download("http://127.0.0.1:1/some", Path("some"), 60))


@pytest.mark.parametrize("after", [None, 0, 1000], ids=["header", "body", "middle"])
def test_a_server_that_says_nothing_is_not_waited_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, after: int | None
) -> None:
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.2)
    mirror = serve(stalls(BODY, after))
    started = time.monotonic()
    assert "timed out" in refusal(mirror)
    assert time.monotonic() - started < 8
    assert len(mirror.asked) == 1


def test_a_server_that_says_little_is_listened_to_for_so_long(serve: Serve) -> None:
    started = time.monotonic()
    message = refusal(serve(drips(BODY, 0.01)), seconds=0.3)
    assert message.endswith(" bytes when its time was up")
    assert time.monotonic() - started < 20


def test_one_that_begins_again_has_no_more_time(serve: Serve) -> None:
    mirror = serve(CUT, drips(BODY, 0.01))
    assert "when its time was up" in refusal(mirror, seconds=0.5)


def test_a_server_that_does_not_end_is_not_listened_to(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LARGEST", 1 << 17)
    assert got(serve(Answer(bytes(1 << 17)))) == bytes(1 << 17)
    assert "expected some MB, got over " in refusal(serve(Answer(bytes(1 << 20))))
    assert Path("some").stat().st_size <= 1 << 17


@pytest.mark.parametrize("length", ["-1", "9" * 5000, "ten", "", "1e3", "٣"])
def test_a_size_that_is_none(serve: Serve, length: str) -> None:
    lines = f"HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\nabc".encode()
    try:
        assert got(serve(says(lines))) == b"abc"
    except NoSource as error:
        assert error.message.startswith("some: expected ")  # noqa: PT017 - it may be read or not


@pytest.mark.parametrize(
    ("target", "got"),
    [
        ("http://127.0.0.1:1/some", "a redirect to http://127.0.0.1:1/some"),
        ("//127.0.0.1:1/", "a redirect to http://127.0.0.1:1/"),
        ("ftp://127.0.0.1:1/", "a redirect to ftp://127.0.0.1:1/"),
        ("file:///etc/passwd", "Redirection to url 'file:///etc/passwd' is not allowed"),
    ],
)
def test_no_redirect_leads_off_https(serve: Serve, target: str, got: str) -> None:
    mirror = serve(Answer(status=302, headers={"Location": target}))
    assert refusal(mirror).endswith(got)
    assert len(mirror.asked) == 1


@pytest.mark.parametrize("answer", [Answer(status=404), Answer(status=503), CUT, stalls(BODY, 9)])
def test_an_answer_of_no_use_is_not_left_open(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.2)
    mirror = serve(answer)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        gc.collect()
        caught.clear()
        refusal(mirror)
        gc.collect()  # of what is left open, Python tells when it clears it away
    assert [str(warning.message) for warning in caught] == []


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that trusts the certificates of these tests."""
    every = "".join(path.read_text() for path in sorted(CERTIFICATES.glob("*.pem")))
    Path("authorities.pem").write_text(every)
    monkeypatch.setenv("SSL_CERT_FILE", str(Path("authorities.pem").resolve()))


@pytest.mark.usefixtures("trusting")
def test_an_encrypted_line(serve: Serve) -> None:
    mirror = serve(Answer(BODY), certificate="trusted")
    assert mirror.url.startswith("https:")
    assert got(mirror) == BODY


@pytest.mark.usefixtures("trusting")
def test_a_redirect_along_encrypted_lines_is_followed(serve: Serve) -> None:
    there = serve(Answer(BODY), certificate="trusted")
    here = serve(Answer(status=302, headers={"Location": f"{there.url}x"}), certificate="trusted")
    assert got(here) == BODY
    assert there.asked == ["x"]


@pytest.mark.usefixtures("trusting")
def test_no_redirect_leads_off_an_encrypted_line(serve: Serve) -> None:
    there = serve(Answer(BODY))
    here = serve(Answer(status=302, headers={"Location": there.url}), certificate="trusted")
    assert refusal(here) == f"expected an https address, got a redirect to {there.url}"
    assert there.asked == []


@pytest.mark.usefixtures("trusting")
def test_redirects_in_a_circle_end(serve: Serve) -> None:
    mirror = serve(Answer(status=302, headers={"Location": "some"}), certificate="trusted")
    assert "infinite loop" in refusal(mirror)
    assert len(mirror.asked) <= 11


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [("elsewhere", "IP address mismatch"), ("expired", "certificate has expired")],
)
@pytest.mark.usefixtures("trusting")
def test_a_certificate_that_does_not_fit(serve: Serve, certificate: str, reason: str) -> None:
    mirror = serve(Answer(BODY), certificate=certificate)
    assert reason in refusal(mirror)
    assert mirror.asked == []


def test_a_certificate_of_nobody_who_is_trusted(serve: Serve) -> None:
    mirror = serve(Answer(BODY), certificate="trusted")
    assert "self-signed certificate" in refusal(mirror)
    assert mirror.asked == []


def test_a_line_that_is_not_encrypted_as_asked(serve: Serve) -> None:
    mirror = serve(Answer(BODY))
    mirror.scheme = "https"
    assert "SSL" in refusal(mirror)
    assert mirror.asked == []


@pytest.mark.usefixtures("trusting")
def test_an_old_kind_of_encryption_is_not_spoken(serve: Serve) -> None:
    mirror = serve(Answer(BODY), certificate="trusted")
    assert isinstance(mirror.socket, ssl.SSLSocket)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        mirror.socket.context.minimum_version = ssl.TLSVersion.TLSv1
        mirror.socket.context.maximum_version = ssl.TLSVersion.TLSv1_1
    assert "SSL" in refusal(mirror)
    assert mirror.asked == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_is_not_the_sources_fault(serve: Serve) -> None:
    Path("some").symlink_to("/dev/full")
    with pytest.raises(CannotWrite, match="No space left on device"):
        got(serve(Answer(BODY)))


def test_work_that_is_given_up_hangs_up(serve: Serve) -> None:
    hung_up: list[Any] = []

    def send(handler: Any) -> None:
        handler.begin(Answer(headers={"Content-Length": str(1 << 30)}))
        try:
            while True:
                handler.wfile.write(bytes(1 << 16))
        except OSError as error:
            hung_up.append(error)

    work = download(f"{serve(Answer(behave=send)).url}some", Path("some"), 60)
    next(work)
    work.close()
    until = time.monotonic() + 20
    while not hung_up and time.monotonic() < until:
        time.sleep(0.01)
    assert hung_up
    assert os.stat("some").st_size > 0  # noqa: PTH116
