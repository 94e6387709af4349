"""The DAG of conf/airflow in a real Airflow, down to the job. Started by check_airflow."""

import json
import os
import pathlib
import stat
import tempfile
import unittest
from datetime import timedelta
from types import SimpleNamespace
from unittest import mock

import pyarrow.dataset
from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent
from airflow.models.pool import Pool
from airflow.models.xcom import XComModel
from airflow.providers.apache.spark.hooks import spark_submit
from airflow.sdk import Asset
from airflow.utils.session import create_session
from sqlalchemy import select

HOME = pathlib.Path(__file__).resolve().parents[4]
ZOO = HOME / "common/data/zoo"
GOLDEN = HOME / "common/src/test/resources/golden/zoo.json"
JAR = HOME / "jobs/target/intruders.jar"

# What stands for the cluster's spark-submit: it takes a rendered command apart and has the
# launcher run it.
BY_THE_LAUNCHER = f"""
options=()
while [ "$1" != --class ]; do options+=("$1"); shift; done
[ "$2" = io.github.intruders.jobs.cli.Main ] && [ "$3" = "{JAR}" ] || exit 64
shift 3
exec "{HOME}/jobs/bin/intruders" "$@" -- "${{options[@]}}"
"""

DAGS = pathlib.Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])

# As a user adds a model to the file.
ONE_MORE_MODEL = """
pipeline(
    "small",
    manifest="s3a://models/small.yaml",
    out="s3a://tables/small",
    owner="team",
    pool="spark",
    tags=("small", "models"),
    inlets=(Asset("s3a://models/small"),),
    in_one=True,
    num_executors=3,
)
pipeline(
    "gated",
    manifest="s3a://models/gated.yaml",
    out="s3a://tables/gated",
    rules="s3a://models/rules.yaml",
    in_one=True,
)
"""


def setUpModule():
    DAGS.mkdir()
    shipped = (HOME / "conf/airflow/intruders.py").read_text()
    (DAGS / "intruders.py").write_text(shipped + ONE_MORE_MODEL)


class OnAirflow(unittest.TestCase):
    """What the tests have in common."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.out = self.folder / "out"
        self.commands = self.folder / "commands.txt"
        path = os.environ["PATH"]
        self.addCleanup(lambda: os.environ.update(PATH=path))
        os.environ["PATH"] = f"{self.folder}:{path}"
        os.environ["AIRFLOW_CONN_SPARK_DEFAULT"] = json.dumps(
            {"conn_type": "spark", "host": "local[2]"}
        )
        self.spark_submit(BY_THE_LAUNCHER)

    def spark_submit(self, script):
        """Puts a spark-submit on the path that notes its arguments and then does what is given."""
        file = self.folder / "spark-submit"
        note = f'#!/usr/bin/env bash\nprintf "%s\\n" "spark-submit $*" >>"{self.commands}"\n'
        file.write_text(note + script)
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    @staticmethod
    def dag(name="intruders"):
        bag = DagBag(dag_folder=DAGS)
        if bag.import_errors:
            raise AssertionError(bag.import_errors)
        return bag.dags[name]

    def told(self):
        """The addresses below this test's output that others were told of, and what was said."""
        with create_session() as session:
            events = session.scalars(select(AssetEvent)).all()
            found = {event.asset.uri: event.extra["whole"] for event in events}
        return {uri: whole for uri, whole in found.items() if uri.startswith(str(self.out))}

    def run_dag(self, manifest, dag=None, **params):
        """Runs the DAG; returns the run's state and each task's state and number of tries."""
        dag = dag or self.dag()
        for each in dag.tasks:
            each.retry_delay = timedelta(0)
        conf = {"manifest": str(manifest), "out": str(self.out), "jar": str(JAR), **params}
        run = dag.test(run_conf=conf)
        return str(run.state), {
            ti.task_id: (str(ti.state), ti.try_number) for ti in run.get_task_instances()
        }

    def manifest(self, text):
        file = self.folder / "manifest.yaml"
        file.write_text(text)
        return file

    def submitted(self):
        return self.commands.read_text().splitlines() if self.commands.exists() else []

    def rows(self, table, columns):
        return pyarrow.dataset.dataset(self.out / table, partitioning="hive").to_table(columns)


