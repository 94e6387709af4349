"""A night of a real Airflow: what its scheduler starts, what a person reads in the logs, and who is told.

Started by check_airflow. The scheduler runs the DAG of conf/airflow over the zoo, stage by stage and in one task, by
the spark-submit of SPARK_HOME; a second DAG waits for the tables. Prints each task's log length, and the logs.
"""

import contextlib
import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import sys
import time

HOME = pathlib.Path(__file__).resolve().parents[4]
AIRFLOW = pathlib.Path(os.environ["AIRFLOW_HOME"])
JAR = HOME / "jobs/target/intruders.jar"
ZOO = HOME / "common/data/zoo/manifest.yaml"
MINUTES = 25
MOST_LINES = 60
RESULTS = {  # in a task's log, of the first checkpoint or sequence
    "plan": "448 matrices",
    "scan": "lora-r1/4-xml",
    "accumulate": "lora-r1",
    "forgetting": "loss_english",
    "report": "index.html",
    "run": "lora-r1/4-xml",
}

MODELS = f"""
pipeline("night", manifest="{ZOO}", out="{AIRFLOW}/night", schedule="@once", jar="{JAR}")
pipeline("small", manifest="{ZOO}", out="{AIRFLOW}/small", schedule="@once", jar="{JAR}", in_one=True)
"""

READER = f"""
from airflow.sdk import DAG, Asset, task

with DAG("reader", schedule=[Asset("{AIRFLOW}/night")]):

    @task
    def read(triggering_asset_events=None):
        for asset, events in triggering_asset_events.items():
            print("Told of", asset, events[-1].extra)

    read()
"""


def runs(dag):
    """The states of a DAG's runs."""
    database = f"file:{AIRFLOW}/airflow.db?mode=ro"
    with contextlib.closing(sqlite3.connect(database, uri=True, timeout=60)) as connection:
        found = connection.execute("select state from dag_run where dag_id = ?", (dag,)).fetchall()
    return [state for (state,) in found]


def answers(port):
    with socket.socket() as server:
        return server.connect_ex(("127.0.0.1", port)) == 0


def lines(file):
    """What a person sees on the task's page: each event's text."""
    for line in file.read_text().splitlines():
        try:
            yield json.loads(line).get("event", line)
        except (ValueError, AttributeError):
            yield line


def main():
    dags = AIRFLOW / "dags"
    dags.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": "local[2]"}),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{port}/execution/",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "PATH": f"{os.environ['SPARK_HOME']}/bin:{os.environ['PATH']}",
    }
    log = open(AIRFLOW / "standalone.txt", "w")
    airflow = subprocess.Popen(
        ["airflow", "standalone"], env=environment, stdout=log, stderr=log, start_new_session=True
    )
    states = {}
    try:
        end = time.monotonic() + 60 * MINUTES
        while airflow.poll() is None and not answers(port):  # else the first tries of tasks fail
            time.sleep(1)
        shipped = (HOME / "conf/airflow/intruders.py").read_text()
        (dags / "intruders.py").write_text(shipped.partition("\nMODELS = ")[0] + MODELS)
        (dags / "reader.py").write_text(READER)
        while time.monotonic() < end and airflow.poll() is None:
            states = {dag: runs(dag) for dag in ("night", "small", "reader")}
            if all(found == ["success"] for found in states.values()) or ["failed"] in states.values():
                break
            time.sleep(5)
    finally:
        os.killpg(airflow.pid, signal.SIGTERM)
        try:
            airflow.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(airflow.pid, signal.SIGKILL)
    well = all(found == ["success"] for found in states.values())
    faults = [] if well else [f"runs ended as {states}", (AIRFLOW / "standalone.txt").read_text()[-5000:]]
    for file in sorted((AIRFLOW / "logs").glob("dag_id=*/run_id=*/task_id=*/attempt=*.log")):
        dag, task = (file.parts[i].partition("=")[2] for i in (-4, -2))
        text = list(lines(file))
        print(f"===== {dag} {task}: {len(text)} lines")
        print("\n".join(text))
        if len(text) >= MOST_LINES:
            faults.append(f"{dag} {task} has {len(text)} lines of log")
        if not any(RESULTS.get(task, "") in line for line in text):
            faults.append(f"{dag} {task} does not say {RESULTS[task]!r}")
    sys.exit("\n".join(faults) if faults else None)


if __name__ == "__main__":
    main()
