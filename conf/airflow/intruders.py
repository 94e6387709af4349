"""The job every night, as spark-submits: a DAG for each manifest of MODELS, at the end of this file.

The manifest says what is done, the job does it; here stand only the order, the times, what an exit
code means, and who is told of new tables. See .github/docs/airflow.md.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import yaml
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import (
    DAG,
    Asset,
    AssetAlias,
    BaseOperatorLink,
    ObjectStoragePath,
    Param,
    chain,
    task,
)
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

UNUSABLE = 2
DONE_WITH_REJECTS = 3
RULE_BROKEN = 4


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


class ReportLink(BaseOperatorLink):
    """A button on the task's page."""

    name = "Report"

    def get_link(self, operator, *, ti_key):
        return operator.report_link


class LastStage(Stage):
    """The one that ends with new tables and a report. It links to the report and tells of both.

    Its outlet is an alias with the DAG's name, so that the events are of the addresses which this
    run wrote to, whatever parameters it was given: ``out``, and the report below it. Their
    ``extra`` holds ``whole``, which is false where something was left out.

    :param before: ids of the stages before it
    """

    template_fields = (*Stage.template_fields, "report_link")
    operator_extra_links = (ReportLink(),)

    def __init__(self, *, before: list[str] | None = None, **kwargs):
        super().__init__(**kwargs)
        self.before = before or []
        self.report_link = "{{ params.report_link or params.out ~ '/report/index.html' }}"

    def execute(self, context):
        state = super().execute(context)
        out = context["params"]["out"]
        states = [state, *(context["ti"].xcom_pull(task_ids=stage) for stage in self.before)]
        for outlet in self.outlets:
            if isinstance(outlet, AssetAlias):
                for uri in (out, f"{out}/report/index.html"):
                    event = {"whole": "partial" not in states}
                    context["outlet_events"][outlet].add(Asset(uri), extra=event)
        return state


class Gate(Stage):
    """Holds the rules. Returns ``accepted``, or ``refused`` where one of severity error is broken."""

    def execute(self, context):
        try:
            super().execute(context)
        except Exception:
            if self.exit_code() != RULE_BROKEN:
                raise
            self.log.warning("A rule is broken: see the lines above and the table checks")
            return "refused"
        return "accepted"


def gate(check: Gate, dag_id: str):
    """What follows the rules: ``accept`` tells of an asset, ``refuse`` fails the run.

    The event is of ``OUT/checks``, by an alias with the DAG's name and ``-accepted``.
    """

    @task.branch
    def verdict(ti=None):
        return "accept" if ti.xcom_pull(task_ids="check") == "accepted" else "refuse"

    accepted = AssetAlias(f"{dag_id}-accepted")

    @task(outlets=[accepted])
    def accept(params=None, outlet_events=None):
        event = {"rules": params["rules"], "whole": True}
        outlet_events[accepted].add(Asset(f"{params['out']}/checks"), extra=event)

    @task
    def refuse():
        raise AirflowFailException("A rule of severity error is broken: see the log of check")

    chain(check, verdict(), [accept(), refuse()])


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