class DagTest(OnAirflow):
    """What needs no job: the DAGs as they are, and by a spark-submit that does as told."""

    def test_the_stages_stand_in_their_order_and_run_one_by_one_every_night(self):
        dag = self.dag()
        order = ["plan", "spectra", "scan", "accumulate", "forgetting", "report", "complete"]
        self.assertEqual(
            {task.task_id: task.downstream_task_ids for task in dag.tasks},
            {name: {after} for name, after in zip(order, order[1:])} | {"complete": set()},
        )
        self.assertEqual((dag.schedule, dag.catchup, dag.max_active_runs), ("0 2 * * *", False, 1))
        for name in order[:-1]:
            self.assertIsNotNone(dag.get_task(name).execution_timeout, name)

    def test_each_model_has_a_dag_of_its_own_and_a_small_one_runs_in_one_task(self):
        self.spark_submit("exit 0")
        dag = self.dag("small")
        run = dag.get_task("run")

        self.assertEqual(dag.tags, {"small", "models"})
        self.assertEqual({(t.owner, t.pool) for t in dag.tasks}, {("team", "spark")})
        self.assertEqual(
            [asset.uri for asset in run.inlets], ["s3a://models/small.yaml", "s3a://models/small"]
        )
        with create_session() as session:
            Pool.create_or_update_pool("spark", 1, "", False, session=session)
        state, tasks = self.run_dag(
            ZOO / "manifest.yaml", dag, report_link="https://reports/small.html"
        )

        self.assertEqual((state, set(tasks)), ("success", {"run", "complete"}))
        self.assertEqual(len(self.submitted()), 1)
        self.assertIn(" --num-executors 3 ", self.submitted()[0])
        self.assertIn(f" run --manifest {ZOO}/manifest.yaml --out {self.out}", self.submitted()[0])
        self.assertEqual(self.told(), {str(self.out): True, f"{self.out}/report/index.html": True})
        with create_session() as session:
            links = select(XComModel.value).where(XComModel.key == "_link_ReportLink")
            self.assertIn("https://reports/small.html", str(session.scalars(links).all()))

    def test_something_left_out_fails_a_stage_at_once_where_that_is_asked(self):
        self.spark_submit("exit 3")

        state, tasks = self.run_dag(ZOO / "manifest.yaml", on_rejects="fail")

        self.assertEqual((state, tasks["plan"]), ("failed", ("failed", 1)))
        self.assertEqual(len(self.submitted()), 1)

    def test_a_fault_is_tried_again_as_often_as_allowed(self):
        self.spark_submit(f'[ "$(wc -l <"{self.commands}")" -ge 3 ] || exit 1')

        state, tasks = self.run_dag(ZOO / "manifest.yaml", optional_stages=["forgetting"])

        self.assertEqual(state, "success")
        self.assertEqual(tasks["plan"], ("success", 3))
        self.assertEqual(tasks["accumulate"][0], "skipped")
        self.assertEqual(tasks["complete"], ("success", 1))
        self.commands.unlink()
        self.spark_submit("exit 1")

        state, tasks = self.run_dag(ZOO / "manifest.yaml")

        self.assertEqual((state, tasks["plan"]), ("failed", ("failed", 4)))

    def test_the_exit_code_of_a_driver_in_kubernetes_is_the_one_in_its_pods_status(self):
        os.environ["AIRFLOW_CONN_SPARK_DEFAULT"] = json.dumps(
            {"conn_type": "spark", "host": "k8s://https://cluster", "extra": {"deploy-mode": "cluster"}}
        )
        stage = self.dag().get_task("scan")
        with mock.patch.object(spark_submit, "kube_client", object(), create=True):
            stage._hook = spark_submit.SparkSubmitHook()
        self.assertIsNone(stage.exit_code())
        stage._hook._submit_sp = SimpleNamespace(returncode=0)
        stage._hook._process_spark_submit_log(["\t container state: Terminated", "\t exit code: 3"])

        self.assertEqual(stage.exit_code(), 3)


