"""The job every night: plan, spectra, scan, accumulate, forgetting, report, each a spark-submit.

The manifest says what is done, the job does it; here stand only the order, the times, and what an
exit code means. Set the parameters' defaults to your addresses; see .github/docs/airflow.md.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import yaml
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG, ObjectStoragePath, Param, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

UNUSABLE = 2
DONE_WITH_REJECTS = 3


class Stage(SparkSubmitOperator):
    """One command of the job. Returns ``whole``, or ``partial`` where something was left out.

    By the job's exit code: 0 done; 3 done, but something was left out, and the parameter
    ``on_rejects`` says whether to go on; 2 the inputs can't be used, and a retry would find the
    same; whatever else is retried, and goes on where the last try stopped.

    :param command: the command, also the task's id
    :param arguments: the command's arguments: a Jinja expression, a list of texts
    :param optional: skip the stage unless the manifest has a use for it
    """

    template_fields = (*SparkSubmitOperator.template_fields, "_conn_id")

    def __init__(self, *, command: str, arguments: str, optional: bool = False, **kwargs):
        super().__init__(
            task_id=command,
            name=f"intruders-{command}",
            application="{{ params.jar }}",
            java_class="io.github.intruders.jobs.cli.Main",
            application_args="{{ ['%s'] + %s + params.table_options }}" % (command, arguments),
            conf="{{ params.spark_conf }}",
            conn_id="{{ params.spark_connection }}",
            **kwargs,
        )
        self.optional = optional

    def execute(self, context):
        params = context["params"]
        if self.optional:
            asked = params["optional_stages"]
            if self.task_id not in (stages_of(params["manifest"]) if asked is None else asked):
                raise AirflowSkipException("The manifest has no use for this stage")
        try:
            super().execute(context)
        except Exception as fault:
            code = self.exit_code()
            if code == UNUSABLE:
                raise AirflowFailException(f"The inputs can't be used. {fault}") from fault
            if code != DONE_WITH_REJECTS:
                raise
            if params["on_rejects"] == "fail":
                raise AirflowFailException(f"Something was left out. {fault}") from fault
            self.log.warning("Something was left out: see the lines above and the table rejects")
            return "partial"
        return "whole"

    def exit_code(self) -> int | None:
        """The driver's, where spark-submit passes it on; None where nothing was submitted."""
        hook = self._hook
        if hook is None or hook._submit_sp is None:
            return None
        if hook._is_kubernetes and hook._connection["deploy_mode"] == "cluster":
            return hook._spark_exit_code
        return hook._submit_sp.returncode


def stages_of(manifest: str) -> list[str]:
    """The optional stages a manifest has a use for. The stages before have checked all else."""
    try:
        with ObjectStoragePath(manifest).open("rb") as file:
            content = yaml.safe_load(file)
        stages = ["forgetting"] if content.get("metrics") else []
        if any("sequence" in checkpoint for checkpoint in content["checkpoints"]):
            stages.append("accumulate")
        return stages
    except (AttributeError, ImportError, KeyError, TypeError, ValueError, yaml.YAMLError) as fault:
        raise AirflowFailException(
            f"Airflow can't read {manifest}: {fault!r}. Install the provider of its storage,"
            " or name the stages in the parameter optional_stages"
        ) from fault


with DAG(
    dag_id="intruders",
    description="What fine-tuning did to the checkpoints of one manifest",
    doc_md=__doc__,
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=23),
    render_template_as_native_obj=True,
    default_args={
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": 2,
        "max_retry_delay": timedelta(hours=1),
    },
    params={
        "manifest": Param(
            "s3a://models/checkpoints.yaml", type="string", description="Names base and checkpoints"
        ),
        "out": Param("s3a://tables/intruders", type="string", description="Where the results go"),
        "spectra": Param(
            None,
            type=["null", "string"],
            description="The store of base decompositions; by default below out",
        ),
        "options": Param(
            [],
            type="array",
            items={"type": "string"},
            description="More for every stage that reads the manifest, such as --side, both",
        ),
        "table_options": Param(
            [],
            type="array",
            items={"type": "string"},
            description="More for every stage, such as --catalog, lake, --namespace, llama",
        ),
        "optional_stages": Param(
            None,
            type=["null", "array"],
            items={"enum": ["accumulate", "forgetting"]},
            description="Which of accumulate and forgetting to run; by default as the manifest asks",
        ),
        "on_rejects": Param(
            "continue",
            enum=["continue", "fail"],
            description="When something was left out: go on and mark the run, or fail the stage",
        ),
        "jar": Param("/opt/intruders/intruders.jar", type="string"),
        "spark_connection": Param("spark_default", type="string"),
        "spark_conf": Param(
            {}, type="object", description="Settings, such as spark.executor.memoryOverhead"
        ),
    },
):
    store = "(params.spectra or params.out ~ '/spectra-store')"
    by_manifest = (
        f"['--manifest', params.manifest, '--out', params.out, '--spectra', {store}]"
        " + params.options"
    )

    plan = Stage(command="plan", arguments=by_manifest, execution_timeout=timedelta(minutes=30))
    spectra = Stage(command="spectra", arguments=by_manifest, execution_timeout=timedelta(hours=8))
    scan = Stage(command="scan", arguments=by_manifest, execution_timeout=timedelta(hours=8))
    accumulate = Stage(
        command="accumulate",
        arguments=by_manifest,
        optional=True,
        execution_timeout=timedelta(hours=2),
    )
    forgetting = Stage(
        command="forgetting",
        arguments=by_manifest,
        optional=True,
        trigger_rule="none_failed",
        execution_timeout=timedelta(hours=1),
    )
    report = Stage(
        command="report",
        arguments="['--out', params.out]",
        trigger_rule="none_failed",
        execution_timeout=timedelta(hours=1),
    )

    @task
    def complete(stages: list[str], ti=None):
        """Is skipped where a stage left something out, so that the run's row shows it."""
        partial = [stage for stage in stages if ti.xcom_pull(task_ids=stage) == "partial"]
        if partial:
            raise AirflowSkipException(f"Something was left out by {', '.join(partial)}")

    stages = [plan, spectra, scan, accumulate, forgetting, report]
    plan >> spectra >> scan >> accumulate >> forgetting >> report
    report >> complete([stage.task_id for stage in stages])