def pipeline(
    dag_id: str,
    *,
    manifest: str,
    out: str,
    spectra: str | None = None,
    schedule="0 2 * * *",
    owner: str = "airflow",
    pool: str = "default_pool",
    tags: tuple[str, ...] = ("intruders",),
    inlets: tuple[Asset, ...] = (),
    in_one: bool = False,
    rules: str | None = None,
    check_options: tuple[str, ...] = ("--new",),
    options: tuple[str, ...] = (),
    table_options: tuple[str, ...] = (),
    jar: str = "/opt/intruders/intruders.jar",
    spark_connection: str = "spark_default",
    spark_conf: dict | None = None,
    **submit,
) -> DAG:
    """A DAG over one manifest.

    What is not explained here is the default of the run's parameter of the same name.

    :param manifest: address of the manifest
    :param schedule: as Airflow takes it; an asset too
    :param inlets: what the job reads besides the manifest, such as the checkpoints of a training
    :param in_one: all stages by one command, in one session: for small models, whose stages take
        less time than to start Spark for each
    :param rules: address of a file of rules; with it a gate follows the last stage
    :param submit: more for each SparkSubmitOperator, such as ``yarn_track_via_rm_api=True``
    """
    with DAG(
        dag_id=dag_id,
        description="What fine-tuning did to the checkpoints of one manifest",
        doc_md=__doc__,
        schedule=schedule,
        start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=23),
        render_template_as_native_obj=True,
        tags=list(tags),
        default_args={
            "owner": owner,
            "pool": pool,
            "retries": 3,
            "retry_delay": timedelta(minutes=5),
            "retry_exponential_backoff": 2,
            "max_retry_delay": timedelta(hours=1),
        },
        params={
            "manifest": Param(
                manifest, type="string", description="Names base and checkpoints"
            ),
            "out": Param(out, type="string", description="Where the results go"),
            "spectra": Param(
                spectra,
                type=["null", "string"],
                description="The store of base decompositions; by default below out",
            ),
            "options": Param(
                list(options),
                type="array",
                items={"type": "string"},
                description="More for every stage that reads the manifest, such as --side, both",
            ),
            "table_options": Param(
                list(table_options),
                type="array",
                items={"type": "string"},
                description="More for every stage, such as --catalog, lake, --namespace, llama",
            ),
            "rules": Param(rules, type=["null", "string"], description="What `check` holds"),
            "check_options": Param(
                list(check_options),
                type="array",
                items={"type": "string"},
                description="More for check, such as --checkpoint, chat/2",
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
            "report_link": Param(
                None,
                type=["null", "string"],
                description="Where a browser finds the report; by default its address below out",
            ),
            "jar": Param(jar, type="string"),
            "spark_connection": Param(spark_connection, type="string"),
            "spark_conf": Param(
                spark_conf or {}, type="object", description="Settings, such as spark.executor.memoryOverhead"
            ),
        },
    ) as dag:
        store = "(params.spectra or params.out ~ '/spectra-store')"
        by_manifest = (
            f"['--manifest', params.manifest, '--out', params.out, '--spectra', {store}]"
            " + params.options"
        )

        def stage(command, hours, kind=Stage, **kwargs):
            kwargs = {"arguments": by_manifest, **submit, **kwargs}
            limit = timedelta(hours=hours)
            return kind(command=command, execution_timeout=limit, **kwargs)

        def last(command, hours, **kwargs):
            return stage(command, hours, LastStage, outlets=[AssetAlias(dag_id)], **kwargs)

        inputs = [Asset(manifest), *inlets]
        if in_one:
            stages = [last("run", 20, inlets=inputs)]
        else:
            stages = [
                stage("plan", 0.5, inlets=inputs),
                stage("spectra", 8),
                stage("scan", 8),
                stage("accumulate", 2, optional=True),
                stage("forgetting", 1, optional=True, trigger_rule="none_failed"),
            ]
            report = last(
                "report",
                1,
                arguments="['--out', params.out]",
                before=[each.task_id for each in stages],
                trigger_rule="none_failed",
            )
            stages.append(report)

        @task
        def complete(stages: list[str], ti=None):
            """Is skipped where a stage left something out, so that the run's row shows it."""
            partial = [each for each in stages if ti.xcom_pull(task_ids=each) == "partial"]
            if partial:
                raise AirflowSkipException(f"Something was left out by {', '.join(partial)}")

        chain(*stages, complete([each.task_id for each in stages]))

        if rules:
            by_rules = "['--rules', params.rules, '--out', params.out, '--report']"
            check = stage("check", 1, Gate, arguments=f"{by_rules} + params.check_options")
            chain(stages[-1], check)
            gate(check, dag_id)
    return dag


MODELS = {
    "intruders": {"manifest": "s3a://models/checkpoints.yaml", "out": "s3a://tables/intruders"},
}

for name, model in MODELS.items():
    pipeline(name, **model)
