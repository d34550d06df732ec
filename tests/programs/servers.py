# SPDX-License-Identifier: BSD-2-Clause
"""Servers under a preload, with clients that are not: redis, nginx, postgres."""

import gzip
import http.client
import random
import re
import signal
import socket
from pathlib import Path

from measure import Failure, Run, wait_until

POSTGRES = "/usr/lib/postgresql/*/bin/postgres"

_WRK_SCRIPT = """
local paths = {"/small.txt", "/page.html", "/large.bin"}
local count = 0
request = function()
    count = count + 1
    return wrk.format("GET", paths[count % #paths + 1], {["Accept-Encoding"] = "gzip"})
end
"""


def expect(is_true: bool, what: str) -> None:
    if not is_true:
        raise Failure(what)


# redis

def redis_command(folder: Path, *more: str) -> list[str | Path]:
    return ["redis-server", "--port", "0", "--unixsocket", folder / "socket", "--dir", folder,
            "--save", "", "--enable-debug-command", "yes", *more]


def redis_ask(run: Run, *words: str, text: str | None = None) -> str:
    return run.client("redis-cli", "-s", run.home / "socket", *words, text=text).strip()


def redis_wait(run: Run) -> None:
    def answers() -> bool:
        try:
            return redis_ask(run, "ping") == "PONG"
        except Failure:
            return False
    wait_until(answers, "redis answers")


def _redis_data() -> str:
    """Commands that fill every type of value, and leave holes."""
    generator = random.Random(4)
    lines = []
    for i in range(20000):
        key, text = f"{generator.randrange(4000)}", "v" * generator.randrange(1, 400)
        lines.append((f"set s{key} {text}", f"append s{key} {text}", f"del s{key}",
                      f"rpush l{key[-2:]} {text}", f"hset h{key[-2:]} {i} {text}",
                      f"zadd z{key[-1:]} {i} {text[:40]}{key}", f"sadd t{key[-1:]} {key}",
                      f"xadd x{key[-1:]} {i + 1}-1 field {text}")[generator.randrange(8)])
    return "\n".join(lines) + "\n"


def redis(run: Run) -> str:
    """Data of its own and those of redis-benchmark are the same after a save and a restart."""
    with run.serve(*redis_command(run.home)):
        redis_wait(run)
        redis_ask(run, "--pipe", text=_redis_data())
        result = f"{redis_ask(run, 'dbsize')} {redis_ask(run, 'debug', 'digest')}"
        script = "local t = {} for i = 1, 50000 do t[i] = i .. 'x' end return #table.concat(t)"
        result += f" {redis_ask(run, 'eval', script, '0')}"
        run.client("redis-benchmark", "-s", run.home / "socket", "-q", "-n", "20000", "-P", "16",
                   "-c", "20", "-d", "300", "-r", "10000", "-t",
                   "set,get,lpush,lpop,sadd,hset,spop,zadd,lrange_100")
        digest = redis_ask(run, "debug", "digest")
        redis_ask(run, "bgsave")
        wait_until(lambda: "rdb_bgsave_in_progress:0" in redis_ask(run, "info", "persistence"),
                   "redis has saved")
        redis_ask(run, "shutdown", "nosave")
    with run.serve(*redis_command(run.home)):
        redis_wait(run)
        expect(redis_ask(run, "debug", "digest") == digest, "redis came back with other data")
        redis_ask(run, "shutdown", "nosave")
    return result


# nginx

def make_site(folder: Path) -> None:
    generator = random.Random(5)
    (folder / "small.txt").write_text("small\n")
    (folder / "page.html").write_text(
        "".join(f"<p>{generator.randrange(10**9)}</p>\n" for _ in range(1500)))
    (folder / "large.bin").write_bytes(generator.randbytes(200000))
    (folder / "wrk.lua").write_text(_WRK_SCRIPT)


def _nginx_configuration(run: Run, port: int) -> str:
    places = "".join(f"{what}_temp_path {run.home}/{what};\n"
                     for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""
daemon off;
user root;
worker_processes 2;
pid {run.home}/pid;
error_log stderr;
events {{ worker_connections 256; }}
http {{
    access_log off;
    gzip on;
    gzip_types text/plain;
    {places}
    server {{ listen 127.0.0.1:{port}; root {run.inputs}; }}
}}
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _fetch(port: int, name: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", f"/{name}", headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def nginx(run: Run) -> str:
    """Every answer is complete; how many there are in a second is its work."""
    port = _free_port()
    (run.home / "nginx.conf").write_text(_nginx_configuration(run, port))
    with run.serve("nginx", "-c", run.home / "nginx.conf") as process:
        wait_until(lambda: process.poll() is not None or _is_open(port), "nginx listens")
        for name in ("small.txt", "page.html", "large.bin"):
            expect(_fetch(port, name) == (run.inputs / name).read_bytes(), f"{name} is broken")
        text = run.client("wrk", "-t1", "-c16", "-d1s", "-s", run.inputs / "wrk.lua",
                          f"http://127.0.0.1:{port}/")
        count = re.search(r"(\d+) requests in", text)
        expect(count is not None and int(count[1]) > 0, text)
        expect("Socket errors" not in text and "Non-2xx" not in text, text)
        run.usage.work = int(count[1])
        process.send_signal(signal.SIGTERM)
    return "served"


# postgres

_SUMS = """
SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history),
    (SELECT sum(bbalance) FROM pgbench_branches) = (SELECT sum(delta) FROM pgbench_history),
    (SELECT sum(tbalance) FROM pgbench_tellers) = (SELECT sum(delta) FROM pgbench_history),
    (SELECT count(*) FROM pgbench_history)
"""
_QUERY = """
SELECT count(*), sum(length(names)), md5(string_agg(names, ',' ORDER BY half))
FROM (SELECT aid / 2 % 5000 AS half, string_agg(md5(aid::text), '-' ORDER BY aid) AS names
    FROM pgbench_accounts GROUP BY 1) AS groups
"""


def postgres(run: Run) -> str:
    """The sums of pgbench's tables agree, and a query that sorts and hashes has its answer."""
    (programs,) = {path.parent for path in Path("/").glob(POSTGRES[1:])}
    data = run.home / "data"
    place = ("-h", run.home, "-U", "postgres")

    def ask(query: str) -> str:
        return run.client(programs / "psql", *place, "-Atqc", query, "postgres").strip()

    run.call(programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--no-locale", "--no-sync")
    with run.serve(programs / "postgres", "-D", data, "-k", run.home, "-h", "", "-F",
                   "-c", "shared_buffers=16MB") as process:
        def is_ready() -> bool:
            try:
                return process.poll() is not None or ask("SELECT 1") == "1"
            except Failure:
                return False
        wait_until(is_ready, "postgres is ready")
        run.client(programs / "pgbench", *place, "-i", "-q", "-s", "1", "postgres")
        result = ask(_QUERY)
        run.client(programs / "pgbench", *place, "-n", "-c", "4", "-j", "2", "-t", "250",
                   "postgres")
        result += f" {ask(_SUMS)}"
        expect(result.endswith("t|t|t|1000"), f"the sums are wrong: {result}")
        process.send_signal(signal.SIGINT)
    state = run.client(programs / "pg_controldata", data)
    expect(re.search(r"cluster state: +shut down$", state, re.MULTILINE) is not None, state)
    return result
