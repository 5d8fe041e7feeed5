"""The server over HTTP: the library, who may use it, and its limits."""

import io
import json
import socket
import threading
import time
import zipfile
from http import HTTPStatus
from pathlib import Path

import numpy as np
import pytest

from standpartner.demo.bundled import load_menuet
from standpartner.hear import write_audio
from standpartner.support.children import call_apart
from tests.live.conftest import SCORE

HOST = "127.0.0.1"


def multipart(field: str, *files: tuple[str, bytes], **values: str) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of an upload."""
    parts = [
        b'--edge\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n%s\r\n'
        % (field.encode(), name.encode(), content)
        for name, content in files
    ]
    parts += [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in values.items()
    ]
    return b"".join(parts) + b"--edge--\r\n", {"Content-Type": "multipart/form-data; boundary=edge"}


def upload(server, *files, **values):
    body, headers = multipart("files", *files, **values)
    return server.request("POST", "/api/scores", body, headers)


def until(server, path, done, *, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not done(answer := server.json("GET", path)):
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)
    return answer


def sentence(content: bytes) -> str:
    words = json.loads(content)["error"]
    assert words[0].isupper()
    assert words.endswith(".")
    return words


def test_notation_is_uploaded_read_renamed_exported_and_deleted(server):
    tune = load_menuet().score.read_bytes()
    status, _, content = upload(server, ("../../menuet.abc", tune))
    assert status == HTTPStatus.ACCEPTED
    score = f"/api/scores/{json.loads(content)['id']}"
    read = until(server, score, lambda answer: answer["state"] != "reading")
    assert (read["state"], read["kind"], read["layout"]) == ("ready", "notation", None)
    assert read["bars"][0]["bar"] == 1
    assert len(read["pages"]) == read["page_count"] >= 1
    assert server.json("PATCH", score, {"title": "  A   dance "})["title"] == "A dance"
    assert [found["title"] for found in server.json("GET", "/api/scores?query=DANCE")["scores"]] == ["A dance"]
    _, _, archive = server.request("GET", score + "/export")
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        assert files.read("files/001-menuet.abc") == tune
        assert json.loads(files.read("score.json"))["title"] == "A dance"
    assert server.request("DELETE", score)[0] == HTTPStatus.NO_CONTENT
    assert server.request("GET", score)[0] == HTTPStatus.NOT_FOUND


def test_a_score_tells_its_pages_systems_and_bars(server):
    score = server.json("GET", f"/api/scores/{SCORE}")
    assert [page["page"] for page in score["pages"]] == [1, 2, 3]
    assert len(score["systems"]) == 6
    assert len(score["bars"]) == 24
    status, headers, picture = server.request("GET", score["pages"][2]["image"])
    assert (status, headers["content-type"], picture[:4]) == (200, "image/png", b"\x89PNG")
    assert server.request("GET", score["thumbnail"])[2][:4] == b"\x89PNG"
    assert server.request("GET", f"/api/scores/{SCORE}/pages/4.png")[0] == HTTPStatus.NOT_FOUND


def test_pages_in_another_order_and_links_are_kept(server):
    path = f"/api/scores/{SCORE}"
    score = server.json("PATCH", path, {"page_order": [3, 1], "links": [{"from_bar": 16, "to_bar": 1}]})
    assert score["page_order"] == [3, 1]
    assert len(score["bars"]) == 16
    assert score["links"] == [{"from_bar": 16, "to_bar": 1, "times": 1}]
    assert score["pages"][0]["image"] != server.json("PATCH", path, {"page_order": [1, 2, 3]})["pages"][0]["image"]


@pytest.mark.parametrize(
    "change",
    [{}, [], {"title": ""}, {"title": 3}, {"page_order": [9]}, {"page_order": "1"}, {"links": [{"from_bar": 1}]},
     {"unknown": 1}, {"first_measure": -1}],
)  # fmt: skip
def test_changes_that_cannot_be_are_one_sentence(server, change):
    status, _, content = server.request("PATCH", f"/api/scores/{SCORE}", change)
    assert status == HTTPStatus.BAD_REQUEST
    assert "expected" in sentence(content).lower()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "No file came"),
        ([("empty.pdf", b"")], "No file came"),
        ([("a.abc", b"X:1"), ("b.pdf", b"%PDF")], "one notation file alone"),
    ],
)
def test_uploads_that_hold_no_score_are_one_sentence(server, files, words):
    status, _, content = upload(server, *files)
    assert status == HTTPStatus.BAD_REQUEST
    assert words in sentence(content)


def test_what_cannot_be_read_fails_with_a_sentence_and_stays_in_the_library(server):
    _, _, content = upload(server, ("broken.pdf", b"%PDF-1.4 nothing"), title="Broken")
    read = until(server, f"/api/scores/{json.loads(content)['id']}", lambda answer: answer["state"] != "reading")
    assert read["state"] == "failed"
    assert "broken.pdf is no PDF or is damaged" in read["sentence"]


def test_an_upload_that_is_too_large_is_refused_before_it_comes(run_server):
    server = run_server(most_upload_bytes=10_000)
    status, _, content = upload(server, ("a.pdf", b"x" * 20_000))
    assert status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert "MB; send smaller files" in sentence(content)


def test_an_upload_that_does_not_say_its_size_is_counted(run_server):
    server = run_server(most_upload_bytes=10_000)
    body, headers = multipart("files", ("a.pdf", b"x" * 20_000))
    status, _, content = server.request("POST", "/api/scores", iter([body]), headers)
    assert status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE, content


def test_too_many_files_are_refused(run_server):
    server = run_server(most_files=2)
    status, _, content = upload(server, *[(f"{k}.png", b"x") for k in range(3)])
    assert (status, "Too many files" in sentence(content)) == (HTTPStatus.BAD_REQUEST, True)


def test_a_dropped_recording_is_followed(server, tmp_path):
    file = tmp_path / "sound.wav"
    write_audio(file, np.zeros(22_050, np.float32))
    body, headers = multipart("file", ("sound.wav", file.read_bytes()), keep_audio="true")
    status, _, content = server.request("POST", f"/api/scores/{SCORE}/recordings", body, headers)
    assert status == HTTPStatus.ACCEPTED
    take = json.loads(content)["take"]
    saved = until(server, f"/api/takes/{take}.json", lambda answer: answer["state"] != "following")
    assert (saved["state"], saved["has_audio"], len(saved["positions"])) == ("saved", True, 21)
    assert server.request("GET", f"/api/takes/{take}/audio")[1]["content-type"] == "audio/flac"
    _, headers, page = server.request("GET", f"/api/takes/{take}.html")
    assert page.startswith(b"<!DOCTYPE html>")
    assert "sandbox allow-scripts" in headers["content-security-policy"]
    assert [found["id"] for found in server.json("GET", f"/api/scores/{SCORE}/takes")["takes"]] == [take]
    assert server.request("DELETE", f"/api/takes/{take}")[0] == HTTPStatus.NO_CONTENT
    assert server.request("GET", f"/api/takes/{take}.csv")[0] == HTTPStatus.NOT_FOUND


def test_a_recording_is_followed_to_its_end_while_abandoned_takes_are_closed(run_server, tmp_path, monkeypatch):
    released = threading.Event()

    def call_late(*arguments, **options):
        assert released.wait(60)
        return call_apart(*arguments, **options)

    monkeypatch.setattr("standpartner.live.takes.recordings.call_apart", call_late)
    monkeypatch.setattr("standpartner.live.sessions.hub._ABANDONED_S", 0.0)
    monkeypatch.setattr("standpartner.live.sessions.hub._TICK_S", 0.05)
    server = run_server()
    file = tmp_path / "sound.wav"
    write_audio(file, np.zeros(22_050, np.float32))
    body, headers = multipart("file", ("sound.wav", file.read_bytes()))
    _, _, content = server.request("POST", f"/api/scores/{SCORE}/recordings", body, headers)
    path = f"/api/takes/{json.loads(content)['take']}.json"
    library = server.app.hub.library
    library.add_take("abandoned", SCORE)
    library.change_take("abandoned", started_s=0.0)  # by an earlier server
    until(server, "/api/takes/abandoned.json", lambda answer: answer["state"] == "saved")
    assert server.json("GET", path)["state"] == "following"
    released.set()
    saved = until(server, path, lambda answer: answer["state"] != "following")
    assert (saved["state"], len(saved["positions"])) == ("saved", 21)


def test_a_dropped_file_that_is_no_recording_fails_with_a_sentence(server):
    body, headers = multipart("file", ("noise.wav", b"no sound at all"))
    _, _, content = server.request("POST", f"/api/scores/{SCORE}/recordings", body, headers)
    take = json.loads(content)["take"]
    failed = until(server, f"/api/takes/{take}.json", lambda answer: answer["state"] != "following")
    assert failed["state"] == "failed"
    assert failed["sentence"]


def raw(server, request: bytes) -> bytes:
    """The answer to a request as it is, dots and all."""
    with socket.create_connection((HOST, server.port), timeout=10) as connection:
        connection.sendall(request)
        return connection.recv(65_536)


@pytest.mark.parametrize(
    "path",
    ["/../library.sqlite3", "/..%2f..%2flibrary.sqlite3", "/%2e%2e/%2e%2e/etc/passwd", "/api/scores/..%2f..",
     "/api/scores/../../etc/pages/1.png", "//etc/passwd", "/api/takes/..%2f..%2flibrary.sqlite3.json",
     "/%00", "/..\\..\\etc"],
)  # fmt: skip
def test_no_path_leads_out_of_the_page(server, path):
    answer = raw(server, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    assert answer.split()[1] in (b"404", b"400", b"405", b"307")  # the last: to the same with a slash
    assert b"SQLite format" not in answer
    assert b"root:" not in answer


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, HTTPStatus.FORBIDDEN),
        ({"Origin": "null"}, HTTPStatus.FORBIDDEN),
        ({"Origin": "http://127.0.0.1:1"}, HTTPStatus.FORBIDDEN),
        ({"Host": "evil.example"}, HTTPStatus.MISDIRECTED_REQUEST),
    ],
)
def test_other_sites_are_refused(server, headers, status):
    answered, _, content = server.request("GET", "/api/scores", headers=headers)
    assert answered == status
    sentence(content)


def test_the_own_page_is_let_in(server):
    assert server.request("GET", "/api/scores", headers={"Origin": f"http://127.0.0.1:{server.port}"})[0] == 200


def test_headers_keep_the_page_to_itself(server):
    _, headers, _ = server.request("GET", "/api/server")
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert f"connect-src 'self' ws://127.0.0.1:{server.port}" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "microphone=(self)" in headers["permissions-policy"]


def test_with_a_token_only_those_who_have_it_are_let_in(run_server):
    server = run_server(token="right")  # noqa: S106
    assert server.request("GET", "/api/scores")[0] == HTTPStatus.UNAUTHORIZED
    assert server.request("GET", "/")[0] == HTTPStatus.UNAUTHORIZED
    assert server.request("GET", "/?token=wrong")[0] == HTTPStatus.UNAUTHORIZED
    assert server.request("GET", "/api/scores", headers={"Authorization": "Bearer right"})[0] == 200
    status, headers, _ = server.request("GET", "/?token=right&show=1")
    assert (status, headers["location"]) == (HTTPStatus.SEE_OTHER, "/?show=1")
    assert "HttpOnly" in headers["set-cookie"]
    assert "samesite=strict" in headers["set-cookie"].lower()
    cookie = headers["set-cookie"].split(";")[0]
    assert server.request("GET", "/api/scores", headers={"Cookie": cookie})[0] == 200


def test_the_server_tells_of_itself(server):
    about = server.json("GET", "/api/server")
    assert about["protocol"] == 1
    assert about["addresses"] == []
    status, _, content = server.request("GET", "/api/qr.svg")
    assert (status, "--host 0.0.0.0" in sentence(content)) == (HTTPStatus.BAD_REQUEST, True)


def test_other_devices_get_an_address_and_a_picture_of_it(run_server):
    server = run_server(host="192.0.2.7", port=8765, token="right")  # noqa: S106
    let_in = {"Authorization": "Bearer right"}
    about = json.loads(server.request("GET", "/api/server", headers=let_in)[2])
    assert about["addresses"] == ["http://192.0.2.7:8765/?token=right"]
    _, headers, picture = server.request("GET", "/api/qr.svg", headers=let_in)
    assert headers["content-type"].startswith("image/svg+xml")
    assert b"<svg" in picture


def test_what_is_not_there_is_one_sentence(server):
    status, _, content = server.request("GET", "/api/nothing")
    assert (status, sentence(content)) == (404, "There is nothing at this address (Not Found).")


def test_a_full_disk_is_one_sentence_and_loses_nothing(server, monkeypatch):
    def full(*_args, **_keywords):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("standpartner.live.scores.uploads.shutil.copyfileobj", full)
    status, _, content = upload(server, ("a.pdf", b"%PDF"))
    assert status == HTTPStatus.INSUFFICIENT_STORAGE
    assert sentence(content) == (
        "The upload cannot be stored (No space left on device); make room on the disk and send it again."
    )
    assert [score["id"] for score in server.json("GET", "/api/scores")["scores"]] == [SCORE]
    folder: Path = server.app.config.folder
    assert [path.name for path in (folder / "scores").iterdir()] == [SCORE]