class NightTest(OnAirflow):
    """Down to the job, by the launcher."""

    def test_a_night_over_the_zoo_gives_the_golden_counts(self):
        state, tasks = self.run_dag(ZOO / "manifest.yaml")

        self.assertEqual(state, "success")
        self.assertEqual(set(tasks.values()), {("success", 1)})
        main = f"--class io.github.intruders.jobs.cli.Main {JAR}"
        inputs = (
            f"--manifest {ZOO}/manifest.yaml --out {self.out} --spectra {self.out}/spectra-store"
        )
        self.assertEqual(
            self.submitted(),
            [
                f"spark-submit --master local[2] --name intruders-{stage} {main} {stage} {inputs}"
                for stage in ("plan", "spectra", "scan", "accumulate", "forgetting")
            ]
            + [
                f"spark-submit --master local[2] --name intruders-report {main} report"
                f" --out {self.out}"
            ],
        )
        print("\n".join(self.submitted()), file=open(os.environ["RENDERED"], "w"))
        golden = json.loads(GOLDEN.read_text())["checkpoints"]
        found = self.rows("checkpoints", ["checkpoint_id", "matrices", "intruders"]).to_pylist()
        self.assertEqual(len(found), 16)
        for row in found:
            expected = golden[row["checkpoint_id"].replace("%2F", "/")]["intruders"]["left"]
            self.assertEqual((row["matrices"], dict(row["intruders"])), (28, expected))
        self.assertEqual(self.rows("accumulation", ["step"]).num_rows, 16)
        self.assertEqual(self.rows("metrics", ["metric"]).num_rows, 16 * 5)
        self.assertIn("lora-r8/4-xml", (self.out / "report/index.html").read_text())
        report = f"{self.out}/report/index.html"
        self.assertEqual(self.told(), {str(self.out): True, report: True})

    def test_what_is_broken_is_left_out_and_the_run_goes_on_marked(self):
        manifest = self.manifest(
            f"""
            base: {{id: base, uri: {ZOO}/base}}
            checkpoints:
              - {{id: sound, uri: {ZOO}/lora-r8/1-python}}
              - {{id: missing, uri: {ZOO}/nowhere}}
            """
        )
        state, tasks = self.run_dag(
            manifest,
            options=["--include", r"layers\.0\..*q_proj"],
            spark_conf={"spark.ui.enabled": "false"},
        )

        self.assertEqual(state, "success")
        self.assertEqual(
            tasks,
            {
                "plan": ("success", 1),
                "spectra": ("success", 1),
                "scan": ("success", 1),
                "accumulate": ("skipped", 1),
                "forgetting": ("skipped", 1),
                "report": ("success", 1),
                "complete": ("skipped", 1),
            },
        )
        self.assertEqual(len(self.submitted()), 4)
        self.assertIn(" --conf spark.ui.enabled=false ", self.submitted()[0])
        self.assertEqual(self.rows("matrices", ["matrix"]).num_rows, 1)
        self.assertEqual(self.rows("rejects", ["code"]).to_pylist(), [{"code": "NOT_FOUND"}])
        self.assertEqual(set(self.told().values()), {False})

    def test_the_gate_lets_a_good_adapter_pass_and_stops_a_bad_one(self):
        rules = self.folder / "rules.yaml"
        rules.write_text(
            "rules: [{id: few, table: checkpoints, column: intruder_count, max: 2}]\n"
        )
        good = f"""
            base: {{id: base, uri: {ZOO}/base}}
            checkpoints:
              - {{id: good, uri: {ZOO}/lora-r32/1-python}}
            """
        bad = f"  - {{id: bad, adapters: [{ZOO}/lora-r1/1-python, {ZOO}/lora-r1/2-c,"
        bad += f" {ZOO}/lora-r1/3-javascript, {ZOO}/lora-r1/4-xml]}}\n"
        params = {"rules": str(rules), "options": ["--include", r"layers\.1\..*q_proj"]}

        state, tasks = self.run_dag(self.manifest(good), self.dag("gated"), **params)

        self.assertEqual(state, "success")
        self.assertEqual((tasks["accept"], tasks["refuse"][0]), (("success", 1), "skipped"))
        self.assertIs(self.told().pop(f"{self.out}/checks"), True)

        night = self.manifest(good.rstrip() + "\n            " + bad)
        state, tasks = self.run_dag(night, self.dag("gated"), **params)

        self.assertEqual(state, "failed")
        self.assertEqual(tasks["check"], ("success", 1))
        self.assertEqual((tasks["accept"][0], tasks["refuse"]), ("skipped", ("failed", 1)))
        with create_session() as session:
            accepted = select(AssetEvent).where(AssetEvent.source_task_id == "accept")
            self.assertEqual(len(session.scalars(accepted).all()), 1)
        found = self.rows("checks", ["checkpoint_id", "passed"]).to_pylist()
        self.assertEqual(
            sorted((row["checkpoint_id"], row["passed"]) for row in found),
            [("bad", False), ("good", True)],
        )
        self.assertIn("--new", self.submitted()[-1])

    def test_inputs_that_can_not_be_used_are_not_tried_again(self):
        manifest = self.manifest("base: {id: base}\n")

        state, tasks = self.run_dag(manifest)

        self.assertEqual(state, "failed")
        self.assertEqual(tasks.pop("plan"), ("failed", 1))
        self.assertEqual({state for state, _ in tasks.values()}, {"upstream_failed"})
        self.assertEqual(len(self.submitted()), 1)


if __name__ == "__main__":
    unittest.main()
